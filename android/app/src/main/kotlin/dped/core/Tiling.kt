package dped.core

/**
 * Where one tile reads and writes, in pixels from the photo's top left corner.
 *
 * Input is [inHeight] × [inWidth] from ([inY], [inX]); it may end past the photo by less than the
 * plan's `multiple`. Of its result the part of [outHeight] × [outWidth] at ([outY], [outX]) is kept.
 */
data class Tile(
    val inY: Int,
    val inX: Int,
    val inHeight: Int,
    val inWidth: Int,
    val outY: Int,
    val outX: Int,
    val outHeight: Int,
    val outWidth: Int,
)

/** A plan that cannot be made; the message says why. */
class PlanException(message: String) : IllegalArgumentException(message)

/**
 * Tiles row by row that cover a photo so that each pixel is kept from exactly one of them, as
 * docs/tiling.md specifies it.
 *
 * @param height of the photo, pixels, at least 1; [width] likewise.
 * @param tileHeight of a tile, pixels; [tileWidth] likewise. Smaller photos get one tile of their size.
 * @param halo pixels around the kept part, except at the photo's own edges.
 * @param multiple of what all inputs' sides and places are multiples.
 * @throws PlanException where tiles leave no room for two halos, or tile or halo is no multiple.
 */
fun planTiles(
    height: Int,
    width: Int,
    tileHeight: Int,
    tileWidth: Int,
    halo: Int,
    multiple: Int = 1,
): List<Tile> {
    if (tileHeight % multiple != 0 || tileWidth % multiple != 0 || halo % multiple != 0) {
        throw PlanException(
            "a tile of $tileHeight×$tileWidth px or a halo of $halo px is no multiple of $multiple",
        )
    }
    val columns = spans(width, tileWidth, halo, multiple)
    return spans(height, tileHeight, halo, multiple).flatMap { row ->
        columns.map { column ->
            Tile(
                row.start, column.start, row.size, column.size,
                row.kept, column.kept, row.end - row.kept, column.end - column.kept,
            )
        }
    }
}

/** The smallest tile that covers [length] in as many tiles as [tile] does, in pixels. */
fun balancedTile(length: Int, tile: Int, halo: Int, multiple: Int = 1): Int {
    val rounded = roundedUp(length, multiple)
    if (rounded <= tile || tile <= 2 * halo) return minOf(rounded, tile)
    val count = 1 + ceilDiv(rounded - tile, tile - 2 * halo)
    return roundedUp(ceilDiv(rounded + 2 * halo * (count - 1), count), multiple)
}

private class Span(val start: Int, val size: Int, val kept: Int, val end: Int)

private fun spans(photo: Int, tile: Int, halo: Int, multiple: Int): List<Span> {
    val length = roundedUp(photo, multiple)
    if (length <= tile) return listOf(Span(0, length, 0, photo))
    if (tile <= 2 * halo) {
        throw PlanException("a tile of $tile px has no room for a halo of $halo px on each side")
    }
    val spans = mutableListOf<Span>()
    var kept = 0
    for (wanted in 0..length step tile - 2 * halo) {
        val last = wanted + tile >= length
        val start = minOf(wanted, length - tile)
        val end = if (last) photo else start + tile - halo
        spans += Span(start, tile, kept, end)
        if (last) break
        kept = end
    }
    return spans
}

private fun roundedUp(length: Int, multiple: Int) = ceilDiv(length, multiple) * multiple

private fun ceilDiv(number: Int, by: Int) = (number + by - 1) / by
