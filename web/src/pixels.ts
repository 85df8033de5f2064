/** Conversion between a canvas's RGBA bytes and a network's tensors. */

/** A network's tensor, `(1, H, W, 3)`: floats in [0, 1], or bytes for int8 files. */
export type Values = Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** RGBA bytes, row by row, as `ImageData` has them. */
export interface Pixels {
  data: Uint8ClampedArray;
  width: number;
  height: number;
}

/**
 * Fill a network's input from a band of the photo.
 *
 * @param band rows of the photo, from row `top` on.
 * @param rows the photo's row for each row of the input; all rows lie in the band.
 * @param columns the photo's column for each column of the input.
 * @param input filled: `rows.length × columns.length × 3`.
 */
export function readTile(band: Pixels, top: number, rows: Int32Array, columns: Int32Array, input: Values): void {
  const divisor = input instanceof Float32Array ? 255 : 1;
  const { data, width } = band;
  let at = 0;
  for (const row of rows) {
    const line = (row - top) * width;
    for (const column of columns) {
      const from = (line + column) * 4;
      input[at] = data[from] / divisor;
      input[at + 1] = data[from + 1] / divisor;
      input[at + 2] = data[from + 2] / divisor;
      at += 3;
    }
  }
}

/**
 * Cut a rectangle out of a network's result. Values are clipped to [0, 1], multiplied by 255, and
 * rounded with halves to even.
 *
 * @param output `(side, side, 3)` of a tile.
 * @param side width of the tile, pixels.
 * @param left first column of the rectangle.
 * @param top first row of the rectangle.
 * @returns RGBA bytes, opaque.
 */
export function keptPixels(
  output: Values,
  side: number,
  left: number,
  top: number,
  width: number,
  height: number,
): Uint8ClampedArray<ArrayBuffer> {
  const scale = output instanceof Float32Array ? 255 : 1;
  const kept = new Uint8ClampedArray(width * height * 4); // clips and rounds as specified
  let to = 0;
  for (let y = 0; y < height; y += 1) {
    let from = ((top + y) * side + left) * 3;
    for (let x = 0; x < width; x += 1) {
      kept[to] = Math.fround(output[from] * scale);
      kept[to + 1] = Math.fround(output[from + 1] * scale);
      kept[to + 2] = Math.fround(output[from + 2] * scale);
      kept[to + 3] = 255;
      from += 3;
      to += 4;
    }
  }
  return kept;
}

/** Return a tensor of zeros of the type that a manifest names. */
export function emptyValues(dtype: "float32" | "uint8", length: number): Values {
  return dtype === "float32" ? new Float32Array(length) : new Uint8Array(length);
}
