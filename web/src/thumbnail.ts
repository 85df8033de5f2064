/** The thumbnail of the whole photo, which some networks take with each tile (docs/tiling.md). */

import { emptyValues, type Pixels, type Values } from "./pixels";

/**
 * Means over the cells of a grid, summed up while bands of the photo are read. A pixel on a border
 * between cells counts in part for each cell, as in OpenCV's INTER_AREA.
 */
export class Thumbnail {
  private readonly sums: Float64Array;
  private readonly columns: { cell: number; share: number }[][];

  /**
   * @param size height and width of the thumbnail, pixels.
   * @param width of the photo, pixels.
   * @param height of the photo, pixels.
   */
  constructor(
    private readonly size: number,
    width: number,
    private readonly height: number,
  ) {
    this.sums = new Float64Array(size * size * 3);
    this.columns = Array.from({ length: width }, (_, x) => shares(x, width, size));
  }

  /** Add rows of the photo, from row `top` on. Add each row once, in any order. */
  add(band: Pixels, top: number): void {
    const line = new Float64Array(this.size * 3);
    for (let y = 0; y < band.height; y += 1) {
      this.shrinkRow(band.data, y * band.width * 4, line);
      for (const { cell, share } of shares(top + y, this.height, this.size)) {
        const row = cell * line.length;
        for (let i = 0; i < line.length; i += 1) {
          this.sums[row + i] += share * line[i];
        }
      }
    }
  }

  private shrinkRow(data: Uint8ClampedArray, from: number, line: Float64Array): void {
    line.fill(0);
    for (const cells of this.columns) {
      for (const { cell, share } of cells) {
        line[3 * cell] += share * data[from];
        line[3 * cell + 1] += share * data[from + 1];
        line[3 * cell + 2] += share * data[from + 2];
      }
      from += 4;
    }
  }

  /** Return the thumbnail, `size × size × 3`, after all rows were added. */
  values(dtype: "float32" | "uint8"): Values {
    const values = emptyValues(dtype, this.sums.length);
    values.set(dtype === "float32" ? this.sums.map((sum) => sum / 255) : Uint8ClampedArray.from(this.sums));
    return values;
  }
}

/** Return the cells that contain pixel `place` of `length`, each with the pixel's share of the mean. */
function shares(place: number, length: number, size: number): { cell: number; share: number }[] {
  const found = [];
  const side = length / size;
  for (let cell = Math.floor(place / side); cell < size && cell * side < place + 1; cell += 1) {
    const common = Math.min((cell + 1) * side, place + 1) - Math.max(cell * side, place);
    if (common > 0) {
      found.push({ cell, share: common / side });
    }
  }
  return found;
}
