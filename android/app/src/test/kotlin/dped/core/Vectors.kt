package dped.core

import java.io.File

/** The project's folder, wherever the tests are started from. */
val projectFolder: File = generateSequence(File("").absoluteFile) { it.parentFile }
    .first { File(it, "docs/tiling_vectors.json").exists() }

/** One vector of a file in docs/. */
class Vector(private val fields: Map<*, *>) {
    fun int(name: String) = (fields[name] as Double).toInt()
    fun intOr(name: String) = (fields[name] as Double?)?.toInt()
    fun text(name: String) = fields[name] as String
    fun numbers(name: String) = (fields[name] as List<*>).map { it as Double }
    fun ints(name: String) = numbers(name).map { it.toInt() }
    fun table(name: String) = (fields[name] as List<*>).map { row -> (row as List<*>).map { (it as Double).toInt() } }
    override fun toString() = fields.filterKeys { it != "tiles" && it != "values" }.toString()
}

/** The vectors of one kind that Python wrote to a file in docs/; there is at least one. */
fun vectors(file: String, kind: String): List<Vector> {
    val content = parseJson(File(projectFolder, "docs/$file").readText()) as Map<*, *>
    return (content[kind] as List<*>).map { Vector(it as Map<*, *>) }.also { check(it.isNotEmpty()) }
}

/** The photo that tests/vectors/write_android_vectors.py makes by the same formula. */
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

/** A manifest for the networks of tests. */
fun manifest(tile: Int, halo: Int, multiple: Int = 1, type: TensorType = TensorType.UINT8, thumbnail: Int? = null) =
    Manifest("x.tflite", "", "int8", "phone", tile, halo, multiple, type, thumbnail, null, null, null)
