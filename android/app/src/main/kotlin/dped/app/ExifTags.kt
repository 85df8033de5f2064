package dped.app

import android.media.ExifInterface
import java.io.File
import java.io.IOException

/** What a saved result keeps of a photo's EXIF data: when, where and with what it was taken. */
object ExifTags {
    private val KEPT = listOf(
        "DateTime", "DateTimeOriginal", "DateTimeDigitized", "SubSecTime", "OffsetTime", "OffsetTimeOriginal",
        "Make", "Model", "FNumber", "ExposureTime", "ISOSpeedRatings", "FocalLength", "Flash", "WhiteBalance",
        "GPSLatitude", "GPSLatitudeRef", "GPSLongitude", "GPSLongitudeRef", "GPSAltitude", "GPSAltitudeRef",
        "GPSTimeStamp", "GPSDateStamp",
    )

    /** Those tags that are there, as the strings that [write] takes. */
    fun read(exif: ExifInterface): Map<String, String> =
        KEPT.mapNotNull { tag -> exif.getAttribute(tag)?.let { tag to it } }.toMap()

    /** Adds tags to a JPEG file; a picture without them is still a picture, so failures are passed over. */
    fun write(file: File, tags: Map<String, String>) {
        try {
            val exif = ExifInterface(file.path)
            for ((tag, value) in tags) exif.setAttribute(tag, value)
            exif.setAttribute(ExifInterface.TAG_ORIENTATION, "1")
            exif.setAttribute(ExifInterface.TAG_SOFTWARE, "DPED in Keras")
            exif.saveAttributes()
        } catch (_: IOException) {
        }
    }
}
