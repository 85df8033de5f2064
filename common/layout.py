"""Folder names of the DPED data set.

OUTPUT/PHONE/training_data/{PHONE,canon}/N.jpg         aligned 100×100 patches
OUTPUT/PHONE/test_data/patches/{PHONE,canon}/N.jpg     the same, from other photos
OUTPUT/PHONE/test_data/full_size_test_images/N.jpg     whole phone photos
"""

from pathlib import Path

PATCH_SIZE = 100  # pixels; thesis slide "Photo alignment"
TARGET = "canon"  # the folder of the DSLR's patches, whatever the camera
PATCH_SUFFIXES = (".jpg", ".jpeg", ".png")
TRAIN, TEST = "train", "test"
PATCHES = {TRAIN: Path("training_data"), TEST: Path("test_data", "patches")}
FULL_SIZE = Path("test_data", "full_size_test_images")


def is_phone_name(name: str) -> bool:
    """Return whether `name` can name the folder of a phone."""
    return name not in ("", ".", "..", TARGET) and Path(name).name == name
