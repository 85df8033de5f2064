/** Enhancement of a whole photo, tile by tile. Runs in a worker. */

import { Cancelled, PlainError } from "./errors";
import type { Network } from "./network";
import { emptyValues, keptPixels, readTile } from "./pixels";
import type { Finished } from "./protocol";
import { Thumbnail } from "./thumbnail";
import { planAxis, sources } from "./tiling";

const BAND = 256; // rows read at a time for the thumbnail

/**
 * Enhance a photo.
 *
 * The function reads the photo's pixels in bands of one row of tiles, so it holds little memory beside
 * the photo itself.
 *
 * @param finished called with each tile's result, which the callee may keep.
 * @param cancelled asked between tiles.
 * @throws Cancelled if `cancelled` returns true; PlainError if the browser cannot read the photo.
 */
export async function enhancePhoto(
  network: Network,
  photo: ImageBitmap,
  finished: (part: Finished) => void,
  cancelled: () => boolean,
): Promise<void> {
  const { manifest } = network;
  const { tile, dtype } = manifest;
  const { width, height } = photo;
  const bands = new Bands(photo, Math.min(Math.max(tile, BAND), height));
  const rows = planAxis(height, manifest);
  const columns = planAxis(width, manifest).map((span) => ({ span, places: sources(span, width, tile) }));

  let thumbnail = null;
  if (manifest.thumbnail) {
    const cells = new Thumbnail(manifest.thumbnail, width, height);
    for (let top = 0; top < height; top += BAND) {
      cells.add(bands.read(top, Math.min(top + BAND, height)), top);
      await pause();
      if (cancelled()) {
        throw new Cancelled();
      }
    }
    thumbnail = cells.values(dtype);
  }

  const input = emptyValues(dtype, tile * tile * 3);
  const count = rows.length * columns.length;
  let done = 0;
  for (const row of rows) {
    const places = sources(row, height, tile);
    const band = bands.read(places[0], places[tile - 1] + 1);
    for (const column of columns) {
      readTile(band, places[0], places, column.places, input);
      const output = await network.run(input, thumbnail);
      const x = column.span.keptStart;
      const y = row.keptStart;
      const [w, h] = [column.span.keptEnd - x, row.keptEnd - y];
      const data = keptPixels(output, tile, x - column.span.start, y - row.start, w, h);
      done += 1;
      finished({ data, x, y, width: w, height: h, progress: done / count });
      await pause(); // a message that cancels the work arrives between tiles
      if (cancelled()) {
        throw new Cancelled();
      }
    }
  }
}

/** Reads a photo's pixels, some rows at a time. */
class Bands {
  private readonly context: OffscreenCanvasRenderingContext2D;

  constructor(
    private readonly photo: ImageBitmap,
    private readonly rows: number,
  ) {
    if (typeof OffscreenCanvas === "undefined") {
      throw new PlainError("This browser is too old to read photos in the background. Use a newer browser.");
    }
    const context = new OffscreenCanvas(photo.width, rows).getContext("2d", { willReadFrequently: true });
    if (!context) {
      throw new PlainError("This browser has no memory left for the photo. Close other tabs, or choose a smaller photo.");
    }
    this.context = context;
  }

  /** Return rows [top, bottom), at most as many as the canvas has. Transparent pixels turn white. */
  read(top: number, bottom: number): ImageData {
    const { width } = this.photo;
    const height = Math.min(bottom - top, this.rows);
    this.context.fillStyle = "white";
    this.context.fillRect(0, 0, width, height);
    this.context.drawImage(this.photo, 0, top, width, height, 0, 0, width, height);
    return this.context.getImageData(0, 0, width, height);
  }
}

const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.onmessage = () => waiting.shift()!();

/** Let messages arrive. Unlike `setTimeout`, this adds no delay of milliseconds. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    channel.port2.postMessage(null);
  });
}
