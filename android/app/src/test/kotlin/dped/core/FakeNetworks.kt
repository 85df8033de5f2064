package dped.core

import java.nio.ByteBuffer

/**
 * The network of tests/vectors/write_android_vectors.py. The result is half of the pixel 3 above and 4 to
 * the right, with zeros outside of the tile, plus a quarter of one thumbnail pixel. The halo is 4.
 */
class LookingNetwork(private val model: Manifest) : Network {
    var runs = 0
    var closed = false

    override fun run(image: ByteBuffer, thumbnail: ByteBuffer?, enhanced: ByteBuffer) {
        check(!closed) { "the network was used after it was closed" }
        check(image.position() == 0 && enhanced.position() == 0 && (thumbnail?.position() ?: 0) == 0)
        runs++
        val side = model.tile
        for (i in 0 until side * side * 3) {
            val y = i / 3 / side
            val x = i / 3 % side
            val above = if (y >= UP) i - UP * side * 3 else -1
            val right = if (x < side - RIGHT) i + RIGHT * 3 else -1
            val small = model.thumbnail?.let { (it / 2 * it + it / 3) * 3 + i % 3 }
            if (model.type == TensorType.UINT8) {
                val sum = (byte(image, above) + byte(image, right) + 1) shr 1
                val result = if (small == null) sum else (3 * sum + byte(thumbnail!!, small) + 2) shr 2
                enhanced.put(i, result.toByte())
            } else {
                val sum = 0.625f * (float(image, above) + float(image, right)) - 0.0625f
                enhanced.putFloat(i * 4, if (small == null) sum else 0.75f * sum + 0.25f * float(thumbnail!!, small))
            }
        }
    }

    override fun close() {
        closed = true
    }

    private fun byte(from: ByteBuffer, index: Int) = if (index < 0) 0 else from.get(index).toInt() and 0xFF

    private fun float(from: ByteBuffer, index: Int) = if (index < 0) 0f else from.getFloat(index * 4)

    private companion object {
        const val UP = 3
        const val RIGHT = 4
    }
}
