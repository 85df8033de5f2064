"""What the numbers of a photo mean as colors.

`color_signals.py` holds the ways in which files say it: ICC profiles, code points, chromaticities.
`find_signal.py` finds a file's signal, in the order that the format's specification gives.
`color_space.py` converts pixels between the space of a signal and sRGB.
"""
