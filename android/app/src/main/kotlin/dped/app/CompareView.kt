package dped.app

import android.content.Context
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Matrix
import android.graphics.Paint
import android.os.Bundle
import android.util.AttributeSet
import android.util.DisplayMetrics
import android.util.TypedValue
import android.view.GestureDetector
import android.view.KeyEvent
import android.view.MotionEvent
import android.view.ScaleGestureDetector
import android.view.View
import android.view.accessibility.AccessibilityEvent
import android.view.accessibility.AccessibilityNodeInfo
import android.widget.SeekBar
import dped.core.Viewport
import kotlin.math.abs
import kotlin.math.roundToInt

/**
 * Shows a photo before (left of the divider) and after (right of the divider). Users drag the divider,
 * pinch or tap twice to zoom, and drag to move. Arrow keys and screen readers move the divider in steps.
 */
class CompareView(context: Context, attributes: AttributeSet?) : View(context, attributes) {
    /** The divider's place, from 0 (all after) to 1 (all before) of the view's width. */
    var divider = 0.5f
        set(value) {
            field = value.coerceIn(0f, 1f)
            contentDescription = description()
            if (after != null) sendAccessibilityEvent(AccessibilityEvent.TYPE_VIEW_SELECTED)
            invalidate()
        }

    private var before: Photo? = null
    private var after: Photo? = null
    private val viewport = Viewport()
    private val matrix = Matrix()
    private val smooth = Paint(Paint.FILTER_BITMAP_FLAG)
    private val line = Paint(Paint.ANTI_ALIAS_FLAG).apply { strokeWidth = dp(2f) }
    private val label = Paint(Paint.ANTI_ALIAS_FLAG).apply { textSize = 14 * resources.displayMetrics.scaledDensity() }
    private val beforeLayer = SharpLayer()
    private val afterLayer = SharpLayer()
    private var draggingDivider = false

    init {
        isFocusable = true
        contentDescription = description()
    }

    /** Shows one photo, two photos of the same size, or none (null). */
    fun show(before: Photo?, after: Photo?) {
        if (before === this.before && after === this.after) return
        this.before = before
        this.after = after
        before?.bitmap?.let { viewport.resize(width, height, it.width, it.height) }
        contentDescription = description()
        invalidate()
    }

    override fun onSizeChanged(width: Int, height: Int, oldWidth: Int, oldHeight: Int) {
        before?.bitmap?.let { viewport.resize(width, height, it.width, it.height) }
    }

    override fun onDraw(canvas: Canvas) {
        val left = before ?: return
        if (!viewport.ready) return
        val right = after
        if (right == null) {
            draw(canvas, left, beforeLayer)
            return
        }
        val x = divider * width
        clipped(canvas, 0f, x) { draw(canvas, left, beforeLayer) }
        clipped(canvas, x, width.toFloat()) { draw(canvas, right, afterLayer) }
        drawDivider(canvas, x)
    }

    private inline fun clipped(canvas: Canvas, from: Float, to: Float, draw: () -> Unit) {
        canvas.save()
        canvas.clipRect(from, 0f, to, height.toFloat())
        draw()
        canvas.restore()
    }

    private fun draw(canvas: Canvas, photo: Photo, layer: SharpLayer) {
        val share = photo.bitmap.width / photo.preview.width.toFloat()
        if (photo.preview === photo.bitmap || viewport.scale * share <= 1) {
            matrix.setScale(viewport.scale * share, viewport.scale * share)
            matrix.postTranslate(viewport.left, viewport.top)
            canvas.drawBitmap(photo.preview, matrix, smooth)
        } else {
            canvas.drawBitmap(layer.of(photo.bitmap, viewport, width, height), 0f, 0f, null)
        }
    }

    private fun drawDivider(canvas: Canvas, x: Float) {
        val middle = height / 2f
        line.color = Color.BLACK
        canvas.drawRect(x - dp(2f), 0f, x + dp(2f), height.toFloat(), line)
        canvas.drawCircle(x, middle, dp(18f), line)
        line.color = Color.WHITE
        canvas.drawRect(x - dp(1f), 0f, x + dp(1f), height.toFloat(), line)
        canvas.drawCircle(x, middle, dp(16f), line)
        line.color = Color.BLACK
        for (side in listOf(-1, 1)) {
            val tip = x + side * dp(11f)
            canvas.drawLine(tip, middle, tip - side * dp(6f), middle - dp(6f), line)
            canvas.drawLine(tip, middle, tip - side * dp(6f), middle + dp(6f), line)
        }
        val left = resources.getString(R.string.before)
        val right = resources.getString(R.string.after)
        drawLabel(canvas, left, x - dp(12f) - label.measureText(left))
        drawLabel(canvas, right, x + dp(12f))
    }

    /** Draws white text on a dark plate, which is readable on any photo. */
    private fun drawLabel(canvas: Canvas, text: String, x: Float) {
        val pad = dp(6f)
        val top = dp(12f)
        label.color = 0xB0000000.toInt()
        canvas.drawRoundRect(
            x - pad, top, x + label.measureText(text) + pad, top + label.textSize + pad, pad, pad, label,
        )
        label.color = Color.WHITE
        canvas.drawText(text, x, top + label.textSize, label)
    }

    private val pinch = ScaleGestureDetector(
        context,
        object : ScaleGestureDetector.SimpleOnScaleGestureListener() {
            override fun onScale(detector: ScaleGestureDetector): Boolean {
                viewport.zoom(detector.scaleFactor, detector.focusX, detector.focusY)
                invalidate()
                return true
            }
        },
    )

    private val gestures = GestureDetector(
        context,
        object : GestureDetector.SimpleOnGestureListener() {
            override fun onDown(event: MotionEvent): Boolean {
                val near = abs(event.x - divider * width) < dp(32f)
                draggingDivider = after != null && (near || !viewport.zoomed)
                parent.requestDisallowInterceptTouchEvent(draggingDivider || viewport.zoomed)
                return true
            }

            override fun onScroll(start: MotionEvent?, now: MotionEvent, x: Float, y: Float): Boolean {
                if (pinch.isInProgress) return true
                if (draggingDivider) divider = now.x / width else viewport.move(-x, -y)
                invalidate()
                return true
            }

            override fun onDoubleTap(event: MotionEvent): Boolean {
                val factor = if (viewport.zoomed) 0f else maxOf(1 / viewport.scale, 2f)
                viewport.zoom(factor, event.x, event.y)
                invalidate()
                return true
            }
        },
    )

    override fun onTouchEvent(event: MotionEvent): Boolean {
        if (!viewport.ready) return super.onTouchEvent(event)
        if (event.actionMasked == MotionEvent.ACTION_UP && event.eventTime - event.downTime < 200) performClick()
        pinch.onTouchEvent(event)
        gestures.onTouchEvent(event)
        return true
    }

    override fun onKeyDown(keyCode: Int, event: KeyEvent): Boolean {
        when (keyCode) {
            KeyEvent.KEYCODE_DPAD_LEFT -> if (!step(-1)) return super.onKeyDown(keyCode, event)
            KeyEvent.KEYCODE_DPAD_RIGHT -> if (!step(1)) return super.onKeyDown(keyCode, event)
            KeyEvent.KEYCODE_PLUS, KeyEvent.KEYCODE_EQUALS -> zoomMiddle(1.5f)
            KeyEvent.KEYCODE_MINUS -> zoomMiddle(1 / 1.5f)
            else -> return super.onKeyDown(keyCode, event)
        }
        return true
    }

    override fun onInitializeAccessibilityNodeInfo(info: AccessibilityNodeInfo) {
        super.onInitializeAccessibilityNodeInfo(info)
        if (after == null) return
        info.className = SeekBar::class.java.name
        @Suppress("DEPRECATION") // the new constructor exists from Android 11 on
        info.rangeInfo = AccessibilityNodeInfo.RangeInfo.obtain(
            AccessibilityNodeInfo.RangeInfo.RANGE_TYPE_PERCENT, 0f, 100f, divider * 100,
        )
        info.addAction(AccessibilityNodeInfo.AccessibilityAction.ACTION_SET_PROGRESS)
        if (divider < 1) info.addAction(AccessibilityNodeInfo.AccessibilityAction.ACTION_SCROLL_FORWARD)
        if (divider > 0) info.addAction(AccessibilityNodeInfo.AccessibilityAction.ACTION_SCROLL_BACKWARD)
    }

    override fun performAccessibilityAction(action: Int, arguments: Bundle?): Boolean = when (action) {
        AccessibilityNodeInfo.ACTION_SCROLL_FORWARD -> step(1)
        AccessibilityNodeInfo.ACTION_SCROLL_BACKWARD -> step(-1)
        AccessibilityNodeInfo.AccessibilityAction.ACTION_SET_PROGRESS.id -> {
            val percent = arguments?.getFloat(AccessibilityNodeInfo.ACTION_ARGUMENT_PROGRESS_VALUE, -1f) ?: -1f
            if (percent >= 0) divider = percent / 100
            percent >= 0
        }
        else -> super.performAccessibilityAction(action, arguments)
    }

    private fun step(direction: Int): Boolean {
        if (after == null) return false
        divider += direction * 0.05f
        return true
    }

    private fun zoomMiddle(factor: Float) {
        if (viewport.ready) viewport.zoom(factor, width / 2f, height / 2f)
        invalidate()
    }

    private fun description(): String = when {
        before == null -> resources.getString(R.string.no_photo)
        after == null -> resources.getString(R.string.photo_shown)
        else -> resources.getString(R.string.compared, (divider * 100).roundToInt())
    }

    private fun dp(value: Float) = value * resources.displayMetrics.density
}

/** Pixels for one unit of text size, which includes the user's setting for larger text. */
private fun DisplayMetrics.scaledDensity() = TypedValue.applyDimension(TypedValue.COMPLEX_UNIT_SP, 1f, this)
