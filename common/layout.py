"""The folders and file names of a dataset in the DPED layout.

OUTPUT/PHONE/training_data/{PHONE,canon}/N.jpg         aligned 100×100 patches for training
OUTPUT/PHONE/test_data/patches/{PHONE,canon}/N.jpg     aligned patches of other photos, for testing
OUTPUT/PHONE/test_data/full_size_test_images/N.jpg     whole phone photos
OUTPUT/PHONE/test_data/full_size_dslr_images/N.jpg     their DSLR photos (simulated datasets only)
OUTPUT/PHONE/pairs.csv                                 the photo of each patch
OUTPUT/PHONE/simulation.json                           the parameters of a simulated dataset

The patches with one number in PHONE and in canon show the same part of a scene.
"""

from pathlib import Path

PATCH_SIZE = 100  # pixels; thesis slide "Photo alignment"
TARGET = "canon"  # the folder of the DSLR's patches, for DSLRs of any brand
PATCH_SUFFIXES = (".jpg", ".jpeg", ".png")
TRAIN, TEST = "train", "test"
PATCHES = {TRAIN: Path("training_data"), TEST: Path("test_data", "patches")}
FULL_SIZE = Path("test_data", "full_size_test_images")
FULL_SIZE_TARGET = Path("test_data", "full_size_dslr_images")
PAIRS_TABLE = "pairs.csv"
SIMULATION = "simulation.json"


def is_phone_name(name: str) -> bool:
    """Return whether `name` can name the folder of a phone."""
    return name not in ("", ".", "..", TARGET) and Path(name).name == name
