"""The folders that alignment writes: those of the DPED data set, and its own.

OUTPUT/PHONE/training_data/{PHONE,canon}/N.jpg         aligned 100×100 patches
OUTPUT/PHONE/test_data/patches/{PHONE,canon}/N.jpg     the same, from other photos
OUTPUT/PHONE/test_data/full_size_test_images/N.jpg     whole phone photos
OUTPUT/PHONE/pairs.csv, photos.csv, report/            where all that came from
OUTPUT/.PHONE.align/                                   work in progress

`data.layout` reads the first three. Packages know nothing of each other, so the two agree by a
test, not by an import.
"""

from pathlib import Path

from align.errors import AlignmentError

PATCH_SIZE = 100  # pixels; thesis slide "Photo alignment"
TARGET = "canon"
TRAIN, TEST = "train", "test"
FORMATS = ("jpg", "png")
FULL_SIZE_SUFFIXES = (".jpg", ".jpeg", ".png")  # what `data.layout` takes for a photo
PATCHES = {TRAIN: Path("training_data"), TEST: Path("test_data", "patches")}
FULL_SIZE = Path("test_data", "full_size_test_images")
REPORT = Path("report", "index.html")


def set_folder(output: str | Path, phone: str) -> Path:
    """OUTPUT/PHONE.

    Raises:
        AlignmentError: `phone` cannot name a phone's folder.
    """
    if phone in ("", ".", "..", TARGET) or Path(phone).name != phone:
        raise AlignmentError(
            f"phone name {phone!r}: give a plain folder name other than {TARGET!r}"
        )
    return Path(output) / phone


def work_folder(output: str | Path, phone: str) -> Path:
    """OUTPUT/.PHONE.align, where finished pairs wait until all are done."""
    return Path(output) / f".{phone}.align"
