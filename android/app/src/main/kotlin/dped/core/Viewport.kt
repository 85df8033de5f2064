package dped.core

/**
 * The part of a photo that a view shows. One photo pixel covers [scale] view pixels, and the photo's
 * top left corner is at ([left], [top]) of the view. The photo fills the view or lies in its middle.
 */
class Viewport {
    var scale = 1f
        private set
    var left = 0f
        private set
    var top = 0f
        private set

    private var viewWidth = 0
    private var viewHeight = 0
    private var photoWidth = 0
    private var photoHeight = 0

    /** False until both the view and the photo have a size. */
    val ready get() = viewWidth > 0 && viewHeight > 0 && photoWidth > 0 && photoHeight > 0

    /** The scale that shows the whole photo. */
    val whole: Float
        get() = minOf(viewWidth / photoWidth.toFloat(), viewHeight / photoHeight.toFloat())

    /** The greatest scale: more would show no more detail. */
    private val greatest get() = maxOf(whole, CLOSEST)

    /** True while the view shows less than the whole photo. */
    val zoomed get() = ready && scale > whole * 1.001f

    /** Sets the sizes in pixels. A change shows the whole photo again. */
    fun resize(viewWidth: Int, viewHeight: Int, photoWidth: Int, photoHeight: Int) {
        val same = viewWidth == this.viewWidth && viewHeight == this.viewHeight &&
            photoWidth == this.photoWidth && photoHeight == this.photoHeight
        if (same) return
        this.viewWidth = viewWidth
        this.viewHeight = viewHeight
        this.photoWidth = photoWidth
        this.photoHeight = photoHeight
        if (ready) zoom(0f, 0f, 0f)
    }

    /** Multiplies the scale by [factor]. The point at ([x], [y]) of the view stays there if possible. */
    fun zoom(factor: Float, x: Float, y: Float) {
        val next = (scale * factor).coerceIn(whole, greatest)
        left = x - (x - left) * next / scale
        top = y - (y - top) * next / scale
        scale = next
        settle()
    }

    /** Moves the photo by view pixels. */
    fun move(x: Float, y: Float) {
        left += x
        top += y
        settle()
    }

    private fun settle() {
        left = settled(left, viewWidth, photoWidth * scale)
        top = settled(top, viewHeight, photoHeight * scale)
    }

    private fun settled(start: Float, view: Int, photo: Float) =
        if (photo <= view) (view - photo) / 2 else start.coerceIn(view - photo, 0f)

    private companion object {
        const val CLOSEST = 8f
    }
}
