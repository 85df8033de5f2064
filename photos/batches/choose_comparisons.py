"""The files of comparisons, chosen before any work is done.

A comparison never replaces another picture.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from photos.batches.before_after import SUFFIX, compare_path
from photos.batches.choose_targets import Planned
from photos.batches.file_names import LONGEST, cut_name, one_name
from photos.mark import comparison_mark, mark_of


def with_comparisons(jobs: Iterable[Planned], taken: Iterable[Path]) -> Iterator[Planned]:
    """Yield the jobs with the files of their comparisons.

    Args:
        jobs: The jobs with their targets, each with the record of its folder.
        taken: Files that no comparison may have: sources and results of this batch.
    """
    occupied = {one_name(path) for path in taken}
    for job, record in jobs:
        comparison = _free_comparison(job.target, occupied)
        occupied.add(one_name(comparison))
        yield job._replace(comparison=comparison), record


def _free_comparison(target: Path, occupied: set[str]) -> Path:
    """Return the first name for a comparison that is free, or held by this result's comparison."""
    number = 1
    while True:
        path = _candidate(target, number)
        free = not os.path.lexists(path) or mark_of(path) == comparison_mark(target)
        if free and one_name(path) not in occupied:
            return path
        number += 1


def _candidate(target: Path, number: int) -> Path:
    """Return NAME_compare.jpg, then NAME.SUFFIX_compare.jpg, then the latter with numbers."""
    if number == 1:
        path = compare_path(target)
    else:
        path = target.with_name(f"{target.name}{SUFFIX}{f'_{number}' if number > 2 else ''}.jpg")
    if len(os.fsencode(path.name)) <= LONGEST:
        return path
    digest = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:8]
    end = f"-{digest}{SUFFIX}{f'_{number}' if number > 1 else ''}.jpg"
    return target.with_name(cut_name(target.stem, end))
