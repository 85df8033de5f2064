package dped.core

import kotlin.math.ceil
import kotlin.math.max
import kotlin.math.min

/**
 * Returns the whole photo as [size] × [size] cells, each the mean of its pixels. A pixel on a border
 * between cells counts in part for each cell (OpenCV's `INTER_AREA`; Python's `thumbnail_of`).
 *
 * @return RGB in [0, 1], `size * size * 3` values, row by row.
 * @throws CancelledException soon after [cancelled] turns true.
 */
fun thumbnailOf(photo: Pixels, size: Int, cancelled: () -> Boolean = { false }): FloatArray {
    val cells = DoubleArray(size * size * 3)
    val row = IntArray(photo.width)
    val sums = DoubleArray(size * 3)
    val across = Overlaps(photo.width, size)
    val down = Overlaps(photo.height, size)
    for (y in 0 until photo.height) {
        if (cancelled()) throw CancelledException()
        photo.read(0, y, photo.width, 1, row)
        sums.fill(0.0)
        for (x in row.indices) {
            val pixel = row[x]
            across.forEach(x) { cell, share ->
                for (c in 0..2) sums[cell * 3 + c] += share * channel(pixel, c)
            }
        }
        down.forEach(y) { cell, share ->
            val start = cell * sums.size
            for (i in sums.indices) cells[start + i] += share * sums[i]
        }
    }
    return FloatArray(cells.size) { (cells[it] / 255).toFloat() }
}

/** The cells, of [cells] equal ones, that contain each of [length] pixels, with the pixel's share of the mean. */
private class Overlaps(length: Int, cells: Int) {
    private val from = IntArray(length + 1)
    private val cell: IntArray
    private val share: DoubleArray

    init {
        val found = mutableListOf<Pair<Int, Double>>()
        for (pixel in 0 until length) {
            val first = (pixel.toLong() * cells / length).toInt()
            val last = min(cells, ceil((pixel + 1.0) * cells / length).toInt()) - 1
            for (index in first..last) {
                val start = index.toDouble() * length / cells
                val end = (index + 1.0) * length / cells
                found += index to max(0.0, min(end, pixel + 1.0) - max(start, pixel.toDouble())) / (end - start)
            }
            from[pixel + 1] = found.size
        }
        cell = IntArray(found.size) { found[it].first }
        share = DoubleArray(found.size) { found[it].second }
    }

    inline fun forEach(pixel: Int, action: (cell: Int, share: Double) -> Unit) {
        for (i in from[pixel] until from[pixel + 1]) action(cell[i], share[i])
    }
}
