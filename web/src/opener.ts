/** Makes the network that was chosen last ready, once. */

import type { Engine } from "./engine";
import { Cancelled } from "./errors";
import type { Listed } from "./models";
import type { Processor } from "./network";
import type { Opened } from "./protocol";

interface Opening {
  readonly model: Listed;
  readonly processor: Processor | "auto";
  /** Which of the engine's workers it is open in, counted by those that ended. */
  worker: number;
  readonly opened: Promise<Opened>;
}

export class Opener {
  private latest: Opening | null = null;
  private queue: Promise<unknown> = Promise.resolve(); // the worker makes one network ready at a time

  constructor(private readonly engine: Engine) {}

  /**
   * Make a network ready, unless it is.
   *
   * @throws PlainError where it cannot be; Cancelled where another was asked for meanwhile.
   */
  open(model: Listed, processor: Processor | "auto"): Promise<Opened> {
    const { latest } = this;
    if (latest?.model === model && latest.processor === processor && latest.worker === this.engine.ended) {
      return latest.opened;
    }
    const start = async () => {
      const loaded = await model.load();
      await this.queue; // one that fails ends the worker, and what would wait there with it
      if (this.latest !== mine) {
        throw new Cancelled(); // the worker's last is what computes
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
