package dped.core

import kotlin.math.abs

/** A model that this app cannot run; the message says why, in words for its user. */
class UnsupportedModelException(message: String) : Exception(message)

/** The pictures that show whether a model computes what it should, by their files' names. */
data class Sample(val image: String, val thumbnail: String?, val expected: String, val levels: Int)

/**
 * What a model's manifest (docs/deploy.md) says that an app must know.
 *
 * @property file the model's name, next to the manifest.
 * @property sha256 of that file, lower-case hexadecimal.
 * @property tile height and width of the input, pixels.
 * @property type of all ends.
 * @property thumbnail side of the second input, or null where there is none.
 */
data class Manifest(
    val file: String,
    val sha256: String,
    val precision: String,
    val phone: String,
    val tile: Int,
    val halo: Int,
    val multiple: Int,
    val type: TensorType,
    val thumbnail: Int?,
    val sample: Sample?,
    val author: String?,
    val license: String?,
) {
    /** The file's name without what the manifest says elsewhere. */
    val name get() = file.removeSuffix(".tflite").removeSuffix("_$tile").removeSuffix("_$precision")

    companion object {
        private const val LEVEL = 1 / 255.0
        private const val GREATEST_TILE = 4096

        /**
         * @param text the manifest's JSON.
         * @throws UnsupportedModelException where the text is no manifest or needs what is not here.
         */
        fun of(text: String): Manifest {
            val json = try {
                Fields(parseJson(text), "manifest")
            } catch (error: IllegalArgumentException) {
                throw UnsupportedModelException("its manifest is ${error.message}")
            }
            val norm = json.text("norm")
            if (norm == "instance" || json.has("stages")) {
                refuse("it needs statistics of the whole photo (norm \"$norm\"), which this app does not measure")
            }
            if (norm !in setOf("batch", "none", "thumbnail")) refuse("it has an unknown norm, \"$norm\"")
            if (!json.has("tile")) refuse("it is for any size; take the file for a fixed tile, such as …_256")
            val tile = json.whole("tile", 1..GREATEST_TILE)
            val halo = json.whole("halo", 0..tile)
            val multiple = json.whole("multiple", 1..tile)
            try {
                planTiles(tile + 1, tile + 1, tile, tile, halo, multiple)
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
                json.fileName("file"), json.text("sha256"), json.text("precision"), json.textOr("phone") ?: "?",
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

    /** One object of the manifest; what is missing or of another kind refuses the model. */
    private class Fields(value: Any?, private val name: String) {
        private val fields = value as? Map<*, *> ?: refuse("its $name is no object")

        fun has(key: String) = fields[key] != null

        fun textOr(key: String) = fields[key] as? String

        fun text(key: String) = textOr(key) ?: refuse("its $name says no \"$key\"")

        /** A name without a folder: manifests name files next to them. */
        fun fileName(key: String) =
            text(key).also { if ('/' in it || '\\' in it || it.isEmpty()) refuse("\"$it\" is no file's name") }

        fun whole(key: String, range: IntRange): Int {
            val number = fields[key] as? Double ?: refuse("its $name says no \"$key\"")
            if (number != number.toInt().toDouble() || number.toInt() !in range) {
                refuse("\"$key\" is $number, not a whole number from ${range.first} to ${range.last}")
            }
            return number.toInt()
        }

        fun part(key: String) = Fields(fields[key], key)

        /** The type of a tensor `1 × side × side × 3`. */
        fun type(side: Int): TensorType {
            val shape = (fields["shape"] as? List<*>)?.map { (it as? Double)?.toInt() }
            if (shape != listOf(1, side, side, 3)) refuse("its $name has the shape $shape, not 1×$side×$side×3")
            return when (val dtype = text("dtype")) {
                "float32" -> TensorType.FLOAT32
                "uint8" -> TensorType.UINT8.also { part("quantization").mustBePlainLevels() }
                else -> refuse("its $name has the type $dtype; this app knows float32 and uint8")
            }
        }

        private fun mustBePlainLevels() {
            val scale = fields["scale"] as? Double ?: 0.0
            if (abs(scale - LEVEL) > 1e-6 || fields["zero_point"] != 0.0) {
                refuse("its bytes are not plain levels: scale $scale, zero point ${fields["zero_point"]}")
            }
        }

        private fun refuse(why: String): Nothing = throw UnsupportedModelException(why)
    }
}
