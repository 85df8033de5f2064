package dped.core

import java.security.MessageDigest
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

class EnhancerTest {
    @Test
    fun photosInTilesEqualPythonsWholePhotos() {
        for (v in vectors("android_vectors.json", "photos")) {
            val type = if (v.text("dtype") == "uint8") TensorType.UINT8 else TensorType.FLOAT32
            val model = manifest(v.int("tile"), v.int("halo"), v.int("multiple"), type, v.intOr("thumbnail"))
            assertEquals("$v", v.text("sha256"), digest(enhanced(patternPhoto(v.int("height"), v.int("width")), model)))
        }
    }

    @Test
    fun aHaloTooSmallShowsSeams() {
        // This shows that the test above can fail.
        val photo = patternPhoto(100, 131)
        assertNotEquals(digest(enhanced(photo, manifest(32, 4))), digest(enhanced(photo, manifest(32, 3))))
    }

    @Test
    fun tilesOfAnySizeGiveTheSamePhoto() {
        val photo = patternPhoto(150, 97)
        val whole = enhanced(photo, manifest(192, 4))
        for (tile in listOf(12, 20, 33, 64)) {
            assertArrayEquals("tile $tile", whole.values, enhanced(photo, manifest(tile, 4)).values)
        }
    }

    @Test
    fun plainPhotosStayPlainUpToTheirEdges() {
        for ((height, width) in listOf(1 to 1, 5 to 70, 100 to 61)) {
            val plain = ArrayPixels(width, height, IntArray(height * width) { packed(250, 120, 3) })
            assertArrayEquals(plain.values, enhanced(plain, manifest(32, 4)).values)
        }
    }

    @Test
    fun progressCountsTheTiles() {
        val photo = patternPhoto(40, 60)
        val model = manifest(32, 4)
        val seen = mutableListOf<Pair<Int, Int>>()
        val network = LookingNetwork(model)
        Enhancer(network, model).enhance(photo, ArrayPixels(60, 40), { false }) { done, total -> seen += done to total }
        assertEquals((0..6).map { it to 6 }, seen)
        assertEquals(6, network.runs)
    }

    @Test
    fun cancelStopsBetweenTiles() {
        val model = manifest(32, 4)
        val network = LookingNetwork(model)
        var done = 0
        assertThrows(CancelledException::class.java) {
            Enhancer(network, model).enhance(patternPhoto(40, 60), ArrayPixels(60, 40), { done == 2 }) { n, _ -> done = n }
        }
        assertEquals(2, network.runs)
    }

    @Test
    fun aNetworksErrorReachesTheCaller() {
        val broken = object : Network {
            override fun run(image: java.nio.ByteBuffer, thumbnail: java.nio.ByteBuffer?, enhanced: java.nio.ByteBuffer) =
                throw IllegalStateException("no memory")

            override fun close() = Unit
        }
        val error = assertThrows(IllegalStateException::class.java) {
            Enhancer(broken, manifest(32, 4)).enhance(patternPhoto(9, 9), ArrayPixels(9, 9), { false }) { _, _ -> }
        }
        assertEquals("no memory", error.message)
    }

    @Test
    fun theResultMayNotBeThePhotoItself() {
        val photo = patternPhoto(9, 9)
        val model = manifest(32, 4)
        assertThrows(IllegalArgumentException::class.java) {
            Enhancer(LookingNetwork(model), model).enhance(photo, photo, { false }) { _, _ -> }
        }
    }

    @Test
    fun everyLevelSurvivesFloats() {
        for (type in TensorType.entries) {
            val pixels = IntArray(256) { packed(it, 255 - it, it / 2) }
            val buffer = type.buffer(256 * 3)
            type.encode(pixels, buffer)
            assertArrayEquals(pixels, IntArray(256) { type.decode(buffer, it) })
        }
    }

    @Test
    fun floatsAreClippedAndRoundedHalvesToEven() {
        assertEquals(listOf(0, 255, 0, 2, 2, 0), listOf(-0.3f, 1.2f, 0.5f / 255, 1.5f / 255, 2.5f / 255, Float.NaN).map(::level))
    }

    @Test
    fun theGreatestDifferenceIsOverAllChannels() {
        val one = intArrayOf(packed(1, 2, 3), packed(200, 2, 3))
        assertEquals(0, greatestDifference(one, one))
        assertEquals(9, greatestDifference(one, intArrayOf(packed(1, 2, 12), packed(200, 0, 3))))
        assertEquals(190, greatestDifference(one, intArrayOf(packed(1, 2, 12), packed(10, 0, 3))))
        assertTrue(runCatching { greatestDifference(one, IntArray(1)) }.isFailure)
    }

    private fun enhanced(photo: Pixels, model: Manifest): ArrayPixels {
        val result = ArrayPixels(photo.width, photo.height)
        Enhancer(LookingNetwork(model), model).enhance(photo, result, { false }) { _, _ -> }
        return result
    }

    private fun digest(photo: ArrayPixels): String {
        val bytes = ByteArray(photo.values.size * 3) { channel(photo.values[it / 3], it % 3).toByte() }
        return MessageDigest.getInstance("SHA-256").digest(bytes).joinToString("") { "%02x".format(it) }
    }
}
