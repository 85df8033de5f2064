package dped.app

import android.app.Activity
import android.content.Intent
import android.graphics.BitmapFactory
import android.media.ExifInterface
import android.net.Uri
import android.provider.MediaStore
import android.view.View
import android.view.accessibility.AccessibilityNodeInfo
import dped.core.ArrayPixels
import dped.core.Enhancer
import dped.core.LookingNetwork
import dped.core.packed
import dped.core.patternPhoto
import java.io.File
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertSame
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** Tests of the whole app on a simulated Android 15. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], qualifiers = "w360dp-h740dp-xhdpi")
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class MainActivityTest {
    private val photo = patternPhoto(300, 500)

    @Test
    fun aPhotoIsChosenEnhancedComparedAndSaved() {
        val phone = Phone { model, _ -> LookingNetwork(model) }
        assertFalse(phone.button(R.id.enhance).isEnabled)
        assertEquals(MediaStore.ACTION_PICK_IMAGES, phone.choose(photoFile(photo)).action)
        assertEquals(View.GONE, phone.activity.findViewById<View>(R.id.hint).visibility)

        phone.tap(R.id.enhance)
        phone.settle()
        assertTrue(phone.status, "on the CPU (int8)" in phone.status)
        val model = phone.session.models.list().usable.first()
        val expected = ArrayPixels(500, 300)
        Enhancer(LookingNetwork(model), model).enhance(photo, expected, { false }) { _, _ -> }
        assertArrayEquals(expected.values, pixelsOf(phone.session.result!!.bitmap))

        phone.tap(R.id.save)
        phone.settle()
        assertEquals(phone.text(R.string.saved), phone.status)
        val (uri, values) = phone.gallery.entries.entries.single()
        assertEquals(0, values.pending())
        assertEquals("Pictures/DPED", values.getAsString(MediaStore.Images.Media.RELATIVE_PATH))
        val saved = BitmapFactory.decodeFile(phone.gallery.file(uri).path)!!
        assertEquals(listOf(500, 300), listOf(saved.width, saved.height))
        assertEquals(emptyList<String>(), phone.app.cacheDir.list()!!.filter { it.endsWith(".jpg") })
    }

    @Test
    fun theDividerMovesByKeysScreenReadersAndFingers() {
        val phone = Phone { model, _ -> LookingNetwork(model) }
        assertFalse(phone.compare.performAccessibilityAction(AccessibilityNodeInfo.ACTION_SCROLL_FORWARD, null))
        phone.choose(photoFile(photo))
        phone.tap(R.id.enhance)
        phone.settle()
        val view = phone.compare
        assertEquals(0.5f, view.divider)
        assertTrue(view.performAccessibilityAction(AccessibilityNodeInfo.ACTION_SCROLL_FORWARD, null))
        assertEquals(0.55f, view.divider, 1e-6f)
        assertTrue("55" in view.contentDescription.toString())
        view.dispatchKeyEvent(android.view.KeyEvent(android.view.KeyEvent.ACTION_DOWN, android.view.KeyEvent.KEYCODE_DPAD_LEFT))
        assertEquals(0.5f, view.divider, 1e-6f)
        assertEquals("android.widget.SeekBar", view.createAccessibilityNodeInfo().className)
        drag(view, 0.5f, 0.2f)
        assertEquals(0.2f, view.divider, 1e-3f)
    }

    @Test
    fun cancelledWorkLeavesNothingBehind() {
        var network: WaitingNetwork? = null
        val looking = mutableListOf<LookingNetwork>()
        val phone = Phone { model, _ -> WaitingNetwork(LookingNetwork(model).also { looking += it }).also { network = it } }
        phone.choose(photoFile(photo))
        phone.tap(R.id.enhance)
        phone.until { network?.started?.count == 0L }
        assertEquals(phone.text(R.string.cancel), phone.button(R.id.enhance).text)
        assertFalse(phone.button(R.id.choose).isEnabled)
        phone.tap(R.id.enhance)
        network!!.letGo.countDown()
        phone.settle()
        assertEquals(phone.text(R.string.cancelled), phone.status)
        assertNull(phone.session.result)
        assertEquals(1, looking.single().runs)
        assertTrue(looking.single().closed)
        assertEquals(phone.text(R.string.enhance), phone.button(R.id.enhance).text)
    }

    @Test
    fun aRotationDisturbsNothing() {
        var network: WaitingNetwork? = null
        val phone = Phone { model, _ -> WaitingNetwork(LookingNetwork(model)).also { network = it } }
        phone.choose(photoFile(photo))
        phone.compare.divider = 0.3f
        phone.tap(R.id.enhance)
        phone.until { network?.started?.count == 0L }
        val old = phone.activity
        phone.recreate()
        assertTrue(old !== phone.activity && old.isDestroyed)
        assertEquals(phone.text(R.string.cancel), phone.button(R.id.enhance).text)
        network!!.letGo.countDown()
        phone.settle()
        assertTrue(phone.status, "MP/s" in phone.status)
        assertNotNull(phone.session.result)
        assertEquals(0.3f, phone.compare.divider)
    }

    @Test
    fun anUnreadableFileIsReportedAndTheOldPhotoStays() {
        val phone = Phone { model, _ -> LookingNetwork(model) }
        phone.choose(photoFile(photo))
        val before = phone.session.photo
        phone.choose(File(phone.app.filesDir, "text.jpg").apply { writeText("no picture") })
        assertEquals(phone.text(R.string.no_picture), phone.status)
        phone.choose(File(phone.app.filesDir, "gone.jpg"))
        assertEquals(phone.text(R.string.cannot_open), phone.status)
        assertSame(before, phone.session.photo)
    }

    @Test
    fun aFullPhoneKeepsNoHalfEntry() {
        val phone = Phone { model, _ -> LookingNetwork(model) }
        phone.choose(photoFile(photo))
        phone.tap(R.id.enhance)
        phone.settle()
        phone.gallery.full = true
        phone.tap(R.id.save)
        phone.settle()
        assertEquals(phone.text(R.string.cannot_save), phone.status)
        assertEquals(0, phone.gallery.entries.size)
        assertTrue(phone.button(R.id.save).isEnabled)
    }

    @Test
    fun aPhotoIsTurnedUprightAndKeepsItsExif() {
        val phone = Phone { model, _ -> LookingNetwork(model) }
        // In the file the left half is red. After a turn by a right angle the upper half is red.
        val stored = ArrayPixels(80, 40, IntArray(3200) { if (it % 80 < 40) packed(250, 0, 0) else packed(0, 0, 250) })
        phone.choose(exifFile(stored, 6, "Abc"))
        val shown = phone.session.photo!!.photo.bitmap
        assertEquals(listOf(40, 80), listOf(shown.width, shown.height))
        assertTrue(dped.core.channel(shown.getPixel(20, 10), 0) > 200)
        assertTrue(dped.core.channel(shown.getPixel(20, 70), 2) > 200)
        phone.tap(R.id.enhance)
        phone.settle()
        phone.tap(R.id.save)
        phone.settle()
        val saved = phone.gallery.file(phone.gallery.entries.keys.single())
        val exif = saved.inputStream().use { ExifInterface(it) }
        assertEquals("Abc", exif.getAttribute("Make"))
        assertEquals(1, exif.getAttributeInt("Orientation", 0))
    }

    @Test
    fun aPhotoTooLargeForMemoryIsReducedAndReported() {
        val phone = Phone { model, _ -> LookingNetwork(model) }
        phone.session.reader = PhotoReader(phone.app) { 100_000 }
        phone.choose(photoFile(photo))
        assertEquals(250, phone.session.photo!!.photo.bitmap.width)
        assertTrue(phone.status, "does not fit in memory" in phone.status)
        assertEquals(listOf(1, 2, 4, 64), listOf(100L, 101L, 404L, 1L shl 50).map { reductionFor(it, 100) })
    }

    @Test
    fun aPhotoIsTakenWithTheCamera() {
        val phone = Phone { model, _ -> LookingNetwork(model) }
        phone.tap(R.id.take)
        val asked = shadowOf(phone.activity).nextStartedActivityForResult.intent
        @Suppress("DEPRECATION")
        val uri = asked.getParcelableExtra<Uri>(MediaStore.EXTRA_OUTPUT)!!
        assertEquals("content://dped.app.capture/capture.jpg", uri.toString())
        assertEquals(Intent.FLAG_GRANT_WRITE_URI_PERMISSION, asked.flags and Intent.FLAG_GRANT_WRITE_URI_PERMISSION)
        phone.app.contentResolver.openOutputStream(uri)!!.use { photoFile(photo).inputStream().copyTo(it) }
        shadowOf(phone.activity).receiveResult(asked, Activity.RESULT_OK, null)
        phone.settle()
        assertEquals(500, phone.session.photo!!.photo.bitmap.width)
        phone.tap(R.id.take)
        val again = shadowOf(phone.activity).nextStartedActivityForResult.intent
        shadowOf(phone.activity).receiveResult(again, Activity.RESULT_OK, null)
        assertEquals(phone.text(R.string.no_picture_taken), phone.status)
    }

    @Test
    fun aSharedPhotoIsOpened() {
        val phone = Phone { model, _ -> LookingNetwork(model) }
        phone.share(photoFile(photo))
        phone.settle()
        assertNotNull(phone.session.photo)
    }

    @Test
    fun aPhotoSharedMeanwhileReplacesTheOther() {
        var network: WaitingNetwork? = null
        val phone = Phone { model, _ -> WaitingNetwork(LookingNetwork(model)).also { network = it } }
        phone.choose(photoFile(photo))
        phone.tap(R.id.enhance)
        phone.until { network?.started?.count == 0L }
        phone.share(photoFile(patternPhoto(90, 80)))
        phone.share(photoFile(patternPhoto(70, 60))) // the last one counts
        network!!.letGo.countDown()
        phone.settle()
        assertEquals(60, phone.session.photo!!.photo.bitmap.width)
        assertNull(phone.session.result)
        assertTrue(phone.button(R.id.enhance).isEnabled)
        assertEquals(phone.text(R.string.enhance), phone.button(R.id.enhance).text)
    }

    @Test
    fun aFailingModelIsReported() {
        val phone = Phone { _, _ -> throw IllegalArgumentException("bad model") }
        phone.choose(photoFile(photo))
        phone.tap(R.id.enhance)
        phone.settle()
        assertEquals(phone.text(R.string.cannot_run, phone.session.models.list().usable.first().file), phone.status)
    }

    private fun drag(view: View, from: Float, to: Float) {
        val events = (0..10).map { (from + (to - from) * minOf(it, 9) / 9) * view.width }
        events.forEachIndexed { i, x ->
            val action = when (i) {
                0 -> android.view.MotionEvent.ACTION_DOWN
                10 -> android.view.MotionEvent.ACTION_UP
                else -> android.view.MotionEvent.ACTION_MOVE
            }
            val event = android.view.MotionEvent.obtain(1000, 1000L + i * 40, action, x, view.height / 2f, 0)
            view.dispatchTouchEvent(event)
            event.recycle()
        }
    }
}
