package dped.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test

class ViewportTest {
    private val viewport = Viewport().apply { resize(100, 200, 400, 400) }

    @Test
    fun thePhotoStartsWholeAndInTheMiddle() {
        assertFalse(Viewport().ready)
        assertEquals(listOf(0.25f, 0f, 50f), listOf(viewport.scale, viewport.left, viewport.top))
        assertFalse(viewport.zoomed)
    }

    @Test
    fun thePointUnderTheFingersStays() {
        viewport.zoom(8f, 50f, 100f)
        assertEquals(2f, viewport.scale)
        assertTrue(viewport.zoomed)
        // The photo's middle stays there.
        assertEquals(listOf(-350f, -300f), listOf(viewport.left, viewport.top))
    }

    @Test
    fun thePhotoStaysInTheViewAndHasAGreatestScale() {
        viewport.zoom(1e9f, 0f, 0f)
        assertEquals(8f, viewport.scale)
        viewport.move(1e6f, -1e6f)
        assertEquals(listOf(0f, 200f - 3200f), listOf(viewport.left, viewport.top))
        viewport.zoom(0f, 30f, 30f)
        assertEquals(listOf(0.25f, 0f, 50f), listOf(viewport.scale, viewport.left, viewport.top))
    }

    @Test
    fun anotherSizeShowsTheWholePhotoAgain() {
        viewport.zoom(4f, 0f, 0f)
        viewport.resize(100, 200, 400, 400)
        assertTrue(viewport.zoomed)
        viewport.resize(200, 100, 400, 400)
        assertFalse(viewport.zoomed)
    }
}
