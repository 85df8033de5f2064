"""The image resources of Photoshop, IPTC among them: Adobe Photoshop File Formats, 2019."""

import struct
from collections.abc import Iterator

_IPTC = 1028
_SIGNATURES = (b"8BIM", b"MeSa", b"PHUT", b"AgHg", b"DCSR")
# Thumbnails, and copies of the profile, EXIF and XMP, which do not stay true.
_STALE = frozenset({1033, 1036, 1039, 1058, 1059, 1060})


def kept_resources(data: bytes) -> bytes:
    """Return the resources that stay true of an enhanced photo, up to the first damaged one."""
    return b"".join(resource for number, resource in _resources(data) if number not in _STALE)


def only_iptc(data: bytes) -> bytes:
    """Return the resource that holds IPTC alone; empty where there is none."""
    return b"".join(resource for number, resource in _resources(data) if number == _IPTC)


def _resources(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and bytes of each resource, up to the first damaged one."""
    at = 0
    while data[at : at + 4] in _SIGNATURES and at + 12 <= len(data):
        (number,) = struct.unpack_from(">H", data, at + 4)
        name = 1 + data[at + 6]
        start = at + 6 + name + name % 2
        if start + 4 > len(data):
            break
        (size,) = struct.unpack_from(">I", data, start)
        end = start + 4 + size
        if end > len(data):
            break
        yield number, data[at:end] + b"\0" * (size % 2)
        at = end + size % 2
