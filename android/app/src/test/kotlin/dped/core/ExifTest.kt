package dped.core

import java.io.ByteArrayOutputStream
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Test

class ExifTest {
    private val rest = bytes(0xFF, 0xE0, 0, 4, 7, 7, 0xFF, 0xDA, 1, 2, 3)

    /** Returns a file with orientation 6 and a second directory at 99. */
    private fun jpeg(little: Boolean): ByteArray {
        val number = { size: Int, value: Int ->
            val high = List(size) { value shr 8 * (size - 1 - it) and 0xFF }
            (if (little) high.reversed() else high).toIntArray()
        }
        val order = if (little) 'I'.code else 'M'.code
        val tiff = bytes(order, order, *number(2, 42), *number(4, 8), *number(2, 2)) +
            bytes(*number(2, 0x10F), *number(2, 2), *number(4, 4), 65, 66, 67, 0) +
            bytes(*number(2, 0x112), *number(2, 3), *number(4, 1), *number(2, 6), 0, 0) + bytes(*number(4, 99))
        val exif = "Exif\u0000\u0000".encodeToByteArray() + tiff
        return bytes(0xFF, 0xD8, 0xFF, 0xE1, 0, exif.size + 2) + exif + rest
    }

    @Test
    fun aResultKeepsAllTagsExceptOrientationAndPreview() {
        for (little in listOf(true, false)) {
            val jpeg = jpeg(little)
            val expected = jpeg.copyOfRange(6, jpeg.size - rest.size)
            val orientation = expected.size - 4 - 4
            for (i in orientation until expected.size) expected[i] = 0
            expected[if (little) orientation else orientation + 1] = 1
            val exif = uprightExif(jpeg.inputStream())!!
            assertArrayEquals(expected, exif)
            val copy = ByteArrayOutputStream().also { copyWithExif((bytes(0xFF, 0xD8) + rest).inputStream(), exif, it) }
            assertArrayEquals(jpeg.copyOf(6) + expected + rest, copy.toByteArray())
        }
    }

    @Test
    fun filesWithoutExifOrCutAnywhereGiveNull() {
        assertNull(uprightExif((bytes(0xFF, 0xD8) + rest).inputStream()))
        assertNull(uprightExif(bytes(0x89, 0x50).inputStream()))
        val jpeg = jpeg(true)
        for (length in 0 until jpeg.size - rest.size) assertNull("$length", uprightExif(jpeg.copyOf(length).inputStream()))
        // An offset beyond the segment's end.
        val broken = jpeg(false).also { it[16] = 0x7F }
        assertNull(uprightExif(broken.inputStream()))
        assertEquals(jpeg.size, jpeg(false).size)
    }

    private fun bytes(vararg values: Int) = ByteArray(values.size) { values[it].toByte() }
}
