package dped.core

import java.nio.ByteBuffer
import java.nio.ByteOrder

/** A network for one fixed tile. Phones use the runtime, tests use arithmetic. Not thread-safe. */
interface Network : AutoCloseable {
    /**
     * @param image `1 × tile × tile × 3`, RGB, of the manifest's [TensorType]; at position 0.
     * @param thumbnail `1 × side × side × 3`, of the same type, or null for a network without one.
     * @param enhanced filled from position 0; the position afterwards is undefined.
     * @throws RuntimeException any error of the runtime.
     */
    fun run(image: ByteBuffer, thumbnail: ByteBuffer?, enhanced: ByteBuffer)
}

/** How a network's inputs and outputs store 8-bit levels. */
enum class TensorType(val bytes: Int) {
    /** The level divided by 255. */
    FLOAT32(4),

    /** The level itself. */
    UINT8(1),
    ;

    /** Returns a buffer for [values] values in this machine's byte order, which the runtime needs. */
    fun buffer(values: Int): ByteBuffer =
        ByteBuffer.allocateDirect(values * bytes).order(ByteOrder.nativeOrder())

    /** Writes packed pixels as RGB values to the buffer's start. */
    fun encode(pixels: IntArray, into: ByteBuffer) {
        into.rewind()
        when (this) {
            UINT8 -> for (pixel in pixels) for (c in 0..2) into.put(channel(pixel, c).toByte())
            FLOAT32 -> for (pixel in pixels) for (c in 0..2) into.putFloat(SHARES[channel(pixel, c)])
        }
        into.rewind()
    }

    /** Writes values in [0, 1] to the buffer's start. */
    fun encode(values: FloatArray, into: ByteBuffer) {
        into.rewind()
        when (this) {
            UINT8 -> for (value in values) into.put(level(value).toByte())
            FLOAT32 -> for (value in values) into.putFloat(value)
        }
        into.rewind()
    }

    /** Returns the packed pixel [index] of a result, clipped to [0, 1] and rounded, halves to even. */
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
        // On some phones, a division for each value would take longer than an int8 network.
        private val SHARES = FloatArray(256) { it / 255f }
    }
}

/** Returns the 8-bit level of a value in [0, 1]. NaN becomes 0. */
fun level(value: Float): Int = Math.rint((value.coerceIn(0f, 1f) * 255f).toDouble()).toInt()
