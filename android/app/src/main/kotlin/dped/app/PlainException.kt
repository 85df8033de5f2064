package dped.app

import android.content.Context

/** An error with a sentence for the user: a string resource and its arguments. */
class PlainException(private val text: Int, private vararg val details: Any, cause: Throwable? = null) :
    Exception(cause) {
    fun sentence(context: Context): String = context.getString(text, *details)
}
