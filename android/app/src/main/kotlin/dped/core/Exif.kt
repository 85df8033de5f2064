package dped.core

import java.io.EOFException
import java.io.InputStream
import java.io.OutputStream

/**
 * Returns a JPEG file's EXIF segment (date, place and camera), changed for the upright result. The
 * preview of the original photo is left out.
 *
 * @return the segment, or null if the file has no complete segment.
 */
fun uprightExif(jpeg: InputStream): ByteArray? = try {
    segment(jpeg)?.let { TiffHeader(it).upright() }
} catch (_: EOFException) {
    null
} catch (_: IndexOutOfBoundsException) { // an offset beyond the segment's end
    null
}

/** Copies a JPEG file and inserts an EXIF segment at the front. */
fun copyWithExif(jpeg: InputStream, exif: ByteArray, to: OutputStream) {
    to.write(byteArrayOf(0xFF.toByte(), START.toByte(), 0xFF.toByte(), APP1.toByte()))
    to.write(byteArrayOf((exif.size + 2 shr 8).toByte(), (exif.size + 2).toByte()))
    to.write(exif)
    repeat(2) { jpeg.byte() } // the file's start marker
    jpeg.copyTo(to)
}

private const val START = 0xD8
private const val APP1 = 0xE1
private const val SCAN = 0xDA
private val NAME = "Exif\u0000\u0000".encodeToByteArray()

private fun segment(jpeg: InputStream): ByteArray? {
    if (jpeg.byte() != 0xFF || jpeg.byte() != START) return null
    while (jpeg.byte() == 0xFF) {
        var marker = jpeg.byte()
        while (marker == 0xFF) marker = jpeg.byte() // fill bytes
        if (marker == SCAN) return null
        val content = ByteArray(maxOf(jpeg.byte() * 256 + jpeg.byte() - 2, 0))
        for (i in content.indices) content[i] = jpeg.byte().toByte()
        if (marker == APP1 && content.take(NAME.size) == NAME.toList()) return content
    }
    return null
}

private fun InputStream.byte(): Int = read().also { if (it < 0) throw EOFException() }

/** The first directory of tags, in the segment's own byte order. */
private class TiffHeader(private val bytes: ByteArray) {
    private val little = bytes[NAME.size] == 'I'.code.toByte()

    fun upright(): ByteArray {
        val directory = NAME.size + number(NAME.size + 4, 4)
        val count = number(directory, 2)
        for (entry in directory + 2 until directory + 2 + count * 12 step 12) {
            if (number(entry, 2) == ORIENTATION) put(entry + 8, 2, 1)
        }
        put(directory + 2 + count * 12, 4, 0) // no next directory, which describes the preview
        return bytes
    }

    private fun number(at: Int, size: Int) =
        (0 until size).fold(0) { all, i -> all shl 8 or (bytes[at + place(i, size)].toInt() and 0xFF) }

    private fun put(at: Int, size: Int, value: Int) {
        for (i in 0 until size) bytes[at + place(i, size)] = (value shr 8 * (size - 1 - i)).toByte()
    }

    /** Returns the place of byte [i], counted from the most significant. */
    private fun place(i: Int, size: Int) = if (little) size - 1 - i else i

    private companion object {
        const val ORIENTATION = 0x112
    }
}
