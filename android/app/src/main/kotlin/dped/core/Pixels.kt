package dped.core

/**
 * A photo as packed 0xAARRGGBB pixels, row by row from the top left corner. Alpha is ignored.
 * On a phone, a bitmap has the pixels; in a test, an array.
 */
interface Pixels {
    /** Pixels, at least 1. */
    val width: Int

    /** Pixels, at least 1. */
    val height: Int

    /** Copies a rectangle of the photo to the start of [into], row by row. */
    fun read(x: Int, y: Int, width: Int, height: Int, into: IntArray)

    /** Copies the start of [from], row by row, to a rectangle of the photo. */
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

/** Returns red, green or blue (0, 1, 2) of a packed pixel, 0 to 255. */
fun channel(pixel: Int, index: Int) = pixel shr (16 - 8 * index) and 0xFF

/** Returns an opaque packed pixel of levels from 0 to 255. */
fun packed(red: Int, green: Int, blue: Int) = (0xFF shl 24) or (red shl 16) or (green shl 8) or blue

/**
 * Reads a tile's input into a square of [side] × [side], row by row.
 *
 * Beyond the photo, the last row and column are repeated up to the plan's multiple. A photo smaller
 * than a fixed tile is then mirrored, edge pixels included, as often as needed (docs/tiling.md).
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
