package dped.app

import dped.core.Manifest
import dped.core.Network
import java.io.File
import java.nio.ByteBuffer
import org.tensorflow.lite.Interpreter
import org.tensorflow.lite.gpu.GpuDelegate
import org.tensorflow.lite.gpu.GpuDelegateFactory

/**
 * A model in LiteRT's interpreter.
 *
 * @param bytes the model in a direct buffer, which the network uses while it is open.
 * @throws RuntimeException if the runtime refuses the model or the processor.
 */
class LiteRtNetwork(bytes: ByteBuffer, model: Manifest, processor: Processor) : Network {
    private val delegate = if (processor == Processor.GPU) GpuDelegate(gpuOptions()) else null
    private val interpreter: Interpreter

    init {
        try {
            interpreter = Interpreter(bytes, options())
        } catch (error: RuntimeException) {
            delegate?.close()
            throw error
        }
    }

    private val inputs = if (model.thumbnail == null) listOf("image") else listOf("image", "thumbnail")

    init {
        val found = interpreter.getSignatureInputs(SIGNATURE).orEmpty().sorted()
        if (found != inputs) {
            close()
            throw IllegalArgumentException("the model takes $found, not $inputs")
        }
    }

    override fun run(image: ByteBuffer, thumbnail: ByteBuffer?, enhanced: ByteBuffer) {
        val values: Map<String, Any> = inputs.zip(listOfNotNull(image, thumbnail)).toMap()
        interpreter.runSignature(values, mapOf<String, Any>("enhanced" to enhanced), SIGNATURE)
    }

    override fun close() {
        interpreter.close()
        delegate?.close()
    }

    private fun options() = Interpreter.Options().apply {
        if (delegate != null) addDelegate(delegate) else setNumThreads(threads())
    }

    /** The GPU computes in 32 bits: the thumbnail's branch sums over a whole picture, too much for 16 bits. */
    private fun gpuOptions() = GpuDelegateFactory.Options()
        .setPrecisionLossAllowed(false)
        .setInferencePreference(GpuDelegateFactory.Options.INFERENCE_PREFERENCE_SUSTAINED_SPEED)

    private companion object {
        const val SIGNATURE = "serving_default"
    }
}

/** Returns the number of fast cores, at most 4: fast cores would wait for slow ones. */
private fun threads(): Int {
    val speeds = (0 until Runtime.getRuntime().availableProcessors()).map { core ->
        val file = File("/sys/devices/system/cpu/cpu$core/cpufreq/cpuinfo_max_freq")
        runCatching { file.readText().trim().toLong() }.getOrDefault(0)
    }
    return fastCores(speeds).coerceIn(1, 4)
}

/** Returns how many cores are faster than the slowest kind, or all cores if they are equal. */
fun fastCores(speeds: List<Long>): Int {
    val fast = speeds.count { it > speeds.min() }
    return if (fast > 0) fast else speeds.size
}
