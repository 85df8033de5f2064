package dped.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Test

/** Tests of the plan against docs/tiling_vectors.json, which Python wrote. */
class TilingTest {
    @Test
    fun plansEqualPythons() {
        for (v in vectors("tiling_vectors.json", "plans")) {
            val tile = v.int("tile")
            val plan = planTiles(v.int("height"), v.int("width"), tile, v.int("halo"), v.int("multiple"))
            assertEquals("$v", v.table("tiles"), plan.map { listed(it, tile) })
        }
    }

    @Test
    fun axesOfLargePhotosEqualPythons() {
        for (v in vectors("tiling_vectors.json", "axes")) {
            val tile = v.int("tile")
            val spans = planTiles(1, v.int("length"), tile, v.int("halo"), v.int("multiple"))
                .map { listOf(it.inX, tile, it.outX, it.outWidth) }
            assertEquals("$v", v.int("count"), spans.size)
            assertEquals("$v", v.table("first"), spans.take(3))
            assertEquals("$v", v.table("last"), spans.takeLast(3))
        }
    }

    @Test
    fun plansThatPythonRefusesAreRefused() {
        for (v in vectors("tiling_vectors.json", "refused")) {
            assertThrows("$v", PlanException::class.java) {
                planTiles(1, v.int("length"), v.int("tile"), v.int("halo"))
            }
        }
        assertThrows(PlanException::class.java) { planTiles(9, 9, 64, 9, 2) }
        assertThrows(PlanException::class.java) { planTiles(9, 9, 63, 8, 2) }
    }

    private fun listed(t: Tile, tile: Int) =
        listOf(t.inY, t.inX, tile, tile, t.outY, t.outX, t.outHeight, t.outWidth)
}
