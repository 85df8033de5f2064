"""Matching: where the DSLR's photo shows each window of the phone's photo.

Read `align_photos.py` for the whole way, then its stages in order: `read_photos.py`,
`match_features.py`, `estimate_homography.py`, `measure_shifts.py`, `vote_neighbors.py`,
`search_window.py`, `place_windows.py`, `cut_patches.py`, `reject_windows.py`.
"""
