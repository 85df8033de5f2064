"""A batch of photo files through one network: what is done, what is printed, what goes wrong."""

import dataclasses
import hashlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from inference.engine import ModelFileError
from photos import Photo, PhotoError, load_photo, read_header, save_photo
from photos.batches.before_after import compare_path, reduced, write_compare
from photos.batches.enhance_photo import ROOM, copied, enhance_photo
from photos.batches.find_jobs import Job
from photos.batches.pipeline import Cost, Steps, run_batch
from photos.batches.record import Record, state_of
from photos.batches.terminal import codecs_hidden, one_line

_PROGRAM = 60_000_000  # bytes of the model and the libraries that it brings
_LEAST_ROOM = 50_000_000  # bytes, below which no network works
_BAR = "{desc} {percentage:3.0f}% |{bar}| {elapsed}<{remaining}"


class OptionError(ValueError):
    """An option out of its range; the message is one line."""


@dataclasses.dataclass(frozen=True)
class BatchOptions:
    """How a batch is done.

    Attributes:
        strength: 0 to 1, share of the network's change.
        compare: whether pictures of before and after are written too.
        gps: whether results keep the place.
        redo: whether what is done is done again.
        exact: as for `inference.enhance_image.enhance_image`.
        max_memory: GB beyond the interpreter.
        workers: threads that read and write beside the network.
    """

    strength: float = 1.0
    compare: bool = False
    gps: bool = True
    redo: bool = False
    exact: bool = False
    max_memory: float = 1.0
    workers: int = 2

    @property
    def budget(self) -> int:
        """Bytes for the photos in hand."""
        return int(self.max_memory * 1e9) - _PROGRAM

    def check(self) -> None:
        """Raises OptionError if a number is out of its range."""
        if not 0 <= self.strength <= 1:
            raise OptionError(f"--strength {self.strength}: from 0 to 1")
        if not self.max_memory > 0:
            raise OptionError(f"--max_memory {self.max_memory}: GB, more than 0")
        if not 0 <= self.workers <= 64:
            raise OptionError(f"--workers {self.workers}: from 0 to 64")

    def made_by(self, model: Path) -> str:
        """What results depend on, in short."""
        checksum = hashlib.sha256(model.read_bytes()).hexdigest()[:16]
        parts = [checksum, f"strength {self.strength:g}"]
        words = {"compared": self.compare, "no place": not self.gps, "exact": self.exact}
        parts += [word for word, said in words.items() if said]
        return ", ".join(parts)


@dataclasses.dataclass
class _Work:
    """A photo between the steps."""

    photo: Photo
    state: list[int] | None
    before: object = None
    seconds: float = 0.0


def enhance_files(
    jobs: list[Job],
    model: Path,
    load_engine: Callable,
    options: BatchOptions,
    complain: Callable[[object], None],
) -> int:
    """Enhance photo files, printing a line for each result.

    Args:
        jobs: sources and targets.
        model: the network's file.
        load_engine: makes an engine of it; called if there is anything to do.
        options: how.
        complain: prints why a photo could not be enhanced.

    Returns:
        How many could not.

    Raises:
        ModelFileError: the network cannot be loaded.
        OSError: a folder for results cannot be made.
    """
    made_by = options.made_by(model)
    records = {folder: Record(folder, made_by) for folder in {job.folder for job in jobs}}
    todo = [
        job for job in jobs if options.redo or not records[job.folder].has(job.source, job.target)
    ]
    failed = 0
    if todo:
        engine = load_engine(model)
        for folder in records:
            folder.mkdir(parents=True, exist_ok=True)
        with (
            codecs_hidden(),
            tqdm(
                total=len(todo),
                bar_format=_BAR,
                leave=False,
                disable=None,
                desc="",
                mininterval=0.5,
            ) as bar,
        ):
            batch = _Batch(engine, options, records, bar)
            for _, outcome in run_batch(todo, batch.steps(), options.budget, options.workers):
                bar.clear()
                if isinstance(outcome, PhotoError):
                    failed += 1
                    complain(outcome)
                else:
                    print(one_line(outcome, sys.stdout), flush=True)
                batch.finished()
    done = len(jobs) - len(todo)
    if done:
        photos = "photo is" if done == 1 else "photos are"
        print(f"{done} {photos} enhanced already; --redo does it again", flush=True)
    return failed


class _Batch:
    """The steps of a batch; reading and writing run in threads of their own."""

    def __init__(self, engine, options: BatchOptions, records: dict[Path, Record], bar: tqdm):
        self._engine, self._options, self._records, self._bar = engine, options, records, bar
        self._finished = self._started = 0

    def steps(self) -> Steps:
        return Steps(self.cost, self.read, self.enhance, self.write)

    def finished(self) -> None:
        """Note that one photo more is done with, for better or worse."""
        self._finished += 1
        self._show(0.0)

    def cost(self, job: Job) -> Cost:
        header = read_header(job.source)
        held, write = header.pixel_bytes, header.write_bytes(job.target)
        copy = 0
        if copied(header.channels, self._options.strength, header.profile):
            copy = header.pixels * 3 * header.depth
        # Other networks do what they can with all of the memory, and a photo's result should not
        # depend on its neighbours.
        local = self._engine.global_input.allows_tiles
        work = copy + ROOM if local else self._options.budget - held
        cost = Cost(header.read_bytes, held, work, write)
        needed = max(cost.read, held + copy + _LEAST_ROOM, write)
        if needed > self._options.budget:
            size = f"{header.width}×{header.height} pixels"
            raise PhotoError(
                f"{job.source}: {size} take {(needed + _PROGRAM) / 1e9:.2f} GB of memory; "
                f"--max_memory allows {self._options.max_memory:g}"
            )
        return cost

    def read(self, job: Job) -> _Work:
        start = time.perf_counter()
        state = state_of(job.source)
        photo = load_photo(job.source, self._options.gps)
        before = reduced(photo) if self._options.compare else None
        return _Work(photo, state, before, time.perf_counter() - start)

    def enhance(self, job: Job, work: _Work, room: int) -> _Work:
        start = time.perf_counter()
        self._started += 1
        self._bar.set_description_str(one_line(job.source.name, sys.stderr), refresh=False)

        def progress(done: int, total: int) -> None:
            self._show(done / total)

        try:
            enhance_photo(
                self._engine,
                work.photo,
                self._options.strength,
                room,
                progress,
                self._options.exact,
            )
        except ModelFileError as error:
            raise PhotoError(f"{job.source}: {error}") from error
        except MemoryError as error:
            raise PhotoError(f"{job.source}: not enough memory for the network") from error
        work.seconds += time.perf_counter() - start
        return work

    def write(self, job: Job, work: _Work) -> str:
        start = time.perf_counter()
        try:
            job.target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PhotoError(f"{job.target.parent}: {error.strerror or error}") from error
        save_photo(job.target, work.photo)
        if self._options.compare:
            write_compare(compare_path(job.target), work.before, work.photo)
        try:
            in_place = job.target == Path(os.path.realpath(job.source))
            self._records[job.folder].add(job.source, job.target, None if in_place else work.state)
        except OSError as error:
            raise PhotoError(f"{job.folder}: {error.strerror or error}") from error
        height, width = work.photo.pixels.shape[:2]
        seconds = work.seconds + time.perf_counter() - start
        return f"{job.target}  {width}×{height}  {seconds:.1f} s"

    def _show(self, share: float) -> None:
        """Move the bar to the photos finished, and this share of the one in the network."""
        if self._bar.disable:
            return
        self._bar.n = min(max(self._finished, self._started - 1) + share, self._bar.total)
        self._bar.update(0)
