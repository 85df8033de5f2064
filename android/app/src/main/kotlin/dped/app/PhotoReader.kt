package dped.app

import android.annotation.TargetApi
import android.app.ActivityManager
import android.content.Context
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.ColorSpace
import android.graphics.Matrix
import android.media.ExifInterface
import android.net.Uri
import android.os.Build
import dped.core.uprightExif
import java.io.IOException
import java.io.InputStream

/** Opens photos from other apps. */
class PhotoReader(private val context: Context, private val room: () -> Long = { roomForPixels(context) }) {
    /**
     * Decodes a photo and turns it upright. A photo that does not fit into memory twice is reduced to half
     * its sides, a quarter, and so on.
     *
     * @throws PlainException if the photo cannot be read.
     */
    fun open(uri: Uri): OpenedPhoto {
        try {
            val size = BitmapFactory.Options().apply { inJustDecodeBounds = true }
            stream(uri) { BitmapFactory.decodeStream(it, null, size) }
            if (size.outWidth < 1 || size.outHeight < 1) throw PlainException(R.string.no_picture)
            val pixels = size.outWidth.toLong() * size.outHeight
            val orientation = orientationOf(uri, size.outMimeType)
            val options = BitmapFactory.Options().apply {
                inPreferredConfig = Bitmap.Config.ARGB_8888
                inSampleSize = reductionFor(pixels, room())
                if (Build.VERSION.SDK_INT >= 26) useSrgb(this)
            }
            val decoded = stream(uri) { BitmapFactory.decodeStream(it, null, options) }
                ?: throw PlainException(R.string.no_picture)
            val upright = upright(decoded, orientation)
            return OpenedPhoto(
                Photo(opaque(upright)),
                stream(uri) { uprightExif(it.buffered()) },
                (pixels / 1e6).takeIf { options.inSampleSize > 1 },
            )
        } catch (error: IOException) {
            throw PlainException(R.string.cannot_open, cause = error)
        } catch (error: SecurityException) {
            throw PlainException(R.string.cannot_open, cause = error)
        } catch (error: OutOfMemoryError) {
            throw PlainException(R.string.no_memory, cause = error)
        }
    }

    private fun <T> stream(uri: Uri, use: (InputStream) -> T): T =
        (context.contentResolver.openInputStream(uri) ?: throw IOException("nothing at $uri")).use(use)

    private fun orientationOf(uri: Uri, type: String?): Int = try {
        // The decoder turns these files itself; the EXIF tag would turn the pixels again.
        if (type in setOf("image/heif", "image/heic", "image/avif")) {
            1
        } else {
            stream(uri, ::ExifInterface).getAttributeInt(ExifInterface.TAG_ORIENTATION, 1)
        }
    } catch (_: IOException) {
        1
    }

    @TargetApi(26)
    private fun useSrgb(options: BitmapFactory.Options) {
        options.inPreferredColorSpace = ColorSpace.get(ColorSpace.Named.SRGB)
    }

    private fun upright(bitmap: Bitmap, orientation: Int): Bitmap {
        val matrix = Matrix()
        if (orientation in setOf(2, 4, 5, 7)) matrix.postScale(-1f, 1f)
        when (orientation) {
            3, 4 -> matrix.postRotate(180f)
            5, 8 -> matrix.postRotate(270f)
            6, 7 -> matrix.postRotate(90f)
        }
        if (matrix.isIdentity) return bitmap
        return Bitmap.createBitmap(bitmap, 0, 0, bitmap.width, bitmap.height, matrix, false)
            .also { if (it !== bitmap) bitmap.recycle() }
    }

    private fun opaque(bitmap: Bitmap): Bitmap {
        if (!bitmap.hasAlpha() && bitmap.config == Bitmap.Config.ARGB_8888) return bitmap
        val filled = Bitmap.createBitmap(bitmap.width, bitmap.height, Bitmap.Config.ARGB_8888)
        Canvas(filled).apply {
            drawColor(Color.WHITE)
            drawBitmap(bitmap, 0f, 0f, null)
        }
        filled.setHasAlpha(false)
        bitmap.recycle()
        return filled
    }
}

/** Returns the power of two by which a photo's sides shrink to fit into [room] pixels. */
fun reductionFor(pixels: Long, room: Long): Int {
    var reduction = 1
    while (pixels / reduction / reduction > room && reduction < 64) reduction *= 2
    return reduction
}

/**
 * Returns the most pixels that a photo may have: four bytes each for before and for after, in half of
 * the free memory. From Android 8 on, bitmaps live outside of Java's heap.
 */
private fun roomForPixels(context: Context): Long {
    val free = if (Build.VERSION.SDK_INT >= 26) {
        val manager = context.getSystemService(Context.ACTIVITY_SERVICE) as ActivityManager
        ActivityManager.MemoryInfo().also(manager::getMemoryInfo).availMem
    } else {
        Runtime.getRuntime().run { maxMemory() - totalMemory() + freeMemory() }
    }
    return free / 2 / 8
}
