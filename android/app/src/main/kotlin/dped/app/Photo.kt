package dped.app

import android.graphics.Bitmap
import kotlin.math.max
import kotlin.math.roundToInt

/**
 * A photo in memory.
 *
 * @property bitmap upright, ARGB_8888, sRGB, opaque.
 * @property preview a copy of at most [PREVIEW] pixels a side for views: a phone cannot draw a whole
 *   photo at once.
 */
class Photo(val bitmap: Bitmap) {
    val preview: Bitmap = previewOf(bitmap)
    val megapixels get() = bitmap.width.toDouble() * bitmap.height / 1e6

    private companion object {
        const val PREVIEW = 2048

        fun previewOf(bitmap: Bitmap): Bitmap {
            val scale = PREVIEW / max(bitmap.width, bitmap.height).toFloat()
            if (scale >= 1) return bitmap
            val width = max(1, (bitmap.width * scale).roundToInt())
            val height = max(1, (bitmap.height * scale).roundToInt())
            return Bitmap.createScaledBitmap(bitmap, width, height, true)
        }
    }
}

/** An opened photo. A saved result keeps [exif]. [reducedFrom] is the original size in megapixels, or null. */
class OpenedPhoto(val photo: Photo, val exif: ByteArray?, val reducedFrom: Double?)
