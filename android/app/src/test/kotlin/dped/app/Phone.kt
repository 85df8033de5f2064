package dped.app

import android.content.ContentProvider
import android.content.ContentValues
import android.content.Intent
import android.database.Cursor
import android.graphics.Bitmap
import android.graphics.Canvas
import android.net.Uri
import android.os.Looper
import android.os.ParcelFileDescriptor
import android.provider.MediaStore
import android.view.View
import android.widget.Button
import android.widget.TextView
import dped.core.ArrayPixels
import dped.core.Network
import java.io.File
import java.io.FileNotFoundException
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController

/** The app on a simulated phone, with a test network and a gallery that can fail. */
class Phone(opener: Opener) {
    val app = RuntimeEnvironment.getApplication() as DpedApp
    val session = app.session.apply {
        open = opener
        reader = PhotoReader(app) { 1L shl 30 } // the simulated phone reports no free memory
    }
    val gallery: Gallery = Robolectric.buildContentProvider(Gallery::class.java).create("media").get()
    val controller: ActivityController<MainActivity> = Robolectric.buildActivity(MainActivity::class.java).setup()
    var activity: MainActivity = controller.get()

    val status get() = activity.findViewById<TextView>(R.id.status).text.toString()
    val compare: CompareView get() = activity.findViewById(R.id.compare)

    fun button(id: Int): Button = activity.findViewById(id)

    fun text(id: Int, vararg details: Any) = app.getString(id, *details)

    /** Taps a button, which must be enabled. */
    fun tap(id: Int) {
        check(button(id).isEnabled) { "${button(id).text} is disabled; status: $status" }
        button(id).performClick()
    }

    /** Waits for the end of the work. */
    fun settle() = until { session.work == null }

    fun until(reached: () -> Boolean) {
        val end = System.nanoTime() + 60_000_000_000
        while (true) {
            shadowOf(Looper.getMainLooper()).idle()
            if (reached()) return
            check(System.nanoTime() < end) { "still waiting; status: $status" }
            Thread.sleep(5)
        }
    }

    /** Taps "Choose photo", and lets the picker return a file. Returns the app's request. */
    fun choose(file: File): Intent {
        tap(R.id.choose)
        val asked = shadowOf(activity).nextStartedActivityForResult
        shadowOf(activity).receiveResult(asked.intent, -1, Intent().setData(uriOf(file)))
        settle()
        return asked.intent
    }

    /** Sends a photo to the app, as another app does. */
    fun share(file: File) {
        val sent = Intent(Intent.ACTION_SEND).setType("image/png").putExtra(Intent.EXTRA_STREAM, uriOf(file))
        controller.newIntent(sent)
    }

    fun uriOf(file: File): Uri = Uri.parse("content://photos/${file.name}").also { uri ->
        shadowOf(app.contentResolver).registerInputStreamSupplier(uri) {
            if (file.exists()) file.inputStream() else throw FileNotFoundException("gone")
        }
    }

    fun recreate() {
        controller.recreate()
        activity = controller.get()
    }

    /** Writes the screen to a PNG file in the check's folder, and returns the picture. */
    fun screenshot(name: String): Bitmap {
        shadowOf(Looper.getMainLooper()).idle()
        val view: View = activity.window.decorView
        val picture = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
        view.draw(Canvas(picture))
        val folder = File(System.getProperty("check.target") ?: "build", "screens").apply { mkdirs() }
        File(folder, "$name.png").outputStream().use { picture.compress(Bitmap.CompressFormat.PNG, 100, it) }
        return picture
    }
}

/** A substitute for the phone's gallery. */
class Gallery : ContentProvider() {
    val entries = mutableMapOf<Uri, ContentValues>()
    var full = false

    fun file(uri: Uri) = File(context!!.filesDir, "gallery_${uri.lastPathSegment}")

    override fun onCreate() = true

    override fun insert(uri: Uri, values: ContentValues?): Uri {
        val entry = Uri.withAppendedPath(uri, "${entries.size + 1}")
        entries[entry] = ContentValues(values!!)
        return entry
    }

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor {
        if (full) throw FileNotFoundException("no room")
        val parsed = ParcelFileDescriptor.parseMode(mode) or ParcelFileDescriptor.MODE_CREATE
        return ParcelFileDescriptor.open(file(uri), parsed)
    }

    override fun update(uri: Uri, values: ContentValues?, selection: String?, args: Array<out String>?): Int {
        entries.getValue(uri).putAll(values!!)
        return 1
    }

    override fun delete(uri: Uri, selection: String?, args: Array<out String>?) =
        if (entries.remove(uri) == null) 0 else 1

    override fun getType(uri: Uri) = "image/jpeg"

    override fun query(uri: Uri, names: Array<out String>?, by: String?, args: Array<out String>?, order: String?): Cursor? = null
}

/** Writes a PNG file, which keeps the pixels. */
fun photoFile(pixels: ArrayPixels) = written(pixels, Bitmap.CompressFormat.PNG) { it }

/** Writes a JPEG file with an EXIF orientation and a maker of three letters. */
fun exifFile(pixels: ArrayPixels, orientation: Int, maker: String) = written(pixels, Bitmap.CompressFormat.JPEG) { jpeg ->
    val entries = listOf(
        byteArrayOf(1, 0x0F, 0, 2, 0, 0, 0, 4) + maker.encodeToByteArray() + 0,
        byteArrayOf(1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation.toByte(), 0, 0),
    )
    val header = "Exif\u0000\u0000MM\u0000*".encodeToByteArray() + byteArrayOf(0, 0, 0, 8, 0, entries.size.toByte())
    val exif = entries.fold(header) { all, entry -> all + entry } + byteArrayOf(0, 0, 0, 0)
    val size = exif.size + 2
    val marker = byteArrayOf(0xFF.toByte(), 0xE1.toByte(), (size shr 8).toByte(), size.toByte())
    jpeg.copyOf(2) + marker + exif + jpeg.copyOfRange(2, jpeg.size)
}

private fun written(pixels: ArrayPixels, format: Bitmap.CompressFormat, change: (ByteArray) -> ByteArray): File {
    val folder = RuntimeEnvironment.getApplication().filesDir
    val bitmap = Bitmap.createBitmap(pixels.values, pixels.width, pixels.height, Bitmap.Config.ARGB_8888)
    val bytes = java.io.ByteArrayOutputStream().also { bitmap.compress(format, 100, it) }.toByteArray()
    return File(folder, "photo_${folder.list()!!.size}").apply { writeBytes(change(bytes)) }
}

/** A network that waits in its first tile until the test releases it. */
class WaitingNetwork(private val inner: Network) : Network by inner {
    val started = java.util.concurrent.CountDownLatch(1)
    val letGo = java.util.concurrent.CountDownLatch(1)

    override fun run(image: java.nio.ByteBuffer, thumbnail: java.nio.ByteBuffer?, enhanced: java.nio.ByteBuffer) {
        started.countDown()
        letGo.await()
        inner.run(image, thumbnail, enhanced)
    }
}

/** The values of the gallery's entry. */
fun ContentValues.pending() = getAsInteger(MediaStore.Images.Media.IS_PENDING)
