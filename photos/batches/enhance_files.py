"""A batch of photo files through one or more networks."""

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path

from common.long_work import waiting
from common.plural import plural
from photos import PhotoError
from photos.batches.batch_total import BatchTotal
from photos.batches.choose_comparisons import with_comparisons
from photos.batches.choose_targets import choose_targets, is_of_user, refusal_of
from photos.batches.enhancer import Enhancer
from photos.batches.find_jobs import Job
from photos.batches.options import BatchOptions
from photos.batches.photo_steps import PhotoSteps
from photos.batches.pipeline import run_batch
from photos.batches.record import Record
from photos.batches.terminal import codecs_hidden, one_line, progress_bar
from photos.mark import mark_of, result_mark


def enhance_files(
    jobs: dict[Enhancer, list[Job]],
    options: BatchOptions,
    complain: Callable[[object], None],
    failed: int = 0,
) -> int:
    """Enhance photo files and print a line for each result.

    Args:
        jobs: Sources and targets, by what enhances them.
        options: The options.
        complain: Prints why a photo cannot be enhanced.
        failed: The number of photos that cannot be enhanced and are not among the jobs.

    Returns:
        The number of photos that cannot be enhanced, in all.

    Raises:
        ModelFileError: A network cannot be loaded.
    """
    records: dict[Enhancer, dict[Path, Record]] = {}
    wanted, enhancers = [], {}
    for enhancer, group in jobs.items():
        settings = options.settings_of(enhancer.fingerprint)
        records[enhancer] = {f: Record(f, settings) for f in {job.folder for job in group}}
        wanted += [(job, records[enhancer][job.folder]) for job in group]
        enhancers |= {job.source: enhancer for job in group}
    chosen, refusals = choose_targets(wanted)
    undone = [
        (job, record)
        for job, record in chosen
        if options.redo or not _is_done(job, record, _mark(enhancers[job.source], options))
    ]
    done = len(chosen) - len(undone)
    todo = []
    for job, record in undone:
        # The record knows the name, but the user may have put another file there since.
        if not job.in_place and is_of_user(job.target):
            refusals.append(refusal_of(job))
        else:
            todo.append((job, record))
    for refusal in refusals:
        complain(refusal)
    if options.compare:
        taken = [path for job, _ in chosen for path in (job.source, job.target)]
        todo = list(with_comparisons(todo, taken))
    total = BatchTotal(failed + len(refusals))
    for enhancer in jobs:
        left = [job for job, _ in todo if enhancers[job.source] is enhancer]
        if left:
            _enhance_group(enhancer, left, records[enhancer], options, complain, total)
    if done:
        verb = "is" if done == 1 else "are"
        print(f"{plural(done, 'photo')} {verb} enhanced already; --redo does it again", flush=True)
    if len(todo) > 1:
        print(total.line(), flush=True)
    return total.failed


def _enhance_group(
    enhancer: Enhancer,
    jobs: list[Job],
    records: dict[Path, Record],
    options: BatchOptions,
    complain: Callable[[object], None],
    total: BatchTotal,
) -> None:
    """Enhance photos by one enhancer, and count them."""
    with waiting("loading the network"):
        engine = enhancer.load()
    mark = _mark(enhancer, options)
    with codecs_hidden(), progress_bar(len(jobs)) as bar:
        steps = PhotoSteps(engine, enhancer.name, mark, options, records, bar.start, bar.advance)
        for _, outcome in run_batch(jobs, steps, options.budget, options.workers):
            bar.clear()
            if isinstance(outcome, PhotoError):
                total.failed += 1
                complain(outcome)
            else:
                total.add(outcome.pixels)
                print(one_line(outcome.line, sys.stdout), flush=True)
            bar.finish()


def _is_done(job: Job, record: Record, mark: str) -> bool:
    """Return whether the result of a job exists.

    In place, the photo's own mark decides: the photo as it was is gone, so another network or
    strength cannot make it anew. The record would not see that the user put the old photo back:
    a result may have the size and the time of the photo.
    """
    if not job.in_place:
        return record.has(job.source, job.target)
    found = mark_of(job.target)
    if found == mark and not record.has(job.source, job.target):
        with contextlib.suppress(OSError):
            record.add(job.source, job.target)
    return found is not None


def _mark(enhancer: Enhancer, options: BatchOptions) -> str:
    network = f"{enhancer.network} {enhancer.fingerprint}".strip()
    return result_mark(network, options.strength)
