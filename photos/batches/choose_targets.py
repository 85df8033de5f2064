"""The file of each photo's result, chosen so that no result of another photo is replaced.

Cameras restart at IMG_0001, so photos of one name are common. The first photo's result keeps the
name; the results of others have numbers: IMG_0001_2.jpg. A rerun finds each photo's own result.
"""

import itertools
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from photos.batches.file_names import cut_name, one_name, resolved_path
from photos.batches.find_jobs import Job
from photos.batches.record import Record, state_of
from photos.batches.shot import shot_of
from photos.mark import is_result

Planned = tuple[Job, Record]


def choose_targets(jobs: Sequence[Planned]) -> tuple[list[Planned], list[str]]:
    """Choose the target of each job.

    A photo's own result is the target: made from the same file, from a copy of the file, or from
    the same shot before the photo was edited. Otherwise the target is the first free name.

    Args:
        jobs: The jobs, each with the target that is wanted and the record of its folder.

    Returns:
        The jobs that can be done, in order, with their targets; and one line for each photo whose
        result would replace a file that enhancement did not write.
    """
    chosen = {job.source: job for job, _ in jobs if job.in_place}
    occupied = {one_name(job.source) for job, _ in jobs}
    wanted = {one_name(job.target) for job, _ in jobs}
    # Photos of which the record knows a result come first, then photos whose own name is wanted.
    waiting = [one for one in jobs if not one[0].in_place]
    waiting.sort(key=lambda one: one[0].source.name != one[0].target.name)
    for own_results in (_of_same_file, _of_same_photo):
        for job, record in waiting:
            if job.source in chosen:
                continue
            for result in own_results(job, record):
                if os.path.lexists(result) and one_name(result) not in occupied:
                    occupied.add(one_name(result))
                    chosen[job.source] = job._replace(target=result)
                    break
    refusals = []
    for job, record in waiting:
        if job.source in chosen:
            continue
        taken = one_name(job.target) in occupied
        if not taken and record.source_of(job.target) is None and is_of_user(job.target):
            refusals.append(refusal_of(job))
            continue
        found = job
        if taken or os.path.lexists(job.target):
            found = _numbered(job, record, occupied | wanted, taken)
        occupied.add(one_name(found.target))
        chosen[job.source] = found
    return [(chosen[job.source], record) for job, record in jobs if job.source in chosen], refusals


def _of_same_file(job: Job, record: Record) -> Iterator[Path]:
    """Yield results that earlier runs made from the file, if it holds the same photo still."""
    state = state_of(job.source)
    for result in record.results_of_photo(str(resolved_path(job.source))):
        if _has_name(result, job.target):
            made_from = record.source_of(result)
            unchanged = made_from is not None and made_from[1] == state
            if unchanged or _same_shot(job.source, result):
                yield result


def _of_same_photo(job: Job, record: Record) -> Iterator[Path]:
    """Yield results of a copy of the file; then a result of the shot from a file nobody knows.

    The file is unknown if there is no record, or the record of an earlier version.
    """
    for result in record.results_of_state(state_of(job.source)):
        if _has_name(result, job.target):
            yield result
    for path in itertools.takewhile(os.path.lexists, _names(job.target)):
        made_from = record.source_of(path)
        unknown = made_from is None or made_from[0] is None
        if unknown and is_result(path) and _same_shot(job.source, path):
            yield path


def is_of_user(path: Path) -> bool:
    """Return whether a file exists that enhancement did not write."""
    return os.path.lexists(path) and not is_result(path)


def refusal_of(job: Job) -> str:
    """Return the line about a photo whose result would replace a file of the user."""
    what = "exists and is no result of enhance.py"
    return f"{job.source}: {job.target} {what}; choose another --output"


def _numbered(job: Job, record: Record, taken_names: set[str], taken: bool) -> Job:
    """Return the job with the first free number, and a note that says why."""
    made_from = record.source_of(job.target)
    place = None if taken or made_from is None else made_from[0]
    if place is None:
        owner = "another photo"
    elif place == str(resolved_path(job.source)):
        owner = "the photo that had this name before"
    else:
        owner = place
    for path in itertools.islice(_names(job.target), 1, None):
        if not os.path.lexists(path) and one_name(path) not in taken_names:
            return job._replace(target=path, note=f"{job.target.name} is the result of {owner}")
    raise AssertionError("the numbers have no end")


def _names(wanted: Path) -> Iterator[Path]:
    """Yield the wanted name, then the names with the numbers from 2 on."""
    yield wanted
    yield from (_with_number(wanted, number) for number in itertools.count(2))


def _with_number(wanted: Path, number: int) -> Path:
    """Return NAME_NUMBER.SUFFIX, with less of NAME where the disk takes no longer name."""
    return wanted.with_name(cut_name(wanted.stem, f"_{number}{wanted.suffix}"))


def _has_name(result: Path, wanted: Path) -> bool:
    """Return whether a result has the wanted name, or that name with a number."""
    number = re.search(r"_([1-9]\d{0,8})$", result.stem)
    return result == wanted or bool(number and result == _with_number(wanted, int(number[1])))


def _same_shot(source: Path, result: Path) -> bool:
    shot = shot_of(source)
    return shot is not None and shot == shot_of(result)
