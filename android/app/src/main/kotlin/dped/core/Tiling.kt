package dped.core

/**
 * The input and output rectangles of one tile, in pixels from the photo's top left corner.
 *
 * The input is [inHeight] × [inWidth] at ([inY], [inX]). The input may end beyond the photo by less
 * than the plan's `multiple`. The kept part of the result is [outHeight] × [outWidth] at ([outY], [outX]).
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

/** Thrown for an impossible plan. The message says why. */
class PlanException(message: String) : IllegalArgumentException(message)

/**
 * Returns tiles, row by row, that cover a photo. Each pixel is kept from exactly one tile.
 * docs/tiling.md specifies the plan.
 *
 * @param height height of the photo, pixels, at least 1.
 * @param width width of the photo, pixels, at least 1.
 * @param tileHeight height of a tile, pixels. A smaller photo gets one tile of its own size.
 * @param tileWidth width of a tile, pixels.
 * @param halo pixels around the kept part, except at the photo's own edges.
 * @param multiple the sides and places of all inputs are multiples of this number.
 * @throws PlanException if tiles have no room for two halos, or if tile or halo is no multiple.
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
            "a tile of $tileHeight×$tileWidth px or a halo of $halo px is not a multiple of $multiple",
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

/** Returns the smallest tile, in pixels, that covers [length] with as many tiles as [tile] does. */
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
