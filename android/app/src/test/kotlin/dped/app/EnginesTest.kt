package dped.app

import android.content.Context
import dped.core.LookingNetwork
import dped.core.Manifest
import dped.core.Network
import dped.core.TensorType
import java.nio.ByteBuffer
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** Tests of the choice of a processor. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35])
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class EnginesTest {
    private val context: Context = RuntimeEnvironment.getApplication()
    private val models = Models(context.assets)
    private val usable = models.list().usable.filter { it.name == "iphone_3gs" } // the user's own models may be there too
    private val opened = mutableListOf<Processor>()

    @Test
    fun theShippedModelsAreListedFastestFirst() {
        assertEquals(listOf("int8", "fp16"), usable.map { it.precision })
        assertEquals("universal", models.list().usable[0].name)
        assertEquals(emptyList<String>(), models.list().refused.keys.filter { "iphone_3gs" in it })
        for (model in usable) {
            assertTrue(models.load(model).run { isDirect && capacity() > 10_000 })
            assertEquals(256 * 256, models.sample(model)!!.expected.size)
        }
    }

    @Test
    fun theModelForAnyPhoneComesBeforeTheUsersOwn() {
        val own = usable.map { it.copy(file = it.file.replace("iphone_3gs", "a_phone")) }
        val listed = (own + models.list().usable).sortedWith(Models.BY_USE)
        assertEquals(listOf("universal", "universal", "a_phone", "a_phone"), listed.take(4).map { it.name })
    }

    @Test
    fun aModelWithAnotherFilesManifestIsRefused() {
        assertThrows(PlainException::class.java) { models.load(usable[0].copy(sha256 = "00")) }
        assertThrows(PlainException::class.java) { models.load(usable[0].copy(file = "none.tflite")) }
    }

    @Test
    fun aGpuThatReproducesTheSampleIsUsed() {
        for (model in usable) {
            val engine = engines { m, _ -> SampleNetwork(m, models, 0) }.engine(model, Processor.GPU)
            assertEquals(Processor.GPU, engine.processor)
            assertNull(engine.note)
        }
    }

    @Test
    fun aGpuWithAWrongResultIsReplaced() {
        val model = usable[0]
        val networks = mutableListOf<LookingNetwork>()
        val engine = engines { m, _ -> LookingNetwork(m).also { networks += it } }.engine(model, Processor.GPU)
        assertEquals(Processor.CPU, engine.processor)
        assertTrue(engine.note!!, "wrong sample picture" in engine.note)
        assertEquals(listOf(Processor.GPU, Processor.CPU), opened)
        assertEquals(listOf(true, false), networks.map { it.closed })
    }

    @Test
    fun theManifestSetsTheAllowedDifference() {
        val model = usable[0]
        val levels = model.sample!!.levels
        assertNull(engines { m, _ -> SampleNetwork(m, models, levels) }.engine(model, Processor.GPU).note)
        val engine = engines { m, _ -> SampleNetwork(m, models, levels + 1) }.engine(model, Processor.GPU)
        assertEquals(context.getString(R.string.gpu_wrong, levels + 1, levels), engine.note)
    }

    @Test
    fun aMissingGpuIsReplaced() {
        for (error in listOf(IllegalArgumentException("no GPU"), UnsatisfiedLinkError("no library"))) {
            val engine = engines { m, processor ->
                if (processor == Processor.GPU) throw error
                LookingNetwork(m)
            }.engine(usable[0], Processor.GPU)
            assertEquals(Processor.CPU, engine.processor)
            assertEquals(context.getString(R.string.gpu_unavailable), engine.note)
        }
    }

    @Test
    fun aModelWithoutASampleRunsOnTheCpu() {
        val engine = engines { m, _ -> LookingNetwork(m) }.engine(usable[0].copy(sample = null), Processor.GPU)
        assertEquals(Processor.CPU, engine.processor)
        assertEquals(listOf(Processor.CPU), opened)
    }

    @Test
    fun checkReportsTheDifference() {
        val model = usable[0]
        val right = engines { m, _ -> SampleNetwork(m, models, 3) }.check(model, Processor.CPU)
        assertEquals(context.getString(R.string.check_right, "CPU", 3, 10), right)
        val wrong = engines { m, _ -> SampleNetwork(m, models, 11) }.check(model, Processor.CPU)
        assertEquals(context.getString(R.string.check_wrong, "CPU", 11, 10), wrong)
    }

    @Test
    fun aMissingRuntimeLibraryGivesASentence() {
        // A JVM has no LiteRT: the error of LiteRtNetwork must not end the app.
        val engines = Engines(context, models) { m, p -> LiteRtNetwork(models.load(m), m, p) }
        val error = assertThrows(PlainException::class.java) { engines.engine(usable[0], Processor.GPU) }
        assertTrue(error.sentence(context).isNotEmpty())
    }

    @Test
    fun slowCoresGetNoThreads() {
        assertEquals(4, fastCores(listOf(1800, 1800, 1800, 1800, 2400, 2400, 2400, 2800)))
        assertEquals(8, fastCores(List(8) { 0L }))
        assertEquals(1, fastCores(listOf(1000)))
    }

    private fun engines(open: Opener) = Engines(context, models) { model, processor ->
        opened += processor
        open(model, processor)
    }
}

/** Returns the expected picture for the sample picture, with the first value off by [off] levels. */
private class SampleNetwork(private val model: Manifest, models: Models, private val off: Int) : Network {
    private val expected = models.sample(model)!!.expected.copyOf()

    override fun run(image: ByteBuffer, thumbnail: ByteBuffer?, enhanced: ByteBuffer) {
        model.type.encode(expected, enhanced)
        val first = dped.core.channel(expected[0], 0)
        val moved = if (first + off <= 255) first + off else first - off
        if (model.type == TensorType.UINT8) enhanced.put(0, moved.toByte()) else enhanced.putFloat(0, moved / 255f)
    }

    override fun close() = Unit
}
