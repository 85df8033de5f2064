"""One pair of photos, from the two files to a finished unit: the work of one job."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import cv2

from align.alignment_error import AlignmentError
from align.matching.align_photos import Alignment, align_photos
from align.matching.read_photos import CameraPhoto, read_camera_photo
from align.output.write_unit import new_unit, write_failure, write_unit
from align.settings import AlignmentSettings

Aligner = Callable[[CameraPhoto, CameraPhoto, AlignmentSettings], Alignment]


@dataclasses.dataclass(frozen=True)
class PairJob:
    """Everything that a worker needs to know about one pair.

    Attributes:
        phone: The path of the phone's photo, absolute, the same for all workers.
        dslr: The path of the DSLR's photo, with the same rules.
        folder: The future folder of the unit, whose parent exists.
        settings: The settings of the alignment.
        patch_format: "jpg" or "png".
        aligner: The function that aligns the photos. Tests give another function.
    """

    phone: Path
    dslr: Path
    folder: Path
    settings: AlignmentSettings
    patch_format: str = "jpg"
    aligner: Aligner = align_photos


def align_pair(job: PairJob) -> str:
    """Align one pair and write its unit.

    Photos that cannot be aligned leave a unit with the reason. Photos that cannot be read, or that
    need more memory than there is, leave no unit, because a later run may succeed.

    Returns:
        The reason why the pair failed, or "".

    Raises:
        OSError: The unit cannot be written.
    """
    cv2.setNumThreads(1)  # the other cores work on other pairs
    try:
        return _read_and_align(job)
    except (MemoryError, cv2.error) as error:
        if isinstance(error, cv2.error) and error.code != cv2.Error.STS_NO_MEM:
            raise
        return "not enough memory for these photos: give fewer --workers"


def _read_and_align(job: PairJob) -> str:
    try:
        phone, dslr = read_camera_photo(job.phone), read_camera_photo(job.dslr)
        alignment = job.aligner(phone, dslr, job.settings)
    except AlignmentError as error:
        failure = " ".join(str(error).split())
        with new_unit(job.folder) as folder:
            write_failure(folder, failure)
        return failure
    except OSError as error:
        if error.filename and error.strerror:
            return f"{error.filename}: {error.strerror}"
        return " ".join(str(error).split()) or type(error).__name__
    with new_unit(job.folder) as folder:
        write_unit(folder, phone, dslr, alignment, job.patch_format)
    return ""
