package dped.core

import java.nio.ByteBuffer
import java.nio.ByteOrder

/** A network for one fixed tile: on a phone the runtime, in tests arithmetic. Not thread-safe. */
interface Network : AutoCloseable {
    /**
     * @param image `1 × tile × tile × 3`, RGB, as the manifest's [TensorType] says; at position 0.
     * @param thumbnail likewise, of the thumbnail's side, or null where the network takes none.
     * @param enhanced is filled from position 0; where its position ends is not said.
     * @throws RuntimeException what the runtime reports.
     */
    fun run(image: ByteBuffer, thumbnail: ByteBuffer?, enhanced: ByteBuffer)
}

/** How 8-bit levels are stored at a network's ends. */
enum class TensorType(val bytes: Int) {
    /** level / 255 */
    FLOAT32(4),

    /** the level itself */
    UINT8(1),
    ;

    /** A buffer for [values] values, in the order of this machine, as the runtime wants it. */
    fun buffer(values: Int): ByteBuffer =
        ByteBuffer.allocateDirect(values * bytes).order(ByteOrder.nativeOrder())

    /** Packed pixels to RGB values at the buffer's start. */
    fun encode(pixels: IntArray, into: ByteBuffer) {
        into.rewind()
        when (this) {
            UINT8 -> for (pixel in pixels) for (c in 0..2) into.put(channel(pixel, c).toByte())
            FLOAT32 -> for (pixel in pixels) for (c in 0..2) into.putFloat(SHARES[channel(pixel, c)])
        }
        into.rewind()
    }

    /** Values in [0, 1] at the buffer's start. */
    fun encode(values: FloatArray, into: ByteBuffer) {
        into.rewind()
        when (this) {
            UINT8 -> for (value in values) into.put(level(value).toByte())
            FLOAT32 -> for (value in values) into.putFloat(value)
        }
        into.rewind()
    }

    /** The packed pixel number [index] of a result: clipped to [0, 1], rounded, halves to even. */
    fun decode(from: ByteBuffer, index: Int): Int = when (this) {
        UINT8 -> packed(byte(from, index * 3), byte(from, index * 3 + 1), byte(from, index * 3 + 2))
        FLOAT32 -> packed(
            level(from.getFloat(index * 12)),
            level(from.getFloat(index * 12 + 4)),
            level(from.getFloat(index * 12 + 8)),
        )
    }

    private fun byte(from: ByteBuffer, index: Int) = from.get(index).toInt() and 0xFF

    companion object {
        // A division for each value would take longer than an int8 network on some phones.
        private val SHARES = FloatArray(256) { it / 255f }
    }
}

/** The 8-bit level of a value in [0, 1]; what is no number becomes 0. */
fun level(value: Float): Int = Math.rint((value.coerceIn(0f, 1f) * 255f).toDouble()).toInt()
