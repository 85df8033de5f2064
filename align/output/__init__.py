"""Output: the files of one aligned pair, then the dataset and the report on all pairs.

Read `write_unit.py` (one pair), then `find_duplicates.py`, `split_scenes.py`, `write_dataset.py`,
`judge_dataset.py` and `alignment_report.py` (all pairs).
"""
