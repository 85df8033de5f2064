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
 * Reads a tile's input into a square of [side] × [side], row by row. The photo's edge pixels are repeated
 * beyond the photo.
 */
class TileReader(private val photo: Pixels, private val side: Int) {
    private val present = IntArray(side * side)

    fun read(tile: Tile, into: IntArray) {
        val left = maxOf(tile.inX, 0)
        val top = maxOf(tile.inY, 0)
        val width = minOf(tile.inX + side, photo.width) - left
        val height = minOf(tile.inY + side, photo.height) - top
        if (width == side && height == side) {
            photo.read(left, top, side, side, into)
            return
        }
        photo.read(left, top, width, height, present)
        val columns = IntArray(side) { (tile.inX + it - left).coerceIn(0, width - 1) }
        for (y in 0 until side) {
            val row = (tile.inY + y - top).coerceIn(0, height - 1) * width
            for (x in 0 until side) into[y * side + x] = present[row + columns[x]]
        }
    }
}
