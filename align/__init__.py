"""Alignment of two cameras' photos of the same scenes into pairs of patches for training.

The stages run in this order: `pairing/`, `matching/`, `output/`. `align_pair.py` runs the last
two for one pair of photos, `run_jobs.py` for many pairs, `__main__.py` is the whole command.
"""
