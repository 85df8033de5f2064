"""The folders and files that alignment writes beside the DPED layout of `common.layout`.

OUTPUT/PHONE/pairs.csv, photos.csv, report/            the origin of the patches
OUTPUT/.PHONE.align/                                   work in progress
"""

from pathlib import Path

from align.alignment_error import AlignmentError
from common.layout import TARGET, is_phone_name

REPORT = Path("report", "index.html")


def dataset_folder(output: str | Path, phone: str) -> Path:
    """Return OUTPUT/PHONE.

    Raises:
        AlignmentError: `phone` cannot name a phone's folder.
    """
    if not is_phone_name(phone):
        raise AlignmentError(
            f"phone name {phone!r}: give a plain folder name other than {TARGET!r}"
        )
    return Path(output) / phone


def work_folder(output: str | Path, phone: str) -> Path:
    """Return OUTPUT/.PHONE.align, where finished pairs wait until all pairs are done."""
    return Path(output) / f".{phone}.align"
