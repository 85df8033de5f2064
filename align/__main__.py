"""From two folders of photos to a dataset of aligned patches.

    python -m align --phone_dir shoot/phone --dslr_dir shoot/canon --phone mine

The command pairs the photos of both cameras, aligns each pair, and writes the patches on which
`train.py` trains. After an interruption the same command continues.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import contextlib
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from align.align_pair import Aligner, PairJob
from align.alignment_error import AlignmentError
from align.config import AlignConfig
from align.matching.align_photos import align_photos
from align.output.alignment_report import write_report
from align.output.judge_dataset import Verdict, judge_dataset
from align.output.output_folders import REPORT, dataset_folder, work_folder
from align.output.write_dataset import (
    DatasetEntry,
    assign_splits,
    count_patches,
    count_reasons,
    write_dataset,
    write_photo_table,
)
from align.output.write_unit import read_unit, unit_name
from align.pairing.find_copied_files import find_copied_files
from align.pairing.pair_photos import Pairing, pair_photos
from align.run_jobs import run_jobs
from align.settings import AlignmentSettings
from common import command_line
from common.atomic_files import sweep
from common.folder_lock import FolderInUseError, claimed
from common.layout import TEST, TRAIN
from common.long_work import waiting
from common.plural import plural
from common.signals import exit_status

NAMES_PRINTED = 5  # unpaired photos that are printed; the report lists all of them
PROGRAM = "python -m align"


def main(config: AlignConfig, aligner: Aligner = align_photos) -> int:
    """Align the photos of two cameras and write a dataset.

    Args:
        config: The options of the command.
        aligner: The function that aligns two photos. Tests give another function.

    Returns:
        0, or 128 and the number of the signal that ended the work.

    Raises:
        AlignmentError: An option is wrong, another run writes the same dataset, a worker died, or
            no patch was kept.
        OSError: A file cannot be written.
    """
    target = dataset_folder(config.output, config.phone)
    if target.exists():
        raise AlignmentError(
            f"{target} exists: remove the folder, or choose another --phone or --output"
        )
    pairing = pair_photos(
        Path(config.phone_dir), Path(config.dslr_dir), config.pairing, config.clock_offset
    )
    _print_pairing(pairing)
    work = work_folder(config.output, config.phone)
    with contextlib.ExitStack() as held:
        try:  # two runs would write one dataset into each other
            held.enter_context(claimed(work))
        except FolderInUseError as error:
            raise AlignmentError(str(error)) from None
        sweep(work)
        entries = _align_pairs(config, pairing, work.resolve(), aligner)
        if isinstance(entries, int):
            return entries
        for entry in entries:
            if entry.failure:
                print(f"{entry.pair.name}: {entry.failure}", file=sys.stderr)
        entries = assign_splits(entries, config.test_share, config.seed)
        _check_patches(entries)
        verdict = judge_dataset(entries, pairing.doubts)
        with waiting("writing the dataset and the report"):
            _write(work, target, config.phone, entries, pairing, verdict)
    _print_summary(entries, verdict, target, config)
    return 0


def _print_pairing(pairing: Pairing) -> None:
    print(f"{plural(len(pairing.pairs), 'pair')} of photos, paired {pairing.how}")
    for camera, photos in (("phone", pairing.unpaired_phone), ("DSLR", pairing.unpaired_dslr)):
        if photos:
            names = ", ".join(photo.name for photo in photos[:NAMES_PRINTED])
            more = ", …" if len(photos) > NAMES_PRINTED else ""
            print(f"{camera} photos without a partner ({len(photos)}): {names}{more}")
    sys.stdout.flush()


def _align_pairs(
    config: AlignConfig, pairing: Pairing, work: Path, aligner: Aligner
) -> list[DatasetEntry] | int:
    """Align the pairs that have no finished unit; return an exit status after a signal."""
    failures = dict(enumerate(find_copied_files(pairing.pairs)))
    jobs = _jobs(config, pairing, work, failures, aligner)
    waiting = {job.folder: i for i, job in jobs.items() if read_unit(job.folder) is None}
    if len(waiting) < len(jobs):
        print(f"{len(jobs) - len(waiting)} of {len(jobs)} pairs were done before", flush=True)
    for folder in waiting:
        shutil.rmtree(folder, ignore_errors=True)  # a unit that cannot be read
    done = 0

    def record(job: PairJob, failure: str) -> None:
        nonlocal done
        done += 1
        failures[waiting[job.folder]] = failure

    try:
        run_jobs([jobs[i] for i in waiting.values()], config.workers, config.dask, record)
    except KeyboardInterrupt as end:
        finished = f"{len(jobs) - len(waiting) + done} of {len(jobs)} pairs are done"
        print(
            f"{PROGRAM}: interrupted; {finished}, the same command continues from there",
            file=sys.stderr,
        )
        return exit_status(end)
    entries = []
    for index, pair in enumerate(pairing.pairs):
        unit = None if failures[index] else read_unit(jobs[index].folder)
        failure = unit.failure if unit else failures[index]
        entries.append(DatasetEntry(pair, failure, None if failure else unit))
    return entries


def _jobs(
    config: AlignConfig,
    pairing: Pairing,
    work: Path,
    failures: dict[int, str],
    aligner: Aligner,
) -> dict[int, PairJob]:
    """Return a job for each pair without a failure, by its index; a lost photo adds a failure."""
    settings = AlignmentSettings(min_ncc=config.min_ncc, stride=config.stride)
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
        jobs[index] = PairJob(phone, dslr, work / name, settings, config.format, aligner)
    return jobs


def _check_patches(entries: Sequence[DatasetEntry]) -> None:
    """Raise AlignmentError if there is no patch to write."""
    if any(entry.numbers for entry in entries):
        return
    failed = sum(bool(entry.failure) for entry in entries)
    reasons = count_reasons(entries)[:3]
    rejected = ", ".join(f"{count} for '{reason}'" for reason, count in reasons) or "none"
    raise AlignmentError(
        f"no patch was kept: {failed} of {plural(len(entries), 'pair')} failed; "
        f"windows rejected: {rejected}"
    )


def _write(
    work: Path,
    target: Path,
    phone: str,
    entries: Sequence[DatasetEntry],
    pairing: Pairing,
    verdict: Verdict,
) -> None:
    """Write the whole dataset in the work folder, and move the dataset to its place."""
    root = work / "set"
    shutil.rmtree(root, ignore_errors=True)  # the rest of an interrupted run
    root.mkdir()
    unpaired = pairing.unpaired_phone, pairing.unpaired_dslr
    write_dataset(root, phone, entries)
    write_photo_table(root / "photos.csv", entries, *unpaired)
    write_report(root, phone, entries, verdict, pairing.how, [*unpaired[0], *unpaired[1]])
    root.rename(target)
    shutil.rmtree(work, ignore_errors=True)


def _print_summary(
    entries: Sequence[DatasetEntry], verdict: Verdict, target: Path, config: AlignConfig
) -> None:
    counts = count_patches(entries)
    aligned = [entry.unit for entry in entries if entry.unit]
    windows = sum(len(unit.ncc) for unit in aligned)
    kept = counts.total()
    for warning in verdict.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"\n{verdict.sentence}\n")
    print(f"{len(aligned)} of {plural(len(entries), 'pair')} aligned")
    print(
        f"{plural(kept, 'patch', 'patches')} kept, {kept / windows:.0%} of the windows: "
        f"{counts[TRAIN]} for training, {counts[TEST]} for testing"
    )
    for reason, count in count_reasons(entries):
        print(f"{count:7} {reason}: {reason.explanation}")
    print(f"report: {target / REPORT}")
    words = "python", "train.py", "--phone", config.phone, "--data_dir", config.output
    print(f"next: {shlex.join(words)}")


if __name__ == "__main__":
    command_line.run(main, AlignConfig, __doc__, errors=[AlignmentError], prog=PROGRAM)
