"""A folder of the user's photos, for simulation and for distillation."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from data.pair_files import DatasetError
from photos import WRITTEN_SUFFIXES, PhotoError, photos_in, read_photo


class PhotoFolder(Mapping[str, np.ndarray]):
    """The photos of a folder by file name; each access decodes one file.

    A decoded photo is uint8 RGB H×W×3. A line on stderr names the files that are left out.

    Args:
        folder: folder of the photos; subfolders are ignored.

    Raises:
        DatasetError: the folder is missing or has no photo; on access: the file cannot be read.
    """

    def __init__(self, folder: str | Path):
        folder = Path(folder)
        if not folder.is_dir():
            raise DatasetError(f"{folder}: no such folder of photos")
        self._files = {path.name: path for path in photos_in(folder)}
        if not self._files:
            raise DatasetError(f"{folder}: no photos ({', '.join(sorted(WRITTEN_SUFFIXES))})")

    def __getitem__(self, name: str) -> np.ndarray:
        try:
            return read_photo(self._files[name])
        except PhotoError as error:
            raise DatasetError(str(error)) from error

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)
