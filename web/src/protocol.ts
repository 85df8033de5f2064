/** What the page and its worker say to each other. */

import type { LoadedModel } from "./models";
import type { Processor } from "./network";

/** To the worker. `job` numbers a request; answers carry it. */
export type Request =
  | { kind: "open"; job: number; model: LoadedModel; processor: Processor | "auto"; wasm: string }
  | { kind: "enhance"; job: number; photo: ImageBitmap }
  | { kind: "cancel"; job: number };

/** Which network is ready, and what runs it. */
export interface Opened {
  processor: Processor;
  threads: number;
  remark: string | null;
}

/** A finished rectangle of the photo: RGBA bytes, and its place in pixels. */
export interface Finished {
  data: Uint8ClampedArray<ArrayBuffer>;
  x: number;
  y: number;
  width: number;
  height: number;
  /** Share of all tiles that are done, (0, 1]. */
  progress: number;
}

/** From the worker. */
export type Answer =
  | { kind: "opened"; job: number; opened: Opened }
  | { kind: "finished"; job: number; finished: Finished }
  | { kind: "done"; job: number; seconds: number }
  | { kind: "cancelled"; job: number }
  | { kind: "failed"; job: number; message: string };
