"""From two folders of photos to a data set: `python -m align`."""

import contextlib
import dataclasses
import os
import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from align.alignment_error import AlignmentError
from align.jobs import run_jobs
from align.layout import FORMATS, REPORT, set_folder, work_folder
from align.matching.align_photos import Settings
from align.output.alignment_report import kept_counts, write_report
from align.output.unit import read_unit, unit_name
from align.output.write_dataset import Entry, place, write_photos, write_set
from align.pairing.duplicates import refused_pairs
from align.pairing.pair_photos import Pairing, pair_photos
from align.worker import Job
from common import command_line
from common.command_line import option
from common.layout import TEST, TRAIN

NAMED = 5  # unpaired photos that are named; the report lists them all
PROGRAM = "python -m align"


@dataclasses.dataclass(frozen=True)
class AlignConfig:
    """Which photos, how strictly, and where to."""

    phone_dir: str = option(help="folder of the phone's photos")
    dslr_dir: str = option(help="folder of the DSLR's photos of the same scenes")
    phone: str = option(help="name of the phone: OUTPUT/PHONE is written")
    output: str = option("dped", "root of the data sets")
    workers: int | None = option(None, "processes, each of which needs 1.5 GB; none: one per core")
    pairing: str = option(
        "auto", "how photos find their partners", ("auto", "name", "order", "time")
    )
    clock_offset: float | None = option(
        None, "seconds that the DSLR's clock is ahead of the phone's; none: estimated"
    )
    min_ncc: float = option(Settings.min_ncc, "lowest correlation of a pair of patches")
    stride: int = option(
        Settings.stride, "pixels from a window to the next; below 100 they overlap"
    )
    format: str = option("jpg", "of the patches: jpg (quality 100, 4:4:4) or png", FORMATS)
    test_share: float = option(0.1, "share of the photos whose patches are for testing")
    seed: int = option(0, "seed of the choice of test photos")
    dask: str | None = option(
        None, "address of a Dask scheduler whose workers see the same files; none: this machine"
    )

    def __post_init__(self):
        """Raise AlignmentError for values that are out of range."""
        if self.workers is not None and self.workers < 1:
            raise AlignmentError(f"--workers {self.workers}: give 1 or more")
        if not -1 <= self.min_ncc <= 1:
            raise AlignmentError(f"--min_ncc {self.min_ncc}: a correlation is in [-1, 1]")
        if self.stride < 1:
            raise AlignmentError(f"--stride {self.stride}: give 1 pixel or more")
        if not 0 < self.test_share < 1:
            raise AlignmentError(f"--test_share {self.test_share}: give a share above 0, below 1")
        if self.seed < 0:
            raise AlignmentError(f"--seed {self.seed}: give 0 or more")


def main(config: AlignConfig, aligner: Callable | None = None) -> int:
    """Align the photos of two cameras and write a data set.

    Args:
        config: the command line.
        aligner: stands in for `align.matching.align_photos.align_photos` in tests.

    Returns:
        0; 130 after Ctrl-C.

    Raises:
        AlignmentError: the arguments are at fault, another run writes the same set, a worker died,
            or no patch was kept.
        OSError: a file cannot be written.
    """
    target = set_folder(config.output, config.phone)
    if target.exists():
        raise AlignmentError(f"{target} exists: remove it, or choose another --phone or --output")
    pairing = pair_photos(
        Path(config.phone_dir), Path(config.dslr_dir), config.pairing, config.clock_offset
    )
    _print_pairing(pairing)
    work = work_folder(config.output, config.phone)
    with _claimed(work):
        entries = _align(config, pairing, work.resolve(), aligner)
        if entries is None:
            return 130
        for entry in entries:
            if entry.failure:
                print(f"{entry.pair.name}: {entry.failure}", file=sys.stderr)
        entries = place(entries, config.test_share, config.seed)
        _check(entries)
        _write(work, target, config.phone, entries, pairing)
    _print_summary(entries, target, config)
    return 0


@contextlib.contextmanager
def _claimed(work: Path) -> Iterator[None]:
    """A folder to work in, for this run alone; it goes at the end if there is nothing in it.

    Two runs would write one set into each other. The claim ends with the process, even if that is
    killed; where the system or the disk knows no locks, there is none.
    """
    work.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as held:
        with contextlib.suppress(ImportError, OSError):
            import fcntl

            handle = os.open(work, os.O_RDONLY)
            held.callback(os.close, handle)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlignmentError(f"{work}: another run is at work there: wait for it") from None
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                work.rmdir()


def _print_pairing(pairing: Pairing) -> None:
    print(f"{len(pairing.pairs)} pairs of photos, paired {pairing.how}")
    for camera, photos in (("phone", pairing.unpaired_phone), ("DSLR", pairing.unpaired_dslr)):
        if photos:
            names = ", ".join(photo.name for photo in photos[:NAMED])
            more = ", …" if len(photos) > NAMED else ""
            print(f"{camera} photos without a partner ({len(photos)}): {names}{more}")
    sys.stdout.flush()


def _jobs(config, pairing, work, failures, aligner) -> dict[int, Job]:
    """A job for each pair that is not refused, by its index; a lost photo joins the failures."""
    settings = Settings(min_ncc=config.min_ncc, stride=config.stride)
    jobs = {}
    for index, pair in enumerate(pairing.pairs):
        if failures[index]:
            continue
        try:
            name = unit_name(pair.phone, pair.dslr, settings, config.format)
        except OSError as error:
            failures[index] = f"{error.filename}: {error.strerror}"
            continue
        phone, dslr = pair.phone.resolve(), pair.dslr.resolve()
        jobs[index] = Job(phone, dslr, work / name, settings, config.format, aligner)
    return jobs


def _align(config, pairing, work, aligner) -> list[Entry] | None:
    """Align what is not aligned yet; None if the user interrupts it."""
    failures = dict(enumerate(refused_pairs(pairing.pairs)))
    jobs = _jobs(config, pairing, work, failures, aligner)
    waiting = {job.folder: i for i, job in jobs.items() if read_unit(job.folder) is None}
    if len(waiting) < len(jobs):
        print(f"{len(jobs) - len(waiting)} of {len(jobs)} pairs were done before", flush=True)
    for folder in waiting:
        shutil.rmtree(folder, ignore_errors=True)  # one that cannot be read
    done = 0

    def note(job, failure):
        nonlocal done
        done += 1
        failures[waiting[job.folder]] = failure

    try:
        run_jobs([jobs[i] for i in waiting.values()], config.workers, config.dask, note)
    except KeyboardInterrupt:
        count = len(jobs) - len(waiting) + done
        what = f"{count} of {len(jobs)} pairs are done, the same command goes on from there"
        print(f"{PROGRAM}: interrupted; {what}", file=sys.stderr)
        return None
    entries = []
    for index, pair in enumerate(pairing.pairs):
        unit = None if failures[index] else read_unit(jobs[index].folder)
        failure = unit.failure if unit else failures[index]
        entries.append(Entry(pair, failure, None if failure else unit))
    return entries


def _check(entries) -> None:
    """Raise AlignmentError if there is nothing to write."""
    if any(entry.numbers for entry in entries):
        return
    failed = sum(bool(entry.failure) for entry in entries)
    reasons = sum((entry.reasons for entry in entries), Counter()).most_common(3)
    rejected = ", ".join(f"{count} for {reason!r}" for reason, count in reasons) or "none"
    raise AlignmentError(
        f"no patch was kept: {failed} of {len(entries)} pairs failed; windows rejected: {rejected}"
    )


def _write(work, target, phone, entries, pairing) -> None:
    """Put the whole set together beside its place, and move it there."""
    root = work / "set"
    shutil.rmtree(root, ignore_errors=True)  # what an interruption left
    root.mkdir()
    unpaired = pairing.unpaired_phone, pairing.unpaired_dslr
    write_set(root, phone, entries)
    write_photos(root / "photos.csv", entries, *unpaired)
    write_report(root, phone, entries, pairing.how, [*unpaired[0], *unpaired[1]])
    root.rename(target)
    shutil.rmtree(work, ignore_errors=True)


def _print_summary(entries, target, config) -> None:
    counts = kept_counts(entries)
    aligned = [entry.unit for entry in entries if entry.unit]
    windows = sum(len(unit.ncc) for unit in aligned)
    kept = counts[TRAIN] + counts[TEST]
    if not counts[TEST]:
        print(
            "warning: all patches are of one scene, so they are all for training and none is "
            "left to test on: add photos of other scenes",
            file=sys.stderr,
        )
    print(f"{len(aligned)} of {len(entries)} pairs aligned")
    print(
        f"{kept} patches kept, {kept / windows:.0%} of the windows: "
        f"{counts[TRAIN]} to train on, {counts[TEST]} to test on"
    )
    print(f"look at {target / REPORT}")
    words = "python", "train.py", "--phone", config.phone, "--data_dir", config.output
    print(f"then: {shlex.join(words)}")


if __name__ == "__main__":
    command_line.run(main, AlignConfig, __doc__, errors=[AlignmentError], prog=PROGRAM)
