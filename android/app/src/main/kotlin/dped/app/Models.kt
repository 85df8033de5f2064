package dped.app

import android.content.res.AssetManager
import android.graphics.BitmapFactory
import dped.core.Manifest
import dped.core.UnsupportedModelException
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.security.MessageDigest

/** A sample picture, its thumbnail, and the network's expected result: packed pixels. */
class SamplePixels(val image: IntArray, val thumbnail: IntArray?, val expected: IntArray)

/** The models among the app's assets: the files in `models/`, as the export writes them. */
class Models(private val assets: AssetManager) {
    /**
     * @property usable models that this app can run, in the order of [BY_USE].
     * @property refused reasons for refused models, by the manifest's name.
     */
    class Found(val usable: List<Manifest>, val refused: Map<String, String>)

    /** Reads all manifests. */
    fun list(): Found {
        val names = assets.list(FOLDER).orEmpty().toSet()
        val usable = mutableListOf<Manifest>()
        val refused = sortedMapOf<String, String>()
        for (name in names.filter { it.endsWith(".json") }.sorted()) {
            try {
                val manifest = Manifest.of(bytes(name).decodeToString())
                if (manifest.file !in names) throw UnsupportedModelException("${manifest.file} is missing")
                usable += manifest
            } catch (error: UnsupportedModelException) {
                refused[name] = error.message!!
            }
        }
        return Found(usable.sortedWith(BY_USE), refused)
    }

    /**
     * Returns the model's bytes in a direct buffer, as the interpreter needs them.
     *
     * @throws PlainException if the manifest belongs to another file.
     */
    fun load(model: Manifest): ByteBuffer {
        val bytes = try {
            bytes(model.file)
        } catch (error: IOException) {
            throw PlainException(R.string.no_model_file, model.file, cause = error)
        }
        val digest = MessageDigest.getInstance("SHA-256").digest(bytes).joinToString("") { "%02x".format(it) }
        if (digest != model.sha256) throw PlainException(R.string.wrong_model_file, model.file)
        return ByteBuffer.allocateDirect(bytes.size).order(ByteOrder.nativeOrder()).put(bytes).apply { rewind() }
    }

    /** Returns the model's sample, or null if pictures are missing or have other sizes. */
    fun sample(model: Manifest): SamplePixels? {
        val sample = model.sample ?: return null
        val image = picture(sample.image, model.tile) ?: return null
        val expected = picture(sample.expected, model.tile) ?: return null
        val thumbnail = model.thumbnail?.let { picture(sample.thumbnail!!, it) ?: return null }
        return SamplePixels(image, thumbnail, expected)
    }

    private fun picture(name: String, side: Int): IntArray? {
        val bytes = try {
            bytes(name)
        } catch (_: IOException) {
            return null
        }
        val bitmap = BitmapFactory.decodeByteArray(bytes, 0, bytes.size) ?: return null
        return if (bitmap.width == side && bitmap.height == side) pixelsOf(bitmap) else null
    }

    private fun bytes(name: String) = assets.open("$FOLDER/$name").use { it.readBytes() }

    companion object {
        private const val FOLDER = "models"
        private const val ANY_PHONE = "universal" // as in models/shipped.py
        private val SLOWEST_FIRST = listOf("fp32", "fp16", "dynamic", "int8") // an unknown precision comes last

        /** First the model for any phone, which the app starts with; of each model, the fastest first. */
        val BY_USE: Comparator<Manifest> =
            compareBy({ it.name != ANY_PHONE }, { it.name }, { -SLOWEST_FIRST.indexOf(it.precision) })
    }
}
