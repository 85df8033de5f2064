package dped.app

import android.graphics.BitmapFactory
import dped.core.Manifest
import dped.core.Network
import dped.core.greatestDifference
import dped.core.projectFolder
import java.io.DataInputStream
import java.io.File
import java.nio.ByteBuffer
import org.junit.After
import org.junit.Assert.assertTrue
import org.junit.Assume.assumeTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.ParameterizedRobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** Compares the shipped networks over a whole photo in this app with Python's `enhance_image`. */
@RunWith(ParameterizedRobolectricTestRunner::class)
@Config(sdk = [35], qualifiers = "w360dp-h740dp-xhdpi")
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class RealNetworkTest(private val name: String, private val precision: String) {
    private val python = System.getProperty("check.python").orEmpty()
    private val folder = File(System.getProperty("check.target") ?: "build", "real").apply { mkdirs() }
    private var network: PythonNetwork? = null

    @After
    fun end() {
        network?.end()
    }

    @Test
    fun theResultEqualsPythons() {
        assumeTrue("needs the project's Python", File(python).canExecute())
        val phone = Phone { model, _ -> network!!.also { it.model = model } }
        val manifest = phone.session.models.list().usable.single { it.name == name && it.precision == precision }
        network = PythonNetwork(python, manifest, folder)
        val choice = phone.session.models.list().usable.indexOf(manifest)
        phone.activity.findViewById<android.widget.Spinner>(R.id.model).setSelection(choice)
        phone.choose(File(folder, "photo.png"))
        phone.tap(R.id.enhance)
        phone.settle()
        assertTrue(phone.status, precision in phone.status)
        val expected = pixelsOf(BitmapFactory.decodeFile(File(folder, "enhanced.png").path)!!)
        val difference = greatestDifference(expected, pixelsOf(phone.session.result!!.bitmap))
        println("$name, $precision: the photo is at most $difference of 255 levels from Python's")
        // A thumbnail value halfway between two levels may round to either level.
        assertTrue("$difference levels from Python's", difference <= 1)
        pictures(phone)
    }

    /** Writes screenshots to look at. The test only checks that they have several colors. */
    private fun pictures(phone: Phone) {
        val screens = mutableListOf(phone.screenshot("$name-$precision-portrait"))
        RuntimeEnvironment.setQualifiers("+land-night")
        phone.recreate()
        screens += phone.screenshot("$name-$precision-landscape-night")
        for (screen in screens) assertTrue(pixelsOf(screen).toSet().size > 1000)
    }

    companion object {
        @JvmStatic
        @ParameterizedRobolectricTestRunner.Parameters(name = "{0}, {1}")
        fun networks() = listOf("universal", "iphone_3gs").flatMap { name -> listOf("int8", "fp16").map { arrayOf(name, it) } }
    }
}

/** A network that android/check/network.py runs. */
private class PythonNetwork(python: String, manifest: Manifest, folder: File) : Network {
    var model = manifest
    private val process = ProcessBuilder(
        python, "android/check/network.py", "models/pretrained/${manifest.file}", folder.path,
    ).directory(projectFolder).redirectError(File(folder, "python.log"))
        .apply { environment()["PYTHONPATH"] = projectFolder.path }.start()
    private val answers = DataInputStream(process.inputStream.buffered())

    init {
        val ready = generateSequence { answers.read().takeIf { it >= 0 && it != '\n'.code } }
            .map { it.toChar() }.joinToString("")
        check(ready == "ready") { File(folder, "python.log").readText() }
    }

    override fun run(image: ByteBuffer, thumbnail: ByteBuffer?, enhanced: ByteBuffer) {
        for (tensor in listOfNotNull(image, thumbnail)) {
            process.outputStream.write(ByteArray(tensor.remaining()).also { tensor.duplicate().get(it) })
        }
        process.outputStream.flush()
        enhanced.put(ByteArray(enhanced.remaining()).also(answers::readFully))
    }

    override fun close() = Unit

    fun end() {
        process.outputStream.close()
        process.waitFor()
    }
}
