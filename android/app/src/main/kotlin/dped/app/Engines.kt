package dped.app

import android.content.Context
import dped.core.Enhancer
import dped.core.Manifest
import dped.core.Network
import dped.core.greatestDifference

/** The processor that runs a network. */
enum class Processor { CPU, GPU }

/** Opens a network on one processor, or throws any error of the runtime. */
typealias Opener = (model: Manifest, processor: Processor) -> Network

/** An open network, its [processor], and the reason if that is not the chosen processor, or null. */
class Engine(val network: Network, val processor: Processor, val note: String?)

/**
 * Opens networks on a processor that computes the right result. A GPU must first reproduce the model's
 * expected sample picture, or the CPU takes over. Use engines on one thread only, as the GPU delegate
 * requires.
 */
class Engines(private val context: Context, private val models: Models, private val open: Opener) {
    /** @throws PlainException if the CPU cannot run the model either. */
    fun engine(model: Manifest, wanted: Processor): Engine {
        if (wanted == Processor.CPU) return Engine(openCpu(model), Processor.CPU, null)
        val sample = models.sample(model) ?: return fallback(model, context.getString(R.string.gpu_unproven))
        var network: Network? = null
        try {
            network = open(model, Processor.GPU)
            val difference = difference(network, model, sample)
            if (difference <= model.sample!!.levels) return Engine(network, Processor.GPU, null)
            network.close()
            return fallback(model, context.getString(R.string.gpu_wrong, difference, model.sample.levels))
        } catch (_: RuntimeException) {
            runCatching { network?.close() }
            return fallback(model, context.getString(R.string.gpu_unavailable))
        } catch (_: LinkageError) { // the runtime's library or one of its classes is missing
            runCatching { network?.close() }
            return fallback(model, context.getString(R.string.gpu_unavailable))
        }
    }

    /**
     * Returns a sentence on the difference between this phone's result and the expected sample picture.
     *
     * @throws PlainException if the model has no sample, or cannot be opened.
     */
    fun check(model: Manifest, wanted: Processor): String {
        val sample = models.sample(model) ?: throw PlainException(R.string.no_sample)
        val engine = engine(model, wanted)
        return engine.network.use {
            val difference = difference(it, model, sample)
            val allowed = model.sample!!.levels
            val verdict = if (difference <= allowed) R.string.check_right else R.string.check_wrong
            listOfNotNull(engine.note, context.getString(verdict, engine.processor.name, difference, allowed))
                .joinToString(" ")
        }
    }

    private fun difference(network: Network, model: Manifest, sample: SamplePixels) =
        greatestDifference(Enhancer(network, model).sample(sample.image, sample.thumbnail), sample.expected)

    private fun fallback(model: Manifest, note: String) = Engine(openCpu(model), Processor.CPU, note)

    private fun openCpu(model: Manifest): Network = try {
        open(model, Processor.CPU)
    } catch (error: RuntimeException) {
        throw PlainException(R.string.cannot_run, model.file, cause = error)
    } catch (error: LinkageError) {
        throw PlainException(R.string.no_runtime, cause = error)
    }
}
