package dped.app

import android.annotation.TargetApi
import android.content.ContentValues
import android.content.Context
import android.graphics.Bitmap
import android.net.Uri
import android.os.Build
import android.os.Environment
import android.provider.MediaStore
import dped.core.copyWithExif
import java.io.File
import java.io.IOException
import java.text.SimpleDateFormat
import java.util.Date
import java.util.Locale

/** Saves results to the phone's gallery, in `Pictures/DPED`, completely or not at all. */
class PhotoSaver(private val context: Context) {
    /**
     * @param exif an EXIF segment for the file, or null.
     * @return the address of the saved photo.
     * @throws PlainException if the photo cannot be written. Then nothing is left behind.
     */
    fun save(bitmap: Bitmap, exif: ByteArray?): Uri {
        val name = "DPED_" + SimpleDateFormat("yyyyMMdd_HHmmss_SSS", Locale.US).format(Date()) + ".jpg"
        val jpeg = File(context.cacheDir, name)
        val plain = File(context.cacheDir, "plain.jpg")
        try {
            plain.outputStream().use {
                if (!bitmap.compress(Bitmap.CompressFormat.JPEG, QUALITY, it)) throw IOException("not compressed")
            }
            jpeg.outputStream().use { to ->
                plain.inputStream().use { if (exif == null) it.copyTo(to) else copyWithExif(it, exif, to) }
            }
            return if (Build.VERSION.SDK_INT >= 29) insert(jpeg, name) else copy(jpeg, name)
        } catch (error: IOException) {
            throw PlainException(R.string.cannot_save, cause = error)
        } catch (error: SecurityException) {
            throw PlainException(R.string.cannot_save, cause = error)
        } catch (error: IllegalStateException) { // the gallery's storage is not available
            throw PlainException(R.string.cannot_save, cause = error)
        } finally {
            plain.delete()
            jpeg.delete()
        }
    }

    @TargetApi(29)
    private fun insert(jpeg: File, name: String): Uri {
        val resolver = context.contentResolver
        val values = ContentValues().apply {
            put(MediaStore.Images.Media.DISPLAY_NAME, name)
            put(MediaStore.Images.Media.MIME_TYPE, TYPE)
            put(MediaStore.Images.Media.RELATIVE_PATH, "${Environment.DIRECTORY_PICTURES}/$FOLDER")
            put(MediaStore.Images.Media.IS_PENDING, 1)
        }
        val uri = resolver.insert(MediaStore.Images.Media.EXTERNAL_CONTENT_URI, values)
            ?: throw IOException("no entry in the gallery")
        var whole = false
        try {
            val output = resolver.openOutputStream(uri) ?: throw IOException("nothing to write to")
            output.use { to -> jpeg.inputStream().use { it.copyTo(to) } }
            val shown = ContentValues().apply { put(MediaStore.Images.Media.IS_PENDING, 0) }
            if (resolver.update(uri, shown, null, null) != 1) throw IOException("the gallery's entry is gone")
            whole = true
            return uri
        } finally {
            if (!whole) resolver.delete(uri, null, null)
        }
    }

    /** Before Android 10, apps write files to the shared folder, and the gallery lists the files. */
    @Suppress("DEPRECATION")
    private fun copy(jpeg: File, name: String): Uri {
        val folder = File(Environment.getExternalStoragePublicDirectory(Environment.DIRECTORY_PICTURES), FOLDER)
        val file = File(folder, name)
        var whole = false
        try {
            if (!folder.isDirectory && !folder.mkdirs()) throw IOException("no folder $folder")
            jpeg.copyTo(file)
            val values = ContentValues().apply {
                put(MediaStore.Images.Media.DISPLAY_NAME, name)
                put(MediaStore.Images.Media.MIME_TYPE, TYPE)
                put(MediaStore.Images.Media.DATA, file.path)
            }
            val uri = context.contentResolver.insert(MediaStore.Images.Media.EXTERNAL_CONTENT_URI, values)
                ?: throw IOException("no entry in the gallery")
            whole = true
            return uri
        } finally {
            if (!whole) file.delete()
        }
    }

    private companion object {
        const val QUALITY = 95
        const val TYPE = "image/jpeg"
        const val FOLDER = "DPED"
    }
}
