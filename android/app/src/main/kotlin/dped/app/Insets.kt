package dped.app

import android.annotation.TargetApi
import android.os.Build
import android.view.View
import android.view.WindowInsets

/** Pads [root] to keep its contents out of bars and notches, where Android 15 and later draw apps. */
fun keepClearOfBars(root: View) {
    val sides = listOf(root.paddingLeft, root.paddingTop, root.paddingRight, root.paddingBottom)
    root.setOnApplyWindowInsetsListener { view, insets ->
        val bars = if (Build.VERSION.SDK_INT >= 30) bars(insets) else oldBars(insets)
        view.setPadding(sides[0] + bars[0], sides[1] + bars[1], sides[2] + bars[2], sides[3] + bars[3])
        insets
    }
}

@TargetApi(30)
private fun bars(insets: WindowInsets): List<Int> {
    val found = insets.getInsets(WindowInsets.Type.systemBars() or WindowInsets.Type.displayCutout())
    return listOf(found.left, found.top, found.right, found.bottom)
}

@Suppress("DEPRECATION")
private fun oldBars(insets: WindowInsets) = listOf(
    insets.systemWindowInsetLeft, insets.systemWindowInsetTop,
    insets.systemWindowInsetRight, insets.systemWindowInsetBottom,
)
