package dped.app

import android.content.Context
import android.graphics.Bitmap
import android.net.Uri
import android.os.Handler
import android.os.Looper
import dped.core.CancelledException
import dped.core.Enhancer
import dped.core.Manifest
import java.util.concurrent.Executors
import java.util.concurrent.atomic.AtomicBoolean

/**
 * The photo, its result and the current work, if any. A session outlives activities.
 *
 * Call public functions on the main thread. The work runs on one other thread, always the same.
 */
class Session(private val context: Context) {
    /** The parts that tests replace. */
    var reader = PhotoReader(context)
    var saver = PhotoSaver(context)
    val models = Models(context.assets)
    var open: Opener = { model, processor -> LiteRtNetwork(models.load(model), model, processor) }

    /** Called after each change, on the main thread. */
    var changed: (() -> Unit)? = null

    var photo: OpenedPhoto? = null
        private set
    var result: Photo? = null
        private set

    /** The message for the user. */
    var message: String? = null
        private set

    /** The current work, or null. */
    var work: Work? = null
        private set

    /** @property share finished share of the work, in [0, 1], or null if not known. */
    class Work(val title: String, val cancellable: Boolean, val share: Float?)

    private val main = Handler(Looper.getMainLooper())
    private val worker = Executors.newSingleThreadExecutor { Thread(it, "dped-work") }
    private var cancelled = AtomicBoolean()
    private var next: Uri? = null // a photo that another app sent during the work

    /** Reads a photo after the current work has ended. If reading fails, the last photo stays. */
    fun open(uri: Uri) {
        if (work != null) {
            next = uri
            cancel()
        } else {
            read(uri)
        }
    }

    private fun read(uri: Uri) = start(R.string.opening, false) {
        val opened = reader.open(uri)
        val note = opened.reducedFrom?.let {
            context.getString(R.string.reduced, it, opened.photo.megapixels)
        }
        finish(note) {
            photo = opened
            result = null
        }
    }

    /** Enhances the photo with a model. */
    fun enhance(model: Manifest, wanted: Processor) {
        val source = photo?.photo ?: return
        start(R.string.enhancing, true) { stop ->
            val engine = Engines(context, models, open).engine(model, wanted)
            engine.network.use {
                if (stop.get()) throw CancelledException()
                val bitmap = source.bitmap.emptyOfSize()
                val began = System.nanoTime()
                var tiles = 1
                Enhancer(it, model).enhance(BitmapPixels(source.bitmap), BitmapPixels(bitmap), stop::get) { done, total ->
                    tiles = total
                    report(R.string.enhancing, done / total.toFloat())
                }
                val seconds = (System.nanoTime() - began) / 1e9
                val enhanced = Photo(bitmap)
                val measured = context.getString(
                    R.string.measured, seconds, enhanced.megapixels / seconds, seconds * 1000 / tiles,
                    engine.processor.name, model.precision,
                )
                finish(listOfNotNull(engine.note, measured).joinToString(" ")) { result = enhanced }
            }
        }
    }

    /** Runs a model on its sample picture and reports the difference to the expected picture. */
    fun check(model: Manifest, wanted: Processor) = start(R.string.checking, false) {
        finish(Engines(context, models, open).check(model, wanted)) {}
    }

    /** Saves the result to the gallery. */
    fun save() {
        val enhanced = result ?: return
        val exif = photo?.exif
        start(R.string.saving, false) {
            saver.save(enhanced.bitmap, exif)
            finish(context.getString(R.string.saved)) {}
        }
    }

    /** Asks the current work to stop soon. */
    fun cancel() = cancelled.set(true)

    /** Shows a message that does not come from the work. */
    fun say(text: String) {
        message = text
        changed?.invoke()
    }

    private fun start(title: Int, cancellable: Boolean, job: (AtomicBoolean) -> Unit) {
        if (work != null) return
        val stop = AtomicBoolean()
        cancelled = stop
        message = null
        work = Work(context.getString(title), cancellable, null)
        changed?.invoke()
        worker.execute {
            try {
                job(stop)
            } catch (_: CancelledException) {
                finish(context.getString(R.string.cancelled)) {}
            } catch (error: PlainException) {
                finish(error.sentence(context)) {}
            } catch (_: OutOfMemoryError) {
                finish(context.getString(R.string.no_memory)) {}
            } catch (error: RuntimeException) {
                finish(context.getString(R.string.failed, error.message ?: error.javaClass.simpleName)) {}
            }
        }
    }

    private fun report(title: Int, share: Float) {
        main.post {
            // The work may have ended meanwhile.
            if (work?.cancellable == true) {
                work = Work(context.getString(title), true, share)
                changed?.invoke()
            }
        }
    }

    private fun finish(text: String?, change: () -> Unit) {
        main.post {
            work = null
            change()
            message = text
            changed?.invoke()
            next?.let {
                next = null
                read(it)
            }
        }
    }
}

private fun Bitmap.emptyOfSize() =
    Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888).apply { setHasAlpha(false) }
