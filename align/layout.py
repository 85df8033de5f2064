"""The files that alignment writes beside those of the DPED data set (`common.layout`).

OUTPUT/PHONE/pairs.csv, photos.csv, report/            where all that came from
OUTPUT/.PHONE.align/                                   work in progress
"""

from pathlib import Path

from align.alignment_error import AlignmentError
from common.layout import TARGET, is_phone_name

FORMATS = ("jpg", "png")
REPORT = Path("report", "index.html")


def set_folder(output: str | Path, phone: str) -> Path:
    """OUTPUT/PHONE.

    Raises:
        AlignmentError: `phone` cannot name a phone's folder.
    """
    if not is_phone_name(phone):
        raise AlignmentError(
            f"phone name {phone!r}: give a plain folder name other than {TARGET!r}"
        )
    return Path(output) / phone


def work_folder(output: str | Path, phone: str) -> Path:
    """OUTPUT/.PHONE.align, where finished pairs wait until all are done."""
    return Path(output) / f".{phone}.align"
