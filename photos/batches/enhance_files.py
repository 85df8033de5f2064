"""A batch of photo files through one or more networks."""

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
from photos.batches.terminal import codecs_hidden, one_line, progress_bar


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
        OSError: A folder for results cannot be made.
    """
    failed = done = 0
    for enhancer, group in jobs.items():
        settings = options.settings_of(enhancer.fingerprint)
        records = {folder: Record(folder, settings) for folder in {job.folder for job in group}}
        todo = [
            job
            for job in group
            if options.redo or not records[job.folder].has(job.source, job.target)
        ]
        done += len(group) - len(todo)
        if todo:
            failed += _enhance_group(enhancer, todo, records, options, complain)
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
    engine = enhancer.load()
    for folder in records:
        folder.mkdir(parents=True, exist_ok=True)
    with codecs_hidden(), progress_bar(len(jobs)) as bar:
        steps = PhotoSteps(engine, enhancer.name, options, records, bar.start, bar.advance)
        for _, outcome in run_batch(jobs, steps, options.budget, options.workers):
            bar.clear()
            if isinstance(outcome, PhotoError):
                failed += 1
                complain(outcome)
            else:
                print(one_line(outcome, sys.stdout), flush=True)
            bar.finish()
    return failed
