"""Pairing: which DSLR photo shows the scene of which phone photo.

Read `pair_photos.py`, then `read_capture_time.py`, `match_times.py`, `find_copied_files.py`.
"""
