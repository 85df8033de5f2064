package dped.core

import java.io.File
import org.json.JSONArray
import org.json.JSONObject

/** The project's folder; tests may start in any folder below. */
val projectFolder: File = generateSequence(File("").absoluteFile) { it.parentFile }
    .first { File(it, "docs/tiling_vectors.json").exists() }

/** One test vector of a file in docs/. */
class Vector(private val json: JSONObject) {
    fun int(name: String) = json.getInt(name)
    fun intOr(name: String) = if (json.isNull(name)) null else json.getInt(name)
    fun text(name: String): String = json.getString(name)
    fun numbers(name: String) = json.getJSONArray(name).let { array -> List(array.length()) { array.getDouble(it) } }
    fun ints(name: String) = ints(json.getJSONArray(name))
    fun table(name: String) = json.getJSONArray(name).let { rows -> List(rows.length()) { ints(rows.getJSONArray(it)) } }

    override fun toString(): String {
        val names = json.keys().asSequence().filter { it != "tiles" && it != "values" }
        return names.joinToString { "$it=${json.get(it)}" }
    }

    private fun ints(array: JSONArray) = List(array.length()) { array.getInt(it) }
}

/** Returns the test vectors of one kind that Python wrote to a file in docs/; at least one. */
fun vectors(file: String, kind: String): List<Vector> {
    val found = JSONObject(File(projectFolder, "docs/$file").readText()).getJSONArray(kind)
    return List(found.length()) { Vector(found.getJSONObject(it)) }.also { check(it.isNotEmpty()) }
}

/** Returns the photo that tests/vectors/write_android_vectors.py makes by the same formula. */
fun patternPhoto(height: Int, width: Int) = ArrayPixels(
    width,
    height,
    IntArray(width * height) {
        val x = it % width
        val y = it / width
        val level = { c: Int -> (x * 37 + y * 101 + c * 59 + x * y * 7) % 256 }
        packed(level(0), level(1), level(2))
    },
)

/** Returns a manifest for the networks of tests. */
fun manifest(tile: Int, halo: Int, multiple: Int = 1, type: TensorType = TensorType.UINT8, thumbnail: Int? = null) =
    Manifest("x.tflite", "", "int8", null, tile, halo, multiple, type, thumbnail, null, null, null)
