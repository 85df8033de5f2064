package dped.app

import android.Manifest.permission.WRITE_EXTERNAL_STORAGE
import android.content.Intent
import android.provider.MediaStore
import dped.core.LookingNetwork
import dped.core.patternPhoto
import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** Tests of the app on Android 7, the oldest supported version, where newer calls would crash. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [24])
@GraphicsMode(GraphicsMode.Mode.LEGACY)
class OldestAndroidTest {
    @Test
    fun theAppWritesToTheGalleryAfterTheUserAllowsIt() {
        val phone = Phone { model, _ -> LookingNetwork(model) }
        assertEquals(Intent.ACTION_GET_CONTENT, phone.choose(photoFile(patternPhoto(30, 50))).action)
        phone.tap(R.id.enhance)
        phone.settle()
        assertTrue(phone.status, "MP/s" in phone.status)

        phone.tap(R.id.save)
        assertNull(phone.session.work)
        phone.activity.onRequestPermissionsResult(3, arrayOf(WRITE_EXTERNAL_STORAGE), intArrayOf(-1))
        assertEquals(phone.text(R.string.not_allowed), phone.status)
        assertEquals(0, phone.gallery.entries.size)

        shadowOf(phone.app).grantPermissions(WRITE_EXTERNAL_STORAGE)
        phone.tap(R.id.save)
        phone.settle()
        assertEquals(phone.text(R.string.saved), phone.status)
        @Suppress("DEPRECATION")
        val file = File(phone.gallery.entries.values.single().getAsString(MediaStore.Images.Media.DATA)!!)
        assertTrue(file.length() > 0)
    }
}
