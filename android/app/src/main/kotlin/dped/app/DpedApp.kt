package dped.app

import android.app.Application

/** Holds the session, which outlives an activity: a rotation keeps the photo and the work. */
class DpedApp : Application() {
    /** Use the session only on the main thread. */
    val session: Session by lazy { Session(this) }
}
