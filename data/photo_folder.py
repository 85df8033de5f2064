"""A folder of the user's own photos, to simulate pairs from or to distill with."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from common.layout import PATCH_SUFFIXES
from data.layout import DatasetError
from photos import PhotoError, read_photo


class PhotoFolder(Mapping):
    """The JPEG and PNG files of a folder, decoded when asked for; uint8 RGB H×W×3 by file name.

    Args:
        folder: where they are, not searched deeper.

    Raises:
        DatasetError: no such folder, or no photo in it; on access, a file that cannot be read.
    """

    def __init__(self, folder: str | Path):
        folder = Path(folder)
        if not folder.is_dir():
            raise DatasetError(f"{folder}: no such folder of photos")
        files = (path for path in folder.iterdir() if path.suffix.lower() in PATCH_SUFFIXES)
        self._files = {path.name: path for path in sorted(files)}
        if not self._files:
            raise DatasetError(f"{folder}: no photos ({', '.join(PATCH_SUFFIXES)})")

    def __getitem__(self, name: str) -> np.ndarray:
        try:
            return read_photo(self._files[name])
        except PhotoError as error:
            raise DatasetError(str(error)) from error

    def __iter__(self):
        return iter(self._files)

    def __len__(self):
        return len(self._files)
