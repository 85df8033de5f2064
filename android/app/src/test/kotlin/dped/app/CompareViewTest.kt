package dped.app

import android.graphics.Bitmap
import android.graphics.Canvas
import android.view.KeyEvent
import android.view.View.MeasureSpec
import dped.core.channel
import dped.core.packed
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35])
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class CompareViewTest {
    private val view = CompareView(RuntimeEnvironment.getApplication(), null).apply {
        measure(MeasureSpec.makeMeasureSpec(SIDE, MeasureSpec.EXACTLY), MeasureSpec.makeMeasureSpec(SIDE, MeasureSpec.EXACTLY))
        layout(0, 0, SIDE, SIDE)
    }

    @Test
    fun beforeIsLeftOfTheDividerAndAfterRight() {
        view.show(plain(packed(200, 0, 0)), plain(packed(0, 0, 200)))
        view.divider = 0.25f
        val drawn = drawn()
        assertEquals(packed(200, 0, 0), drawn.getPixel(SIDE / 8, SIDE * 3 / 4))
        assertEquals(packed(0, 0, 200), drawn.getPixel(SIDE * 7 / 8, SIDE * 3 / 4))
    }

    @Test
    fun aZoomedViewShowsThePhotoItself() {
        // The photo has lines of one pixel, which turn into one gray in a preview of half the size.
        val lines = Bitmap.createBitmap(4096, 4096, Bitmap.Config.ARGB_8888)
        val rows = IntArray(4096) { if (it % 2 == 0) packed(0, 0, 0) else packed(255, 255, 255) }
        for (y in 0 until 4096) lines.setPixels(rows, 0, 4096, 0, y, 4096, 1)
        view.show(Photo(lines), null)
        assertTrue(contrast() < 40)
        repeat(12) { view.dispatchKeyEvent(KeyEvent(KeyEvent.ACTION_DOWN, KeyEvent.KEYCODE_PLUS)) }
        assertTrue("${contrast()}", contrast() > 200)
    }

    private fun plain(color: Int) =
        Photo(Bitmap.createBitmap(50, 50, Bitmap.Config.ARGB_8888).apply { eraseColor(color) })

    private fun contrast(): Int {
        val drawn = drawn()
        val row = (SIDE / 4 until SIDE * 3 / 4).map { channel(drawn.getPixel(it, SIDE / 2), 0) }
        return row.max() - row.min()
    }

    private fun drawn() = Bitmap.createBitmap(SIDE, SIDE, Bitmap.Config.ARGB_8888).also { view.draw(Canvas(it)) }

    private companion object {
        const val SIDE = 400
    }
}
