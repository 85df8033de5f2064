package dped.core

import kotlin.math.abs
import org.json.JSONArray
import org.json.JSONException
import org.json.JSONObject

/** Thrown for a model that this app cannot run. The message tells the user why. */
class UnsupportedModelException(message: String) : Exception(message)

/**
 * The files of a model's sample picture, which shows whether the model computes the right result.
 *
 * @property levels allowed difference to the expected picture, of 255.
 */
data class Sample(val image: String, val thumbnail: String?, val expected: String, val levels: Int)

/**
 * The entries of a model's manifest (docs/deploy.md) that an app needs.
 *
 * @property label what a photographer reads in the list of models.
 * @property file the model's name, next to the manifest.
 * @property sha256 checksum of the model, lower-case hexadecimal.
 * @property tile height and width of the input, pixels.
 * @property type type of the inputs and of the output.
 * @property thumbnail side of the second input, or null for a model with one input.
 */
data class Manifest(
    val file: String,
    val sha256: String,
    val precision: String,
    val label: String?,
    val tile: Int,
    val halo: Int,
    val multiple: Int,
    val type: TensorType,
    val thumbnail: Int?,
    val sample: Sample?,
    val author: String?,
    val license: String?,
) {
    /** The file's name without precision and tile, which the manifest has as entries. */
    val name get() = file.removeSuffix(".tflite").removeSuffix("_$tile").removeSuffix("_$precision")

    companion object {
        private const val LEVEL = 1 / 255.0
        private const val GREATEST_TILE = 4096

        /**
         * @param text the manifest's JSON.
         * @throws UnsupportedModelException if the text is no manifest, or if this app cannot run the model.
         */
        fun of(text: String): Manifest {
            val json = try {
                Fields(JSONObject(text), "manifest")
            } catch (error: JSONException) {
                throw UnsupportedModelException("its manifest is not JSON (${error.message})")
            }
            val norm = json.text("norm")
            if (norm == "instance" || json.has("stages")) {
                refuse("it needs statistics of the whole photo (norm \"$norm\"), which this app does not compute")
            }
            if (norm !in setOf("batch", "none", "thumbnail")) refuse("it has an unknown norm, \"$norm\"")
            if (!json.has("tile")) refuse("it is for any size; add the file for a fixed tile, such as …_256")
            val tile = json.whole("tile", 1..GREATEST_TILE)
            val halo = json.whole("halo", 0..tile)
            val multiple = json.whole("multiple", 1..tile)
            try {
                planTiles(1, 1, tile, halo, multiple)
            } catch (error: PlanException) {
                refuse(error.message!!)
            }
            val thumbnail = if (norm == "thumbnail") json.whole("thumbnail", 1..GREATEST_TILE) else null
            val type = json.part("input").type(tile)
            if (json.part("output").type(tile) != type) refuse("its input and output differ in type")
            if (thumbnail != null && json.part("thumbnail_input").type(thumbnail) != type) {
                refuse("its inputs differ in type")
            }
            return Manifest(
                json.fileName("file"), json.text("sha256"), json.text("precision"), json.textOr("label"),
                tile, halo, multiple, type, thumbnail, sample(json, thumbnail != null),
                json.textOr("author"), json.textOr("license"),
            )
        }

        private fun sample(json: Fields, thumbnail: Boolean): Sample? {
            if (!json.has("sample")) return null
            val sample = json.part("sample")
            return Sample(
                sample.fileName("image"),
                if (thumbnail) sample.fileName("thumbnail") else null,
                sample.fileName("expected"),
                sample.whole("levels", 0..255),
            )
        }

        private fun refuse(why: String): Nothing = throw UnsupportedModelException(why)
    }

    /** One object of the manifest. A missing entry, or an entry of another kind, refuses the model. */
    private class Fields(private val json: JSONObject, private val name: String) {

        fun has(key: String) = !json.isNull(key)

        fun textOr(key: String) = json.opt(key) as? String

        fun text(key: String) = textOr(key) ?: refuse("its $name has no \"$key\"")

        /** A file name without a folder: a manifest names files in its own folder. */
        fun fileName(key: String) =
            text(key).also { if ('/' in it || '\\' in it || it.isEmpty()) refuse("\"$it\" is not a file name") }

        fun whole(key: String, range: IntRange): Int {
            val number = number(json.opt(key)) ?: refuse("its $name has no \"$key\"")
            if (number != number.toInt().toDouble() || number.toInt() !in range) {
                refuse("\"$key\" is $number, not a whole number from ${range.first} to ${range.last}")
            }
            return number.toInt()
        }

        fun part(key: String) = Fields(json.opt(key) as? JSONObject ?: refuse("its $key is not an object"), key)

        /** The type of a tensor `1 × side × side × 3`. */
        fun type(side: Int): TensorType {
            val sides = json.opt("shape") as? JSONArray
            val shape = sides?.let { List(it.length()) { index -> number(it.opt(index))?.toInt() } }
            if (shape != listOf(1, side, side, 3)) refuse("its $name has the shape $shape, not 1×$side×$side×3")
            return when (val dtype = text("dtype")) {
                "float32" -> TensorType.FLOAT32
                "uint8" -> TensorType.UINT8.also { part("quantization").mustBePlainLevels() }
                else -> refuse("its $name has the type $dtype; this app runs float32 and uint8")
            }
        }

        private fun mustBePlainLevels() {
            val scale = number(json.opt("scale"))
            val zeroPoint = number(json.opt("zero_point"))
            if (scale == null || abs(scale - LEVEL) > 1e-6 || zeroPoint != 0.0) {
                refuse("its bytes are not plain levels: scale $scale, zero point $zeroPoint")
            }
        }

        private fun number(value: Any?) = (value as? Number)?.toDouble()
    }
}
