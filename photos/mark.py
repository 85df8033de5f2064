"""The mark of a file that enhancement wrote: which network and strength made it.

The mark stands in the file's own metadata, so it survives copies, renames and a lost record. Most
formats hold it in EXIF. BMP has no metadata, but four bytes of its header are an application's own.
"""

from pathlib import Path

from photos.exif import Exif
from photos.formats import BY_SUFFIX
from photos.metadata import exif_of_file
from photos.photo import Photo

_TAG = 0x000B  # ProcessingSoftware: what processed the photo, apart from the camera's Software
_START = "DPED enhance.py; "
_COMPARISON = f"{_START}comparison of "
_BMP_START, _BMP_PLACE, _BMP_MARK = b"BM", 6, b"DPED"


def result_mark(network: str, strength: float) -> str:
    """Return the mark of a result.

    Args:
        network: The network's name and checksum.
        strength: The share of the network's change.
    """
    return f"{_START}network {network}; strength {strength:g}"


def comparison_mark(result: Path) -> str:
    """Return the mark of the picture that compares a result with its source."""
    return f"{_COMPARISON}{result.name}".encode("utf-8", "replace").decode()


def put_mark(photo: Photo, path: Path, mark: str) -> None:
    """Put a mark into the metadata of a photo that is to be written to `path`."""
    file_format = BY_SUFFIX.get(path.suffix.lower())
    if file_format is not None and "exif" in file_format.holds:
        photo.exif = Exif() if photo.exif is None else photo.exif.copy()
        photo.exif.set_text(_TAG, mark.encode("utf-8", "replace").decode())


def stamp_file(path: Path) -> None:
    """Mark a written file whose format has no metadata; other files stay as they are.

    Raises:
        OSError: The file cannot be written.
    """
    with path.open("r+b") as file:
        if file.read(len(_BMP_START)) == _BMP_START:
            file.seek(_BMP_PLACE)
            file.write(_BMP_MARK)


def mark_of(path: Path) -> str | None:
    """Return the mark of a file, or None if enhancement did not write it.

    The four bytes of a BMP say only that enhancement wrote it.
    """
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            start = file.read(_BMP_PLACE + len(_BMP_MARK))
    except OSError:
        return None
    if start.startswith(_BMP_START):
        return _START if start.endswith(_BMP_MARK) else None
    exif = exif_of_file(path)
    text = "" if exif is None else exif.text(_TAG)
    return text if text.startswith(_START) else None


def is_comparison_mark(mark: str | None) -> bool:
    """Return whether a mark is that of a comparison."""
    return mark is not None and mark.startswith(_COMPARISON)


def is_result(path: Path) -> bool:
    """Return whether a file is a result, which is no comparison."""
    mark = mark_of(path)
    return mark is not None and not is_comparison_mark(mark)
