"""A batch of photo files through one network."""

import sys
from collections.abc import Callable
from pathlib import Path

from common.plural import plural
from inference.engine import Engine
from photos import PhotoError
from photos.batches.find_jobs import Job
from photos.batches.options import BatchOptions
from photos.batches.photo_steps import PhotoSteps
from photos.batches.pipeline import run_batch
from photos.batches.record import Record
from photos.batches.terminal import codecs_hidden, one_line, progress_bar


def enhance_files(
    jobs: list[Job],
    model: Path,
    load_engine: Callable[[Path], Engine],
    options: BatchOptions,
    complain: Callable[[object], None],
) -> int:
    """Enhance photo files and print a line for each result.

    Args:
        jobs: Sources and targets.
        model: The network's file.
        load_engine: Loads the network; called if there is anything to do.
        options: The options.
        complain: Prints why a photo cannot be enhanced.

    Returns:
        The number of photos that cannot be enhanced.

    Raises:
        ModelFileError: The network cannot be loaded.
        OSError: A folder for results cannot be made.
    """
    settings = options.settings_of(model)
    records = {folder: Record(folder, settings) for folder in {job.folder for job in jobs}}
    todo = [
        job for job in jobs if options.redo or not records[job.folder].has(job.source, job.target)
    ]
    failed = 0
    if todo:
        engine = load_engine(model)
        for folder in records:
            folder.mkdir(parents=True, exist_ok=True)
        with codecs_hidden(), progress_bar(len(todo)) as bar:
            steps = PhotoSteps(engine, options, records, bar.start, bar.advance)
            for _, outcome in run_batch(todo, steps, options.budget, options.workers):
                bar.clear()
                if isinstance(outcome, PhotoError):
                    failed += 1
                    complain(outcome)
                else:
                    print(one_line(outcome, sys.stdout), flush=True)
                bar.finish()
    done = len(jobs) - len(todo)
    if done:
        verb = "is" if done == 1 else "are"
        print(f"{plural(done, 'photo')} {verb} enhanced already; --redo does it again", flush=True)
    return failed
