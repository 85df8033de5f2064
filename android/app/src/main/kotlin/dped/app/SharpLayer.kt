package dped.app

import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Matrix
import android.graphics.Paint
import dped.core.Viewport

/** The visible part of a photo at full resolution: a phone cannot draw a whole photo at once. */
class SharpLayer {
    private var drawn: List<Any>? = null
    private var buffer: Bitmap? = null
    private val matrix = Matrix()
    private val paint = Paint(Paint.FILTER_BITMAP_FLAG)

    fun of(photo: Bitmap, viewport: Viewport, width: Int, height: Int): Bitmap {
        val wanted = listOf(System.identityHashCode(photo), viewport.scale, viewport.left, viewport.top, width, height)
        val kept = buffer?.takeIf { it.width == width && it.height == height }
        if (kept != null && wanted == drawn) return kept
        val target = kept ?: Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888)
        target.eraseColor(Color.TRANSPARENT)
        matrix.setScale(viewport.scale, viewport.scale)
        matrix.postTranslate(viewport.left, viewport.top)
        Canvas(target).drawBitmap(photo, matrix, paint)
        buffer = target
        drawn = wanted
        return target
    }
}
