/** The page's side of the worker. */

import { Cancelled, PlainError } from "./errors";
import type { LoadedModel } from "./models";
import type { Processor } from "./network";
import type { Answer, Finished, Opened, Request } from "./protocol";

interface Pending {
  resolve(answer: Answer): void;
  reject(error: Error): void;
  finished?(part: Finished): void;
}

/** Runs networks in a worker, so that the page stays responsive. */
export class Engine {
  /** How many workers have ended. A network that was open in one of them is lost. */
  ended = 0;
  private worker: Worker | null = null;
  private jobs = 0;
  private readonly pending = new Map<number, Pending>();

  /** @param script address of the worker's script. */
  constructor(private readonly script: string) {}

  /** Open a network in the worker. */
  async open(model: LoadedModel, processor: Processor | "auto"): Promise<Opened> {
    const wasm = new URL(WASM_FOLDER, document.baseURI).href;
    const answer = await this.ask((job) => ({ kind: "open", job, model, processor, wasm }));
    return (answer as Extract<Answer, { kind: "opened" }>).opened;
  }

  /**
   * Enhance a photo with the open network.
   *
   * @param photo the caller keeps and closes the photo.
   * @param finished called with each part of the result.
   * @returns seconds of computation.
   * @throws Cancelled or PlainError.
   */
  async enhance(photo: ImageBitmap, finished: (part: Finished) => void, signal: AbortSignal): Promise<number> {
    const job = this.jobs + 1;
    const cancel = () => this.send({ kind: "cancel", job });
    signal.addEventListener("abort", cancel);
    try {
      const answer = await this.ask((job) => ({ kind: "enhance", job, photo }), finished);
      return (answer as Extract<Answer, { kind: "done" }>).seconds;
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }

  private ask(request: (job: number) => Request, finished?: (part: Finished) => void): Promise<Answer> {
    this.jobs += 1;
    const job = this.jobs;
    return new Promise((resolve, reject) => {
      this.pending.set(job, { resolve, reject, finished });
      this.send(request(job));
    });
  }

  private send(request: Request): void {
    this.worker ??= this.start();
    this.worker.postMessage(request);
  }

  private start(): Worker {
    const worker = new Worker(this.script);
    worker.onmessage = ({ data }: MessageEvent<Answer>) => this.receive(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.fail(`The computation stopped (${event.message || "its worker did not load"}). Press Enhance to try again.`);
    };
    return worker;
  }

  private receive(answer: Answer): void {
    const pending = this.pending.get(answer.job);
    if (answer.kind === "finished") {
      pending?.finished?.(answer.finished);
      return;
    }
    this.pending.delete(answer.job);
    if (answer.kind === "failed") {
      this.end(); // Wasm that ran out of memory does not recover
      pending?.reject(new PlainError(answer.message));
    } else if (answer.kind === "cancelled") {
      pending?.reject(new Cancelled());
    } else {
      pending?.resolve(answer);
    }
  }

  /** End the worker and cancel all requests that wait for it. */
  private end(): void {
    this.worker?.terminate();
    this.worker = null;
    this.ended += 1;
    const waiting = [...this.pending.values()];
    this.pending.clear();
    waiting.forEach(({ reject }) => reject(new Cancelled()));
  }

  /** Reject all requests of a broken worker. The next request starts a new worker. */
  private fail(message: string): void {
    const waiting = [...this.pending.values()];
    this.pending.clear();
    this.end();
    waiting.forEach(({ reject }) => reject(new PlainError(message)));
  }
}
