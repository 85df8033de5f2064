"""The moment at which a photo was taken, by the clock of its camera."""

import datetime
import re
from pathlib import Path

from photos import opened

_EXIF = 0x8769
# The tag of a date, the tag of its fraction of a second, and whether the Exif directory holds the
# date: the moment of exposure, the moment of digitization, the last change of the file.
_TIMES = ((0x9003, 0x9291, True), (0x9004, 0x9292, True), (0x0132, 0x9290, False))
_DATE = re.compile(r"\s*(\d{4})\D(\d\d)\D(\d\d)\D+(\d\d)\D(\d\d)\D(\d\d)")


def read_capture_time(path: str | Path) -> float | None:
    """Return the moment at which a photo was taken, as its EXIF data says.

    The moment is DateTimeOriginal, or else DateTimeDigitized, or else DateTime, each with its
    SubSecTime.

    Returns:
        Seconds since 1970 began on that clock; None if the file has no such time.
    """
    try:
        with opened(path) as image:
            exif = image.getexif()
            details = exif.get_ifd(_EXIF)
    except Exception:  # damaged metadata raises almost anything; the pixels may still be good
        return None
    for date_tag, fraction_tag, in_details in _TIMES:
        seconds = _seconds((details if in_details else exif).get(date_tag))
        if seconds is not None:
            fraction = re.match(r"\s*(\d+)", str(details.get(fraction_tag, "")))
            return seconds + (float(f"0.{fraction[1]}") if fraction else 0.0)
    return None


def _seconds(date: object) -> float | None:
    """Return an EXIF date, "YYYY:MM:DD HH:MM:SS", as seconds since 1970; None if it is no date."""
    found = _DATE.match(str(date))
    if not found:
        return None
    year, month, day, hour, minute, second = map(int, found.groups())
    try:
        moment = datetime.datetime(year, month, day, hour, minute, second)
    except ValueError:  # "0000:00:00 00:00:00" of a clock that was never set
        return None
    return (moment - datetime.datetime(1970, 1, 1)).total_seconds()
