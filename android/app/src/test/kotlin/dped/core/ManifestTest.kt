package dped.core

import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

class ManifestTest {
    private val shipped = File(projectFolder, "models/pretrained/iphone_3gs_int8_256.json").readText()

    @Test
    fun theShippedManifestsAreRead() {
        val int8 = Manifest.of(shipped)
        assertEquals(TensorType.UINT8, int8.type)
        assertEquals(listOf(256, 10, 2, 64), listOf(int8.tile, int8.halo, int8.multiple, int8.thumbnail))
        assertEquals("iphone_3gs_int8_256.tflite", int8.file)
        assertEquals("iPhone 3GS → Canon 70D", int8.label)
        assertEquals(
            Sample(
                "iphone_3gs_sample_image_256.png", "iphone_3gs_sample_thumbnail_256.png",
                "iphone_3gs_expected_int8_256.png", 10,
            ),
            int8.sample,
        )
        val fp16 = Manifest.of(File(projectFolder, "models/pretrained/iphone_3gs_fp16_256.json").readText())
        assertEquals(TensorType.FLOAT32, fp16.type)
    }

    @Test
    fun filesForAnySizeAreRefused() {
        refused("models/pretrained/iphone_3gs.json", "any size")
    }

    @Test
    fun unsupportedModelsAreRefusedWithTheReason() {
        refusedWith("\"norm\": \"thumbnail\"", "\"norm\": \"instance\"", "whole photo")
        refusedWith("\"norm\": \"thumbnail\"", "\"stages\": {}, \"norm\": \"none\"", "whole photo")
        refusedWith("\"norm\": \"thumbnail\"", "\"norm\": \"other\"", "unknown norm")
        refusedWith("\"uint8\"", "\"int8\"", "the type int8")
        refusedWith("0.00392156862745098", "0.5", "not plain levels")
        refusedWith("\"halo\": 10", "\"halo\": 128", "no room")
        refusedWith("\"halo\": 10", "\"halo\": 9", "not a multiple")
        refusedWith("\"halo\": 10", "\"halo\": 9.5", "whole number")
        refusedWith("\"tile\": 256", "\"tile\": 128", "shape")
        refusedWith("\"levels\": 10", "\"levels\": 1000", "whole number")
        refusedWith("\"iphone_3gs_int8_256.tflite\"", "\"../secret.tflite\"", "not a file name")
        refusedWith("\"precision\": \"int8\",", "", "precision")
        refusedWith("{", "[", "not JSON")
    }

    @Test
    fun aNetworkWithoutThumbnailNeedsNoSecondInput() {
        val text = shipped.replace("\"norm\": \"thumbnail\"", "\"norm\": \"batch\"")
        assertNull(Manifest.of(text).thumbnail)
        assertNull(Manifest.of(text).sample!!.thumbnail)
    }

    @Test
    fun numbersMayBeWrittenInAnyForm() {
        val int8 = Manifest.of(shipped.replace("\"tile\": 256", "\"tile\": 2.56e2"))
        assertEquals(256, int8.tile)
        refusedWith("\"tile\": 256", "\"tile\": \"256\"", "no \"tile\"")
        refusedWith("\"halo\": 10", "\"halo\": null", "no \"halo\"")
    }

    @Test
    fun aTextThatIsNotJsonIsRefused() {
        for (text in listOf("", "{", "{\"a\" 1}", "{\"a", "[]")) refusedText(text, "not JSON")
    }

    private fun refusedWith(old: String, new: String, reason: String) {
        check(old in shipped)
        refusedText(shipped.replace(old, new), reason)
    }

    private fun refused(path: String, reason: String) = refusedText(File(projectFolder, path).readText(), reason)

    private fun refusedText(text: String, reason: String) {
        val error = assertThrows(reason, UnsupportedModelException::class.java) { Manifest.of(text) }
        assertTrue("\"${error.message}\" does not say \"$reason\"", reason in error.message!!)
    }
}
