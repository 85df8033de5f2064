/**
 * The plan of the tiles in which a photo of any size goes through a network, as in docs/tiling.md.
 * `test/tiling.test.ts` checks the plan against the test vectors of that page.
 */

/** One tile along one axis, in pixels of the photo. */
export interface Span {
  /** First pixel of the network's input. */
  start: number;
  /** Length of the input; it may end past the photo by less than the plan's `multiple`. */
  size: number;
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
  /** The sides and places of tiles must be multiples of this number. */
  multiple: number;
}

/**
 * Return the tiles along one axis of a photo.
 *
 * @param photo height or width of the photo, pixels, at least 1.
 * @returns one span for a photo no longer than a tile, of the photo's own length rounded up to the
 *     multiple; else spans of `tile` that keep each pixel exactly once.
 * @throws RangeError if tiles have no room for their halos, or are no multiples.
 */
export function planAxis(photo: number, { tile, halo, multiple }: TileNeeds): Span[] {
  if (tile % multiple || halo % multiple) {
    throw new RangeError(`a tile of ${tile} px or a halo of ${halo} px is not a multiple of ${multiple}`);
  }
  const length = Math.ceil(photo / multiple) * multiple;
  if (length <= tile) {
    return [{ start: 0, size: length, keptStart: 0, keptEnd: photo }];
  }
  if (tile <= 2 * halo) {
    throw new RangeError(`a tile of ${tile} px has no room for a halo of ${halo} px on each side`);
  }
  const spans: Span[] = [];
  let kept = 0;
  for (let next = 0; ; next += tile - 2 * halo) {
    const last = next + tile >= length;
    const start = last ? length - tile : next;
    const end = last ? photo : start + tile - halo;
    spans.push({ start, size: tile, keptStart: kept, keptEnd: end });
    if (last) {
      return spans;
    }
    kept = end;
  }
}

/**
 * Return the photo's pixel for each pixel of a fixed input, along one axis.
 *
 * Beyond the photo, its last pixel is repeated up to the plan's multiple. A photo smaller than the tile
 * is then mirrored, edge pixels included.
 *
 * @param span from `planAxis` for a photo of `photo` pixels.
 * @param tile length of the network's input, at least `span.size`.
 * @returns `tile` places in [0, photo).
 */
export function sources(span: Span, photo: number, tile: number): Int32Array {
  const places = new Int32Array(tile);
  for (let index = 0; index < tile; index += 1) {
    const period = index % (2 * span.size);
    const mirrored = period < span.size ? period : 2 * span.size - 1 - period;
    places[index] = Math.min(span.start + mirrored, photo - 1);
  }
  return places;
}
