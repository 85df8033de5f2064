"""A batch of photo files through one or more networks."""

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path

from common.plural import plural
from photos import PhotoError
from photos.batches.enhancer import Enhancer
from photos.batches.find_jobs import Job
from photos.batches.options import BatchOptions
from photos.batches.photo_steps import PhotoSteps
from photos.batches.pipeline import run_batch
from photos.batches.record import Record
from photos.batches.reserve_outputs import reserve_outputs
from photos.batches.terminal import codecs_hidden, one_line, progress_bar
from photos.mark import mark_of, result_mark


def enhance_files(
    jobs: dict[Enhancer, list[Job]],
    options: BatchOptions,
    complain: Callable[[object], None],
) -> int:
    """Enhance photo files and print a line for each result.

    Args:
        jobs: Sources and targets, by what enhances them.
        options: The options.
        complain: Prints why a photo cannot be enhanced.

    Returns:
        The number of photos that cannot be enhanced.

    Raises:
        ModelFileError: A network cannot be loaded.
    """
    records, todo = {}, []
    for enhancer, group in jobs.items():
        settings = options.settings_of(enhancer.fingerprint)
        records[enhancer] = {f: Record(f, settings) for f in {job.folder for job in group}}
        for job in group:
            record = records[enhancer][job.folder]
            if options.redo or not _is_done(job, record, _mark(enhancer, options)):
                todo.append((job, record))
    done = sum(map(len, jobs.values())) - len(todo)
    taken = [path for group in jobs.values() for job in group for path in (job.source, job.target)]
    reserved, refusals = reserve_outputs(todo, taken, options.compare)
    for refusal in refusals:
        complain(refusal)
    failed = len(refusals)
    by_target = {job.target: job for job in reserved}
    for enhancer, group in jobs.items():
        left = [by_target[job.target] for job in group if job.target in by_target]
        if left:
            failed += _enhance_group(enhancer, left, records[enhancer], options, complain)
    if done:
        verb = "is" if done == 1 else "are"
        print(f"{plural(done, 'photo')} {verb} enhanced already; --redo does it again", flush=True)
    return failed


def _enhance_group(
    enhancer: Enhancer,
    jobs: list[Job],
    records: dict[Path, Record],
    options: BatchOptions,
    complain: Callable[[object], None],
) -> int:
    """Enhance photos by one enhancer; return the number of photos that cannot be enhanced."""
    failed = 0
    engine, mark = enhancer.load(), _mark(enhancer, options)
    with codecs_hidden(), progress_bar(len(jobs)) as bar:
        steps = PhotoSteps(engine, enhancer.name, mark, options, records, bar.start, bar.advance)
        for _, outcome in run_batch(jobs, steps, options.budget, options.workers):
            bar.clear()
            if isinstance(outcome, PhotoError):
                failed += 1
                complain(outcome)
            else:
                print(one_line(outcome, sys.stdout), flush=True)
            bar.finish()
    return failed


def _is_done(job: Job, record: Record, mark: str) -> bool:
    """Return whether the result of a job exists.

    In place, the photo's own mark decides: the photo as it was is gone, so another network or
    strength cannot make it anew. The record only saves the time to read the mark.
    """
    if record.has(job.source, job.target):
        return True
    found = mark_of(job.target) if job.in_place else None
    if found == mark:
        with contextlib.suppress(OSError):
            record.add(job.source, job.target)
    return found is not None


def _mark(enhancer: Enhancer, options: BatchOptions) -> str:
    network = f"{enhancer.network} {enhancer.fingerprint}".strip()
    return result_mark(network, options.strength)
