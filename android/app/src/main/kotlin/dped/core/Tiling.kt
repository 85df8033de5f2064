package dped.core

/**
 * The places where one tile reads and writes, in pixels from the photo's top left corner.
 *
 * The input is a square of the plan's `tile` at ([inY], [inX]). The square may start before the photo
 * and end beyond it. The kept part of the result is [outHeight] × [outWidth] at ([outY], [outX]).
 */
data class Tile(
    val inY: Int,
    val inX: Int,
    val outY: Int,
    val outX: Int,
    val outHeight: Int,
    val outWidth: Int,
)

/** Thrown for an impossible plan. The message says why. */
class PlanException(message: String) : IllegalArgumentException(message)

/**
 * Returns tiles, row by row, that cover a photo. Each pixel is kept from exactly one tile, at least
 * [halo] pixels inside the tile. docs/tiling.md specifies the plan.
 *
 * @param height height of the photo, pixels, at least 1. It may be smaller than a tile.
 * @param width width of the photo, pixels, at least 1. It may be smaller than a tile.
 * @param tile height and width of a tile, pixels.
 * @param halo pixels around the kept part.
 * @param multiple the sides of tiles, and the distances between them, are multiples of this number.
 * @throws PlanException if tiles have no room for two halos, or if tile or halo is no multiple.
 */
fun planTiles(height: Int, width: Int, tile: Int, halo: Int, multiple: Int = 1): List<Tile> {
    if (tile % multiple != 0 || halo % multiple != 0) {
        throw PlanException("a tile of $tile px or a halo of $halo px is not a multiple of $multiple")
    }
    val kept = tile - 2 * halo
    if (kept <= 0) throw PlanException("a tile of $tile px has no room for a halo of $halo px on each side")
    return (0 until height step kept).flatMap { y ->
        (0 until width step kept).map { x ->
            Tile(y - halo, x - halo, y, x, minOf(kept, height - y), minOf(kept, width - x))
        }
    }
}
