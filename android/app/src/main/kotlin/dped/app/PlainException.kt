package dped.app

import android.content.Context

/** What went wrong in a sentence for the user: a string resource and what goes into it. */
class PlainException(private val text: Int, private vararg val details: Any, cause: Throwable? = null) :
    Exception(cause) {
    fun sentence(context: Context): String = context.getString(text, *details)
}
