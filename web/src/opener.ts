/** Opens the network that the user chose last, once. */

import type { Engine } from "./engine";
import { Cancelled } from "./errors";
import type { Listed } from "./models";
import type { Processor } from "./network";
import type { Opened } from "./protocol";

interface Opening {
  readonly model: Listed;
  readonly processor: Processor | "auto";
  /** The engine's worker that has the network, as the number of workers that ended before. */
  worker: number;
  readonly opened: Promise<Opened>;
}

export class Opener {
  private latest: Opening | null = null;
  private queue: Promise<unknown> = Promise.resolve(); // the worker opens one network at a time

  constructor(private readonly engine: Engine) {}

  /**
   * Open a network, unless it is open.
   *
   * @throws PlainError if the network cannot be opened; Cancelled if another network was chosen meanwhile.
   */
  open(model: Listed, processor: Processor | "auto"): Promise<Opened> {
    const { latest } = this;
    if (latest?.model === model && latest.processor === processor && latest.worker === this.engine.ended) {
      return latest.opened;
    }
    const start = async () => {
      const loaded = await model.load();
      await this.queue; // a network that fails ends the worker and all its waiting requests
      if (this.latest !== mine) {
        throw new Cancelled(); // the worker computes with the network that was opened last
      }
      mine.worker = this.engine.ended;
      const answer = this.engine.open(loaded, processor);
      this.queue = answer.catch(() => undefined);
      return answer;
    };
    const mine: Opening = { model, processor, worker: this.engine.ended, opened: start() };
    this.latest = mine;
    mine.opened.catch(() => {
      if (this.latest === mine) {
        this.latest = null;
      }
    });
    return mine.opened;
  }
}
