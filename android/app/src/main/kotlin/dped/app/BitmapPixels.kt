package dped.app

import android.graphics.Bitmap
import dped.core.Pixels

/** A bitmap's pixels. The bitmap must be opaque and ARGB_8888; for writing it must be mutable. */
class BitmapPixels(private val bitmap: Bitmap) : Pixels {
    override val width get() = bitmap.width
    override val height get() = bitmap.height

    override fun read(x: Int, y: Int, width: Int, height: Int, into: IntArray) =
        bitmap.getPixels(into, 0, width, x, y, width, height)

    override fun write(x: Int, y: Int, width: Int, height: Int, from: IntArray) =
        bitmap.setPixels(from, 0, width, x, y, width, height)
}

/** Returns all pixels of a bitmap, packed, row by row. */
fun pixelsOf(bitmap: Bitmap) = IntArray(bitmap.width * bitmap.height).also {
    bitmap.getPixels(it, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height)
}
