"""The files that a batch writes, chosen before any work is done.

A file that enhancement did not write is never replaced, except the photo itself by `--in_place`.
"""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from photos.batches.before_after import SUFFIX, compare_path
from photos.batches.find_jobs import Job
from photos.batches.record import Record, state_of
from photos.mark import comparison_mark, is_comparison_mark, mark_of

_LONGEST = 255  # bytes of a file's name


def reserve_outputs(
    jobs: Iterable[tuple[Job, Record]], taken: Iterable[Path], compare: bool
) -> tuple[list[Job], list[str]]:
    """Choose the outputs of each job.

    Args:
        jobs: The jobs, each with the record of its folder.
        taken: Files that no comparison may have: sources and results of this batch.
        compare: Whether comparisons are written.

    Returns:
        The jobs that can be done, with the files of their comparisons; and one line for each job
        that would replace a file of another photo or of the user.
    """
    reserved, refusals = [], []
    occupied = {_resolved(path) for path in taken}
    for job, record in jobs:
        if not job.in_place and (refusal := _refusal(job, record)):
            refusals.append(refusal)
            continue
        if compare:
            comparison = _free_comparison(job.target, record, occupied)
            occupied.add(_resolved(comparison))
            job = job._replace(comparison=comparison)
        reserved.append(job)
    return reserved, refusals


def _refusal(job: Job, record: Record) -> str | None:
    """Return why a result must not be written, or None."""
    if not os.path.lexists(job.target):
        return None
    other = record.source_of(job.target)
    if other is None:
        mark = mark_of(job.target)
        if mark is None or is_comparison_mark(mark):
            what = "exists and is no result of enhance.py"
            return f"{job.source}: {job.target} {what}; choose another --output"
        return None
    path, state = other
    moved = state == state_of(job.source)  # the same photo at another place
    if path is None or moved or path == str(_resolved(job.source)):
        return None
    return f"{job.source}: {job.target} is the result of {path}; choose another --output"


def _free_comparison(target: Path, record: Record, occupied: set[Path]) -> Path:
    """Return the first name for a comparison that is free, or held by this result's comparison."""
    number = 1
    while True:
        path = _candidate(target, number)
        free = not os.path.lexists(path) or record.comparison_of(target) == path.name
        if _resolved(path) not in occupied and (free or mark_of(path) == comparison_mark(target)):
            return path
        number += 1


def _candidate(target: Path, number: int) -> Path:
    """Return NAME_compare.jpg, then NAME.SUFFIX_compare.jpg, then the latter with numbers."""
    if number == 1:
        path = compare_path(target)
    else:
        path = target.with_name(f"{target.name}{SUFFIX}{f'_{number}' if number > 2 else ''}.jpg")
    if len(os.fsencode(path.name)) <= _LONGEST:
        return path
    digest = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:8]
    end = f"-{digest}{SUFFIX}{f'_{number}' if number > 1 else ''}.jpg"
    start = os.fsencode(target.stem)[: _LONGEST - len(end)].decode("utf-8", "ignore")
    return target.with_name(start + end)


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path))
