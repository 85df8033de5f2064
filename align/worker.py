"""What a worker does: one pair of photos, from the two files to a finished unit."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import cv2

from align.alignment_error import AlignmentError
from align.matching.align_photos import Settings
from align.matching.read_photos import open_photo
from align.output.unit import new_unit, write_alignment, write_failure


@dataclasses.dataclass(frozen=True)
class Job:
    """All that a worker needs to know.

    Attributes:
        phone: path of the phone's photo, absolute, the same for all workers.
        dslr: path of the DSLR's photo, alike.
        folder: where the unit will be; its parent is there already.
        settings: of the alignment.
        patch_format: "jpg" or "png".
        aligner: None for `align.matching.align_photos.align_photos`, or a function that
            stands in for it.
    """

    phone: Path
    dslr: Path
    folder: Path
    settings: Settings
    patch_format: str = "jpg"
    aligner: Callable | None = None


def align_pair(job: Job) -> str:
    """Align one pair and leave its unit behind.

    Photos that cannot be aligned leave a unit too, which says why. One that cannot be read, or for
    which memory does not suffice, leaves none: that may go better the next time.

    Returns:
        Why the pair failed, or "".

    Raises:
        OSError: the unit cannot be written.
    """
    cv2.setNumThreads(1)  # the other cores have pairs of their own
    try:
        alignment, phone_size = _aligned(job)
    except AlignmentError as error:
        failure = " ".join(str(error).split())
        with new_unit(job.folder) as folder:
            write_failure(folder, failure)
        return failure
    except OSError as error:
        if error.filename and error.strerror:
            return f"{error.filename}: {error.strerror}"
        return " ".join(str(error).split()) or type(error).__name__
    except (MemoryError, cv2.error) as error:
        if isinstance(error, cv2.error) and error.code != cv2.Error.STS_NO_MEM:
            raise
        return "not enough memory for these photos: try fewer --workers"
    with new_unit(job.folder) as folder:
        write_alignment(folder, alignment, phone_size, job.patch_format)
    return ""


def _aligned(job):
    """The pair's alignment, and the height and width of the phone's photo."""
    aligner = job.aligner
    if aligner is None:
        from align.matching.align_photos import align_photos as aligner
    phone, dslr = open_photo(job.phone), open_photo(job.dslr)
    return aligner(phone, dslr, job.settings), phone.pixels.shape[:2]
