/** Messages between the page and its worker. */

import type { LoadedModel } from "./models";
import type { Processor } from "./network";

/** Messages to the worker. `job` numbers a request; its answers have the same number. */
export type Request =
  | { kind: "open"; job: number; model: LoadedModel; processor: Processor | "auto"; wasm: string }
  | { kind: "enhance"; job: number; photo: ImageBitmap }
  | { kind: "cancel"; job: number };

/** How an open network runs. */
export interface Opened {
  processor: Processor;
  threads: number;
  remark: string | null;
}

/** A finished rectangle of the photo: RGBA bytes, and the rectangle's place in pixels. */
export interface Finished {
  data: Uint8ClampedArray<ArrayBuffer>;
  x: number;
  y: number;
  width: number;
  height: number;
  /** Share of finished tiles, (0, 1]. */
  progress: number;
}

/** Messages from the worker. */
export type Answer =
  | { kind: "opened"; job: number; opened: Opened }
  | { kind: "finished"; job: number; finished: Finished }
  | { kind: "done"; job: number; seconds: number }
  | { kind: "cancelled"; job: number }
  | { kind: "failed"; job: number; message: string };
