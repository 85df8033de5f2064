/** The worker: holds one network, and enhances one photo at a time. */

import { enhancePhoto } from "./enhance";
import { Cancelled, PlainError, sentenceFor } from "./errors";
import { Network } from "./network";
import type { Answer, Request } from "./protocol";

const cancelled = new Set<number>();
let network: Network | null = null;
let queue: Promise<void> = Promise.resolve();

self.onmessage = ({ data: request }: MessageEvent<Request>) => {
  if (request.kind === "cancel") {
    cancelled.add(request.job);
    return;
  }
  queue = queue.then(() => perform(request)).finally(() => cancelled.delete(request.job));
};

async function perform(request: Exclude<Request, { kind: "cancel" }>): Promise<void> {
  const { job } = request;
  try {
    if (request.kind === "open") {
      network?.close();
      network = null;
      network = await Network.open(request.model, request.processor, request.wasm);
      const { processor, threads, remark } = network;
      answer({ kind: "opened", job, opened: { processor, threads, remark } });
    } else {
      if (!network) {
        throw new PlainError("The network was lost. Press Enhance again.");
      }
      const start = performance.now();
      await enhancePhoto(
        network,
        request.photo,
        (finished) => answer({ kind: "finished", job, finished }, [finished.data.buffer]),
        () => cancelled.has(job),
      );
      answer({ kind: "done", job, seconds: (performance.now() - start) / 1000 });
    }
  } catch (error) {
    const kind = error instanceof Cancelled ? "cancelled" : "failed";
    answer(kind === "failed" ? { kind, job, message: sentenceFor(error) } : { kind, job });
  } finally {
    if (request.kind === "enhance") {
      request.photo.close();
    }
  }
}

function answer(message: Answer, transfer: Transferable[] = []): void {
  (self as unknown as Worker).postMessage(message, transfer);
}
