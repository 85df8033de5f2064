"""ICC profiles of curves and a matrix, read and written: ICC.1:2022.

Cameras, phones and editors write such profiles for RGB: three curves and a matrix, or one curve for
gray. `fit_table_profile` is for profiles of tables, as printers and scanners have them.
"""

import struct

import numpy as np

from photos.colors.color_space import ColorSpace
from photos.colors.tone_curves import Curve, Power, Table

_PARAMETERS = (1, 3, 4, 5, 7)  # of parametric curves, by kind
_COPYRIGHT = "No copyright, use freely"
_D50 = (0.9642, 1.0, 0.8249)


def describes(profile: bytes, gray: bool) -> bool:
    """Return whether data are a profile of gray, or of RGB."""
    return profile[36:40] == b"acsp" and profile[16:20] == (b"GRAY" if gray else b"RGB ")


def is_gray(profile: bytes) -> bool:
    """Return whether a profile describes gray."""
    return profile[16:20] == b"GRAY"


def read_profile(profile: bytes) -> ColorSpace | None:
    """Return the space that a profile describes, or None if it is damaged or one of tables."""
    try:
        tags = _tags(profile)
        if profile[16:20] not in (b"GRAY", b"RGB ") or profile[20:24] != b"XYZ ":
            return None
        if is_gray(profile):
            return ColorSpace([_curve(tags[b"kTRC"])], None)
        columns = [_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
        curves = [_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")]
        return ColorSpace(curves, np.stack(columns, -1))
    except (KeyError, IndexError, ValueError, struct.error, np.linalg.LinAlgError):
        return None


def transfer_in(profile: bytes) -> int | None:
    """Return the transfer characteristic of a profile's `cicp` tag (section 9.2.17), or None."""
    try:
        return _tags(profile)[b"cicp"][9]
    except (KeyError, IndexError, ValueError, struct.error):
        return None


def write_profile(space: ColorSpace) -> bytes:
    """Return a profile of version 4.3 that describes a space."""
    tags = {b"desc": _text("Color space of the photo"), b"cprt": _text(_COPYRIGHT)}
    tags[b"wtpt"] = _packed_xyz(_D50)
    if space.matrix is None:
        tags[b"kTRC"] = _packed_curve(space.curves[0])
    else:
        for letter, column, curve in zip("rgb", space.matrix.T, space.curves, strict=True):
            tags[f"{letter}XYZ".encode()] = _packed_xyz(column)
            tags[f"{letter}TRC".encode()] = _packed_curve(curve)
    place, table, data = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    places: dict[bytes, int] = {}  # equal tags share their data
    for name, tag in tags.items():
        if tag not in places:
            places[tag] = place + len(data)
            data += tag + bytes(-len(tag) % 4)
        table += struct.pack(">4sII", name, places[tag], len(tag))
    header = bytearray(128)
    struct.pack_into(">I", header, 0, 128 + len(table) + len(data))
    header[8:12] = b"\x04\x30\0\0"
    header[12:24] = b"mntr" + (b"GRAY" if space.matrix is None else b"RGB ") + b"XYZ "
    struct.pack_into(">6H", header, 24, 2026, 1, 1, 0, 0, 0)  # fixed: equal spaces, equal profiles
    header[36:40] = b"acsp"
    header[68:80] = _packed_xyz(_D50)[8:]
    return bytes(header) + table + data


def _tags(profile: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", profile, 128)
    if count > 1000:
        raise ValueError("too many tags")
    entries = [struct.unpack_from(">4sII", profile, 132 + 12 * n) for n in range(count)]
    return {name: profile[start : start + size] for name, start, size in entries}


def _xyz(tag: bytes) -> np.ndarray:
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536


def _packed_xyz(values: np.ndarray | tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def _curve(tag: bytes) -> Curve:
    """Return a curve (sections 10.6 and 10.18)."""
    kind, count = tag[:4], struct.unpack_from(">I", tag, 8)[0]
    if kind == b"curv" and count < 2:
        return Power(struct.unpack_from(">H", tag, 12)[0] / 256 if count else 1.0)
    if kind == b"curv":
        return Table(tuple((np.frombuffer(tag, ">u2", count, 12) / 65535).tolist()))
    number = struct.unpack_from(">H", tag, 8)[0]
    if kind != b"para" or number >= len(_PARAMETERS):
        raise ValueError("not a curve")
    values = [v / 65536 for v in struct.unpack_from(f">{_PARAMETERS[number]}i", tag, 12)]
    if number == 0:
        return Power(*values)
    if number in (1, 2):  # a power above -b/a, a constant below
        g, a, b, constant = (*values, 0.0)[:4]
        if a == 0:
            raise ValueError("not a curve")
        return Power(g, a, b, 0.0, -b / a, constant, constant)
    return Power(*values)


def _packed_curve(curve: Curve) -> bytes:
    if isinstance(curve, Table):
        values = [round(min(max(value, 0), 1) * 65535) for value in curve.values]
        return b"curv\0\0\0\0" + struct.pack(f">I{len(values)}H", len(values), *values)
    numbers = [curve.g, curve.a, curve.b, curve.c, curve.d, curve.e, curve.f]
    if numbers[1:] == [1, 0, 0, 0, 0, 0]:
        return b"para\0\0\0\0\0\0\0\0" + struct.pack(">i", round(curve.g * 65536))
    return b"para\0\0\0\0\0\4\0\0" + struct.pack(">7i", *(round(n * 65536) for n in numbers))


def _text(text: str) -> bytes:
    encoded = text.encode("utf-16-be")
    return (
        b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(encoded), 28) + encoded
    )
