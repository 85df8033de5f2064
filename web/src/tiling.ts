/**
 * The plan of the tiles in which a photo of any size goes through a network, as in docs/tiling.md.
 * `test/tiling.test.ts` checks the plan against the test vectors of that page.
 */

/** One tile along one axis, in pixels of the photo. */
export interface Span {
  /** First pixel of the network's input. The input may start before the photo and end beyond it. */
  start: number;
  /** First pixel of the kept part of the result. */
  keptStart: number;
  /** End (exclusive) of the kept part. */
  keptEnd: number;
}

/** A network's requirements for tiles. A manifest has these fields. */
export interface TileNeeds {
  /** Side of a tile, pixels. */
  tile: number;
  /** Pixels by which a result depends on its surroundings. */
  halo: number;
  /** The sides of tiles, and the distances between them, must be multiples of this number. */
  multiple: number;
}

/**
 * Return the tiles along one axis of a photo. They keep each pixel exactly once, at least `halo` pixels
 * inside the tile.
 *
 * @param photo height or width of the photo, pixels, at least 1; it may be smaller than a tile.
 * @throws RangeError if tiles have no room for their halos, or are no multiples.
 */
export function planAxis(photo: number, { tile, halo, multiple }: TileNeeds): Span[] {
  if (tile % multiple || halo % multiple) {
    throw new RangeError(`a tile of ${tile} px or a halo of ${halo} px is not a multiple of ${multiple}`);
  }
  const kept = tile - 2 * halo;
  if (kept <= 0) {
    throw new RangeError(`a tile of ${tile} px has no room for a halo of ${halo} px on each side`);
  }
  const spans: Span[] = [];
  for (let keptStart = 0; keptStart < photo; keptStart += kept) {
    spans.push({ start: keptStart - halo, keptStart, keptEnd: Math.min(keptStart + kept, photo) });
  }
  return spans;
}

/**
 * Return the photo's pixel for each pixel of a tile, along one axis. The photo's edge pixels are repeated
 * beyond the photo.
 *
 * @param span from `planAxis` for a photo of `photo` pixels.
 * @param tile length of the network's input.
 * @returns `tile` places in [0, photo), in order.
 */
export function sources(span: Span, photo: number, tile: number): Int32Array {
  return new Int32Array(tile).map((_, index) => Math.min(Math.max(span.start + index, 0), photo - 1));
}
