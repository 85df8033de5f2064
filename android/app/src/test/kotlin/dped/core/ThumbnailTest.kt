package dped.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Test

class ThumbnailTest {
    @Test
    fun thumbnailsEqualPythons() {
        for (v in vectors("android_vectors.json", "thumbnails")) {
            val found = thumbnailOf(patternPhoto(v.int("height"), v.int("width")), v.int("size"))
            val expected = v.numbers("values")
            assertEquals("$v", expected.size, found.size)
            for (i in found.indices) assertEquals("$v, value $i", expected[i], found[i].toDouble(), 2e-6)
        }
    }

    @Test
    fun aCellIsTheMeanOfItsPixels() {
        // Three pixels in two cells: the middle pixel counts half in each cell.
        val photo = ArrayPixels(3, 1, intArrayOf(packed(0, 255, 30), packed(90, 255, 30), packed(255, 255, 60)))
        val expected = floatArrayOf(30 / 255f, 1f, 30 / 255f, 200 / 255f, 1f, 50 / 255f)
        val found = thumbnailOf(photo, 2)
        for (i in found.indices) assertEquals(expected[i % 6], found[i], 1e-6f)
    }

    @Test
    fun cancelStopsTheThumbnail() {
        assertThrows(CancelledException::class.java) { thumbnailOf(patternPhoto(9, 9), 4) { true } }
    }
}
