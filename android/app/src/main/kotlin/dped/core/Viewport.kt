package dped.core

/**
 * Which part of a photo a view shows: [scale] view pixels a photo pixel, the photo's top left corner
 * at ([left], [top]) of the view. The photo always fills the view or lies in its middle.
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

    /** The scale at which the whole photo is seen. */
    val whole: Float
        get() = minOf(viewWidth / photoWidth.toFloat(), viewHeight / photoHeight.toFloat())

    /** The scale beyond which nothing more is to be seen. */
    private val greatest get() = maxOf(whole, CLOSEST)

    /** True while less than the whole photo is seen. */
    val zoomed get() = ready && scale > whole * 1.001f

    /** Sizes in pixels; what changes one shows the whole photo again. */
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

    /** Changes the scale by [factor]; what is at ([x], [y]) of the view stays there if it can. */
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
