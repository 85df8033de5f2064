package dped.app

import android.app.Application

/** Holds what outlives an activity: a photo and the work on it go on through a rotation. */
class DpedApp : Application() {
    /** Used on the main thread only. */
    val session: Session by lazy { Session(this) }
}
