package dped.core

/** Thrown when the user stopped the work. */
class CancelledException : RuntimeException("cancelled")

/** Called after each tile with the number of finished tiles and of all tiles. */
typealias Progress = (done: Int, total: Int) -> Unit

/** Enhances photos of any size with a [network] that [model] describes. */
class Enhancer(private val network: Network, private val model: Manifest) {
    private val side = model.tile
    private val type = model.type
    private val image = type.buffer(side * side * 3)
    private val enhanced = type.buffer(side * side * 3)
    private val thumbnail = model.thumbnail?.let { type.buffer(it * it * 3) }
    private val pixels = IntArray(side * side)

    /**
     * Writes the enhanced [photo] to [result], which has the same size. Both may not be the same
     * object: a tile's halo is read after the neighboring tile is written.
     *
     * @throws CancelledException soon after [cancelled] turns true; [result] is then incomplete.
     * @throws RuntimeException any error of the network.
     */
    fun enhance(photo: Pixels, result: Pixels, cancelled: () -> Boolean, progress: Progress) {
        require(photo !== result && photo.width == result.width && photo.height == result.height)
        val tiles = planTiles(photo.height, photo.width, side, model.halo, model.multiple)
        progress(0, tiles.size)
        thumbnail?.let { type.encode(thumbnailOf(photo, model.thumbnail!!, cancelled), it) }
        val reader = TileReader(photo, side)
        tiles.forEachIndexed { index, tile ->
            if (cancelled()) throw CancelledException()
            reader.read(tile, pixels)
            runOnce()
            keep(tile, result)
            progress(index + 1, tiles.size)
        }
    }

    /**
     * Runs one tile with a thumbnail given as a picture, as for the sample of a manifest.
     *
     * @param tile `tile * tile` packed pixels.
     * @param thumb `thumbnail * thumbnail` packed pixels, or null.
     * @return `tile * tile` packed pixels.
     */
    fun sample(tile: IntArray, thumb: IntArray?): IntArray {
        require(tile.size == pixels.size && (thumb == null) == (thumbnail == null))
        thumbnail?.let { type.encode(thumb!!, it) }
        tile.copyInto(pixels)
        runOnce()
        return IntArray(pixels.size) { type.decode(enhanced, it) }
    }

    private fun runOnce() {
        type.encode(pixels, image)
        thumbnail?.rewind()
        enhanced.rewind()
        network.run(image, thumbnail, enhanced)
    }

    private fun keep(tile: Tile, result: Pixels) {
        val top = tile.outY - tile.inY
        val left = tile.outX - tile.inX
        var next = 0
        for (y in top until top + tile.outHeight) {
            for (x in left until left + tile.outWidth) pixels[next++] = type.decode(enhanced, y * side + x)
        }
        result.write(tile.outX, tile.outY, tile.outWidth, tile.outHeight, pixels)
    }
}

/** Returns the greatest difference of a color level between two pictures, 0 to 255. */
fun greatestDifference(one: IntArray, other: IntArray): Int {
    require(one.size == other.size) { "${one.size} pixels against ${other.size}" }
    return one.indices.maxOf { i -> (0..2).maxOf { c -> kotlin.math.abs(channel(one[i], c) - channel(other[i], c)) } }
}
