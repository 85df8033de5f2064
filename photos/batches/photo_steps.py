"""The steps of a batch for one photo: its memory, reading, enhancement and writing."""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from inference.engine import Engine, ModelFileError
from photos import Photo, PhotoError, load_photo, read_header, save_photo
from photos.batches.before_after import reduced, write_compare
from photos.batches.enhance_photo import ROOM, enhance_photo, needs_copy
from photos.batches.find_jobs import Job
from photos.batches.memory_cost import Cost
from photos.batches.options import PROGRAM_BYTES, BatchOptions
from photos.batches.record import Record, state_of
from photos.batches.replace_photo import keep_status
from photos.mark import put_mark, stamp_file

_LEAST_ROOM = 50_000_000  # bytes, below which no network works


@dataclasses.dataclass
class Work:
    """A photo between the steps.

    Attributes:
        photo: The photo.
        state: The state of its file before it was read, see `state_of`.
        before: The reduced photo before enhancement, or None if none is wanted.
        seconds: The time that the steps took.
    """

    photo: Photo
    state: list[int] | None
    before: np.ndarray | None
    seconds: float


class Written(NamedTuple):
    """A result that is written.

    Attributes:
        line: The line to print about the result.
        pixels: The number of pixels.
    """

    line: str
    pixels: int


class PhotoSteps:
    """The steps of a batch; `read` and `write` run in their own threads.

    Args:
        engine: The engine.
        name: The name of what enhances, for the line about a result; may be empty.
        mark: The mark of each result.
        options: The options.
        records: The record of each folder of results.
        started: Called with a photo's name when the network starts on it.
        progress: Called with the share of the photo that the network has finished.
    """

    def __init__(
        self,
        engine: Engine,
        name: str,
        mark: str,
        options: BatchOptions,
        records: dict[Path, Record],
        started: Callable[[str], None],
        progress: Callable[[float], None],
    ):
        self._engine, self._name, self._mark = engine, name, mark
        self._options, self._records = options, records
        self._started, self._progress = started, progress

    def cost(self, job: Job) -> Cost:
        """Return the memory that a photo takes, by its header.

        Raises:
            PhotoError: The photo cannot fit the memory, or its header cannot be read.
        """
        options = self._options
        header = read_header(job.source)
        held, write = header.pixel_bytes, header.write_bytes(job.target)
        copy = 0
        if needs_copy(header.channels, options.strength, header.signal):
            copy = header.pixels * 3 * header.depth
        # A network that does not run in tiles uses all of the memory that it gets. It gets the
        # whole budget, because a photo's result should not depend on the photos beside it.
        in_tiles = self._engine.global_input.allows_tiles
        work = copy + ROOM if in_tiles else options.budget - held
        cost = Cost(header.read_bytes, held, work, write)
        needed = max(cost.read, held + copy + _LEAST_ROOM, write)
        if needed > options.budget:
            size = f"{header.width}×{header.height} pixels"
            raise PhotoError(
                f"{job.source}: {size} take {(needed + PROGRAM_BYTES) / 1e9:.2f} GB of memory; "
                f"--max_memory allows {options.max_memory:g}"
            )
        return cost

    def read(self, job: Job) -> Work:
        """Read a photo.

        Raises:
            PhotoError: The photo cannot be read, or its result would destroy what else its file
                holds.
        """
        start = time.perf_counter()
        state = state_of(job.source)
        photo = load_photo(job.source, self._options.gps)
        if photo.extras and job.in_place and not self._options.drop_extras:
            raise PhotoError(
                f"{job.source}: --in_place would destroy {', '.join(photo.extras)}: leave out "
                "--in_place, or add --drop_extras"
            )
        before = reduced(photo) if self._options.compare else None
        return Work(photo, state, before, time.perf_counter() - start)

    def enhance(self, job: Job, work: Work, room: int) -> Work:
        """Enhance a photo in place.

        Args:
            job: The job.
            work: The photo.
            room: Bytes that may be taken beyond the photo.

        Raises:
            PhotoError: The network does not run at this size, or not in this memory.
        """
        start = time.perf_counter()
        self._started(job.source.name)
        try:
            enhance_photo(
                self._engine,
                work.photo,
                self._options.strength,
                room,
                lambda done, total: self._progress(done / total),
                self._options.exact,
            )
        except ModelFileError as error:
            raise PhotoError(f"{job.source}: {error}") from error
        except MemoryError as error:
            raise PhotoError(f"{job.source}: not enough memory for the network") from error
        work.seconds += time.perf_counter() - start
        return work

    def write(self, job: Job, work: Work) -> "Written":
        """Write a result with its mark, the comparison, and the record.

        The result takes its place last. If the work ends before that, the same command does it
        again; if the work ends after that, the result's mark tells.

        Returns:
            The line to print about the result, and the pixels of the photo.

        Raises:
            PhotoError: A file cannot be written, or the photo to replace has changed.
        """
        start = time.perf_counter()
        try:
            job.target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PhotoError(f"{job.target.parent}: {error.strerror or error}") from error
        put_mark(work.photo, job.target, self._mark)
        compared = False

        record = self._records[job.folder]

        def finish(temporary: Path) -> None:
            nonlocal compared
            stamp_file(temporary)
            if not job.in_place:
                _note(record, job, work.state, finished=False)
            if work.before is not None and job.comparison is not None:
                compared = not job.comparison.exists()
                write_compare(job.comparison, work.before, work.photo, job.target)
            if job.in_place:
                if state_of(job.target) != work.state:
                    raise PhotoError(f"{job.source}: changed meanwhile; run the command again")
                keep_status(job.target, temporary)

        try:
            lost = save_photo(job.target, work.photo, finish, private=job.in_place)
        except PhotoError:
            if compared and job.comparison is not None:
                job.comparison.unlink(missing_ok=True)
            raise
        left_out = [*work.photo.extras, *work.photo.left_out, *lost]
        _note(record, job, None if job.in_place else work.state)
        height, width = work.photo.pixels.shape[:2]
        seconds = work.seconds + time.perf_counter() - start
        by = f"  {self._name}" if self._name else ""
        without = f"  left out: {', '.join(left_out)}" if left_out else ""
        note = f"  ({job.note})" if job.note else ""
        line = f"{job.target}  {width}×{height}  {seconds:.1f} s{by}{without}{note}"
        return Written(line, height * width)


def _note(record: Record, job: Job, state: list[int] | None, finished: bool = True) -> None:
    """Add a result to the record.

    Raises:
        PhotoError: The record cannot be written.
    """
    try:
        record.add(job.source, job.target, state, finished)
    except OSError as error:
        # The name of the file: the record may be a link or a folder of somebody else.
        place = error.filename or job.folder
        raise PhotoError(f"{place}: {error.strerror or error}") from error
