"""Which press of a shutter a photo file comes from, by its EXIF."""

from pathlib import Path

from photos.exif import DETAILS
from photos.metadata import camera_of, exif_of_file

_MOMENT, _FRACTION = 0x9003, 0x9291  # DateTimeOriginal, SubSecTimeOriginal
_NUMBERS = (0xA420, 0xA431)  # ImageUniqueID, BodySerialNumber


def shot_of(path: Path) -> tuple[str, ...] | None:
    """Return moment and camera of a photo; None if its EXIF does not say the moment.

    An edited photo and an enhanced photo keep both. Two photos of one name from one camera that
    restarted its numbers differ in the moment.
    """
    exif = exif_of_file(path)
    moment = "" if exif is None else exif.text(_MOMENT, DETAILS)
    if exif is None or not any(digit in moment for digit in "123456789"):
        return None
    others = [exif.text(tag, DETAILS) for tag in (_FRACTION, *_NUMBERS)]
    return (moment, *others, *camera_of(exif))
