package dped.app

import android.Manifest.permission.WRITE_EXTERNAL_STORAGE
import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.ClipData
import android.content.Intent
import android.content.pm.PackageManager
import android.net.Uri
import android.os.Build
import android.os.Bundle
import android.provider.MediaStore
import android.view.View
import android.widget.AdapterView
import android.widget.ArrayAdapter
import android.widget.Button
import android.widget.ProgressBar
import android.widget.Spinner
import android.widget.TextView
import dped.core.Manifest

/** The app's only screen. It shows the session and passes on the user's actions. */
class MainActivity : Activity() {
    private val session get() = (application as DpedApp).session
    private val compare: CompareView by lazy { findViewById(R.id.compare) }
    private val hint: TextView by lazy { findViewById(R.id.hint) }
    private val status: TextView by lazy { findViewById(R.id.status) }
    private val progress: ProgressBar by lazy { findViewById(R.id.progress) }
    private val model: Spinner by lazy { findViewById(R.id.model) }
    private val processor: Spinner by lazy { findViewById(R.id.processor) }
    private var usable = emptyList<Manifest>()
    private val showing: () -> Unit = { show() }

    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        setContentView(R.layout.main)
        keepClearOfBars(findViewById(R.id.root))
        button(R.id.choose).setOnClickListener { choose() }
        button(R.id.take).setOnClickListener { take() }
        button(R.id.enhance).setOnClickListener { enhanceOrCancel() }
        button(R.id.save).setOnClickListener { save() }
        button(R.id.check).setOnClickListener { chosen()?.let { session.check(it, wanted()) } }
        fillChoices()
        session.changed = showing
        if (saved == null) openShared(intent) else compare.divider = saved.getFloat(DIVIDER, 0.5f)
        show()
    }

    override fun onNewIntent(intent: Intent) {
        super.onNewIntent(intent)
        openShared(intent)
    }

    override fun onSaveInstanceState(out: Bundle) {
        super.onSaveInstanceState(out)
        out.putFloat(DIVIDER, compare.divider)
    }

    override fun onDestroy() {
        // The next activity may listen already.
        if (session.changed === showing) session.changed = null
        super.onDestroy()
    }

    private fun fillChoices() {
        val found = session.models.list()
        usable = found.usable
        val names = usable.map { getString(R.string.model_name, it.label ?: it.name, words(it.precision)) }
        model.adapter = choices(names.ifEmpty { listOf(getString(R.string.no_model)) })
        processor.adapter = choices(Processor.entries.map { it.name })
        model.onItemSelectedListener = object : AdapterView.OnItemSelectedListener {
            override fun onItemSelected(parent: AdapterView<*>?, view: View?, position: Int, id: Long) = show()

            override fun onNothingSelected(parent: AdapterView<*>?) = Unit
        }
        if (found.refused.isNotEmpty() && session.message == null) {
            session.say(found.refused.map { getString(R.string.model_refused, it.key, it.value) }.joinToString("\n"))
        }
    }

    private fun choices(names: List<String>) = ArrayAdapter(this, R.layout.choice, names)
        .apply { setDropDownViewResource(android.R.layout.simple_spinner_dropdown_item) }

    private fun show() {
        val work = session.work
        val photo = session.photo?.photo
        val idle = work == null
        compare.show(photo, session.result)
        hint.visibility = if (photo == null && idle) View.VISIBLE else View.GONE
        status.text = work?.title ?: session.message ?: ""
        progress.visibility = if (idle) View.INVISIBLE else View.VISIBLE
        progress.isIndeterminate = work?.share == null
        progress.progress = ((work?.share ?: 0f) * progress.max).toInt()
        val cancel = work?.cancellable == true
        button(R.id.enhance).setText(if (cancel) R.string.cancel else R.string.enhance)
        button(R.id.enhance).isEnabled = cancel || idle && photo != null && usable.isNotEmpty()
        button(R.id.save).isEnabled = idle && session.result != null
        button(R.id.check).isEnabled = idle && usable.isNotEmpty()
        for (view in listOf(button(R.id.choose), button(R.id.take), model, processor)) view.isEnabled = idle
    }

    private fun words(precision: String) = when (precision) {
        "int8" -> getString(R.string.fastest)
        "fp16" -> getString(R.string.best_quality)
        else -> precision
    }

    private fun chosen() = usable.getOrNull(model.selectedItemPosition)

    private fun wanted() = Processor.entries[maxOf(processor.selectedItemPosition, 0)]

    private fun enhanceOrCancel() {
        if (session.work != null) session.cancel() else chosen()?.let { session.enhance(it, wanted()) }
    }

    private fun choose() {
        val any = Intent(Intent.ACTION_GET_CONTENT).addCategory(Intent.CATEGORY_OPENABLE).setType("image/*")
        val picker = if (Build.VERSION.SDK_INT >= 33) Intent(MediaStore.ACTION_PICK_IMAGES) else any
        if (!started(picker, CHOOSE) && !started(any, CHOOSE)) session.say(getString(R.string.no_gallery))
    }

    private fun take() {
        val uri = CaptureProvider.uri(this)
        CaptureProvider.file(this).delete()
        val camera = Intent(MediaStore.ACTION_IMAGE_CAPTURE).putExtra(MediaStore.EXTRA_OUTPUT, uri)
        camera.clipData = ClipData.newRawUri(null, uri)
        camera.addFlags(Intent.FLAG_GRANT_WRITE_URI_PERMISSION or Intent.FLAG_GRANT_READ_URI_PERMISSION)
        if (!started(camera, TAKE)) session.say(getString(R.string.no_camera))
    }

    private fun started(intent: Intent, request: Int): Boolean = try {
        startActivityForResult(intent, request)
        true
    } catch (_: ActivityNotFoundException) {
        false
    } catch (_: SecurityException) { // this camera app does not accept requests
        false
    }

    override fun onActivityResult(request: Int, result: Int, data: Intent?) {
        if (result != RESULT_OK) return
        when (request) {
            CHOOSE -> data?.data?.let { session.open(it) }
            TAKE ->
                if (CaptureProvider.file(this).length() > 0) {
                    session.open(CaptureProvider.uri(this))
                } else {
                    session.say(getString(R.string.no_picture_taken))
                }
        }
    }

    private fun openShared(intent: Intent?) {
        if (intent?.action != Intent.ACTION_SEND) return
        @Suppress("DEPRECATION") // the typed form exists from Android 13 on
        val uri = intent.getParcelableExtra<Uri>(Intent.EXTRA_STREAM) ?: return
        session.open(uri)
    }

    /** Before Android 10, the app writes to the gallery's folder, and the user must allow that. */
    private fun save() {
        val allowed = Build.VERSION.SDK_INT >= 29 ||
            checkSelfPermission(WRITE_EXTERNAL_STORAGE) == PackageManager.PERMISSION_GRANTED
        if (allowed) session.save() else requestPermissions(arrayOf(WRITE_EXTERNAL_STORAGE), SAVE)
    }

    override fun onRequestPermissionsResult(request: Int, names: Array<out String>, results: IntArray) {
        if (request != SAVE || results.isEmpty()) return
        if (results[0] == PackageManager.PERMISSION_GRANTED) session.save() else session.say(getString(R.string.not_allowed))
    }

    private fun button(id: Int): Button = findViewById(id)

    private companion object {
        const val DIVIDER = "divider"
        const val CHOOSE = 1
        const val TAKE = 2
        const val SAVE = 3
    }
}
