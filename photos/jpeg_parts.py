"""What a JPEG file holds beside its photo: ITU-T T.81, and CIPA DC-007 (Multi-Picture Format).

Phones append videos, gain maps, depth maps and their own data to the photo, in the same file.
"""

import mmap
import re
import struct
from pathlib import Path

from PIL.ImageFile import ImageFile

from photos.exif import MAIN
from photos.read_exif import ExifError, read_exif

VIDEO, GAIN_MAP, DEPTH_MAP = "the video of a motion photo", "the gain map for HDR", "the depth map"
PICTURE, SECOND_XMP, DATA = "another picture", "extended XMP", "data after the photo"
CREDENTIALS = "content credentials"

_EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_MPF_ENTRIES = 0xB002
_PREVIEWS = (0x010001, 0x010002)  # types of pictures, DC-007 section 5.2.3.3
_DISPARITY = 0x020002
_HEAD = 1 << 16  # bytes of a picture in which its metadata is searched
_SMALL = 1 << 16  # bytes of a maker's data that nobody misses
_GAIN_MAP = re.compile(rb"hdrgm:|hdr-gain-map|urn:iso:std:iso:ts:21496|HDRGainMap")
_DEPTH_MAP = re.compile(rb"depthData|portraitEffectsMatte|semanticSegmentation|depthmap|dd/1\.0/")
_VIDEO = re.compile(rb"ftyp(mp4|isom|qt  |avc|hev|hvc|iso\d|M4V|3gp|dash|MSNV)", re.DOTALL)
_START = b"\xff\xd8\xff"
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)  # ends the data of a scan


def parts_of_jpeg(path: str | Path, image: ImageFile) -> list[str]:
    """Return what a JPEG holds beside its photo, in words; previews and small data do not count.

    Args:
        path: The file.
        image: The same file, open.
    """
    segments = [data for name, data in getattr(image, "applist", []) if name == "APP1"]
    found = [SECOND_XMP] if any(data.startswith(_EXTENDED_XMP) for data in segments) else []
    blobs = [data for name, data in getattr(image, "applist", []) if name == "APP11"]
    found += [CREDENTIALS] if any(b"jumb" in data[:64] for data in blobs) else []
    with (
        Path(path).open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        end = end_of_jpeg(data)
        known = _mpf_pictures(image)
        for kind, start, size in known:
            if kind not in _PREVIEWS and end <= start < len(data):
                found.append(_picture(data, start, size, kind))
        found += _after(data, end, {start for _, start, _ in known})
    return list(dict.fromkeys(found))


def end_of_jpeg(data: bytes | mmap.mmap, start: int = 0) -> int:
    """Return where the JPEG ends that starts at `start`; the end of `data` if it is damaged."""
    at = start + 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xD9:
        marker = data[at + 1]
        if marker == 0xFF:  # fill
            at += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
        else:
            at += 2 + struct.unpack_from(">H", data, at + 2)[0]
            if marker == 0xDA:
                found = _MARKER.search(data, at)
                at = found.start() if found else len(data)
    return at + 2 if data[at : at + 2] == b"\xff\xd9" else len(data)


def _mpf_pictures(image: ImageFile) -> list[tuple[int, int, int]]:
    """Return type, place in the file and size of the further pictures that MPF announces."""
    try:
        exif, _ = read_exif(image.info["mp"])
        entries = exif.directories[MAIN][_MPF_ENTRIES].data
        base = image.info["mpoffset"]
    except (KeyError, ExifError):
        return []
    found = []
    for at in range(16, len(entries) - 15, 16):
        attributes, size, place = struct.unpack_from(f"{exif.order}3I", entries, at)
        found.append((attributes & 0xFFFFFF, base + place, size))
    return found


def _picture(data: mmap.mmap, start: int, size: int, kind: int = 0) -> str:
    head = data[start : start + min(size, _HEAD)]
    if _GAIN_MAP.search(head):
        return GAIN_MAP
    return DEPTH_MAP if kind == _DISPARITY or _DEPTH_MAP.search(head) else PICTURE


def _after(data: mmap.mmap, end: int, known: set[int]) -> list[str]:
    """Return what follows the photo, apart from the pictures that start at known places."""
    found, at, rest = [], end, 0
    while at < len(data):
        if data[at : at + 3] == _START:
            stop = max(end_of_jpeg(data, at), at + 3)
            if at not in known:
                found.append(_picture(data, at, stop - at))
            at = stop
        elif _VIDEO.match(data, at + 4):
            found.append(VIDEO)
            break
        else:
            video = _VIDEO.search(data, at + 5)
            places = [data.find(_START, at + 1), video.start() - 4 if video else -1]
            until = min((place for place in places if place > at), default=len(data))
            rest += len(data[at:until].strip(b"\0"))
            at = until
    return found + ([DATA] if rest > _SMALL else [])
