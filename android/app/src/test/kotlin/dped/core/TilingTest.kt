package dped.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Test

/** Tests of the plan against docs/tiling_vectors.json, which Python wrote. */
class TilingTest {
    @Test
    fun plansEqualPythons() {
        for (v in vectors("tiling_vectors.json", "plans")) {
            val (tile, halo, multiple) = listOf(v.int("tile"), v.int("halo"), v.int("multiple"))
            val sides = listOf(v.int("height"), v.int("width"))
            assertEquals("$v", v.ints("balanced"), sides.map { balancedTile(it, tile, halo, multiple) })
            assertEquals("$v", v.table("tiles"), planTiles(sides[0], sides[1], tile, tile, halo, multiple).map(::listed))
        }
    }

    @Test
    fun axesOfLargePhotosEqualPythons() {
        for (v in vectors("tiling_vectors.json", "axes")) {
            val (length, tile, halo) = listOf(v.int("length"), v.int("tile"), v.int("halo"))
            val multiple = v.int("multiple")
            val spans = planTiles(1, length, multiple, tile, halo, multiple)
                .map { listOf(it.inX, it.inWidth, it.outX, it.outWidth) }
            assertEquals("$v", v.int("balanced"), balancedTile(length, tile, halo, multiple))
            assertEquals("$v", v.int("count"), spans.size)
            assertEquals("$v", v.table("first"), spans.take(3))
            assertEquals("$v", v.table("last"), spans.takeLast(3))
        }
    }

    @Test
    fun plansThatPythonRefusesAreRefused() {
        for (v in vectors("tiling_vectors.json", "refused")) {
            assertThrows("$v", PlanException::class.java) {
                planTiles(1, v.int("length"), v.int("tile"), v.int("tile"), v.int("halo"))
            }
        }
        assertThrows(PlanException::class.java) { planTiles(9, 9, 64, 64, 9, 2) }
        assertThrows(PlanException::class.java) { planTiles(9, 9, 63, 64, 8, 2) }
    }

    private fun listed(t: Tile) =
        listOf(t.inY, t.inX, t.inHeight, t.inWidth, t.outY, t.outX, t.outHeight, t.outWidth)
}
