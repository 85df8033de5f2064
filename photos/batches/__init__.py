"""Enhancement of photo files: one photo, and batches of them.

Read the files in this order: `find_jobs.py` (which photos, and where results go), `record.py`
(which results exist), `choose_targets.py` (the name of each result), `enhance_files.py` (a batch),
`pipeline.py` (three overlapping steps within a memory budget), `photo_steps.py` (the steps),
`enhance_photo.py` (one photo through the network).
"""
