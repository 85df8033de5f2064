package dped.core

/**
 * A photo as packed 0xAARRGGBB pixels, row by row from the top left corner; alpha is ignored.
 * A bitmap on a phone, an array in a test.
 */
interface Pixels {
    /** Pixels, at least 1. */
    val width: Int

    /** Pixels, at least 1. */
    val height: Int

    /** Puts the rectangle, which lies within the photo, into the start of [into], row by row. */
    fun read(x: Int, y: Int, width: Int, height: Int, into: IntArray)

    /** Writes the start of [from], row by row, into the rectangle, which lies within the photo. */
    fun write(x: Int, y: Int, width: Int, height: Int, from: IntArray)
}

/** [Pixels] in an array of `width * height` values. */
class ArrayPixels(
    override val width: Int,
    override val height: Int,
    val values: IntArray = IntArray(width * height),
) : Pixels {
    init {
        require(values.size == width * height) { "${values.size} values for $width×$height pixels" }
    }

    override fun read(x: Int, y: Int, width: Int, height: Int, into: IntArray) {
        for (row in 0 until height) {
            values.copyInto(into, row * width, (y + row) * this.width + x, (y + row) * this.width + x + width)
        }
    }

    override fun write(x: Int, y: Int, width: Int, height: Int, from: IntArray) {
        for (row in 0 until height) {
            from.copyInto(values, (y + row) * this.width + x, row * width, (row + 1) * width)
        }
    }
}

/** Red, green or blue (0, 1, 2) of a packed pixel, 0 to 255. */
fun channel(pixel: Int, index: Int) = pixel shr (16 - 8 * index) and 0xFF

/** An opaque packed pixel of levels from 0 to 255. */
fun packed(red: Int, green: Int, blue: Int) = (0xFF shl 24) or (red shl 16) or (green shl 8) or blue

/**
 * Reads a tile's input into a square of [side] × [side], row by row.
 *
 * Past the photo's end, by less than the plan's multiple, the last row and column are repeated;
 * past the tile's end, where the photo is smaller than a fixed tile, it is mirrored, edge pixels
 * included and as often as needed (docs/tiling.md).
 */
class TileReader(private val photo: Pixels, private val side: Int) {
    private val present = IntArray(side * side)

    fun read(tile: Tile, into: IntArray) {
        val width = minOf(tile.inWidth, photo.width - tile.inX)
        val height = minOf(tile.inHeight, photo.height - tile.inY)
        if (width == side && height == side) {
            photo.read(tile.inX, tile.inY, side, side, into)
            return
        }
        photo.read(tile.inX, tile.inY, width, height, present)
        val columns = IntArray(side) { minOf(mirrored(it, tile.inWidth), width - 1) }
        for (y in 0 until side) {
            val row = minOf(mirrored(y, tile.inHeight), height - 1) * width
            for (x in 0 until side) into[y * side + x] = present[row + columns[x]]
        }
    }

    private fun mirrored(index: Int, length: Int): Int {
        val within = index % (2 * length)
        return if (within < length) within else 2 * length - 1 - within
    }
}
