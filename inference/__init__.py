"""Enhancement of a whole photo by a network, in bounded memory.

Read the files in this order: `engine.py` (what a loaded network can do), `litert_engine.py` and
`keras_engine.py` (the two kinds of network), `enhance_image.py` (the entry: it chooses the way),
`tiling.py`, `run_tiles.py` and `run_stages.py` (the ways). `one_click.py` needs no network.
"""
