"""Files of each format with each signal of color that the format carries."""

import struct
import zlib

import numpy as np
import pytest
from fake_photos import DISPLAY_P3, profile_of
from made_files import RATIONAL, SHORT, UNDEFINED, bmp, encoded, exif_block

ADOBE = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
ADOBE_ICC, P3_ICC = profile_of(563 / 256, ADOBE), profile_of(2.2, DISPLAY_P3)
ADOBE_CORNERS = (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
R03 = {"color_space": 0xFFFF, "index": b"R03\0"}

# From linear light of the space to linear light of sRGB (published to seven digits).
TO_SRGB = {
    "p3": [
        [1.2249402, -0.2249402, 0],
        [-0.0420570, 1.0420570, 0],
        [-0.0196376, -0.0786361, 1.0982736],
    ],
    "adobe": [[1.3982836, -0.3982836, 0], [0, 1, 0], [0, -0.0429383, 1.0429383]],
    "2020": [
        [1.6604910, -0.5876411, -0.0728499],
        [-0.1245505, 1.1328999, -0.0083494],
        [-0.0181508, -0.1005789, 1.1187297],
    ],
    "srgb": np.eye(3),
}
LIGHT = {
    "srgb": lambda v: np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4),
    "709": lambda v: np.where(v < 0.081, v / 4.5, ((v + 0.099) / 1.099) ** (1 / 0.45)),
    "linear": lambda v: v,
    "563/256": lambda v: v ** (563 / 256),
    "2.2": lambda v: v**2.2,
}


def expected(values, primaries, curve):
    """Work out the colors in sRGB, beyond its gamut too."""
    light = LIGHT[curve](values.astype(float) / np.iinfo(values.dtype).max)
    if values.shape[-1] == 3:
        light = light @ np.array(TO_SRGB[primaries]).T
    size = np.abs(light)
    coded = np.where(size <= 0.0031308, 12.92 * size, 1.055 * size ** (1 / 2.4) - 0.055)
    return np.copysign(coded, light)


def chunk_of_profile(profile):
    return (b"iCCP", b"x\0\0" + zlib.compress(profile))


def corners(values):
    return struct.pack(">8I", *(round(100_000 * value) for value in values))


def rationals(values):
    return [number for value in values for number in (round(10_000 * value), 10_000)]


PNG_SIGNALS = {
    "cICP P3": ([(b"cICP", bytes([12, 13, 0, 1]))], "p3", "srgb"),
    "cICP BT.2020": ([(b"cICP", bytes([9, 14, 0, 1]))], "2020", "709"),
    "cICP linear": ([(b"cICP", bytes([1, 8, 0, 1]))], "srgb", "linear"),
    "cICP gamma 2.2": ([(b"cICP", bytes([1, 4, 0, 1]))], "srgb", "2.2"),
    "iCCP": ([chunk_of_profile(ADOBE_ICC)], "adobe", "563/256"),
    "sRGB": ([(b"sRGB", b"\0")], "srgb", "srgb"),
    "gAMA": ([(b"gAMA", struct.pack(">I", 100_000))], "srgb", "linear"),
    "cHRM": ([(b"cHRM", corners(ADOBE_CORNERS))], "adobe", "srgb"),
    "gAMA cHRM": (
        [(b"gAMA", struct.pack(">I", 45_471)), (b"cHRM", corners(ADOBE_CORNERS))],
        "adobe",
        "563/256",
    ),
    "EXIF": ([(b"eXIf", exif_block(**R03)[6:])], "adobe", "563/256"),
    "cICP before iCCP": (
        [(b"cICP", bytes([12, 13, 0, 1])), chunk_of_profile(ADOBE_ICC)],
        "p3",
        "srgb",
    ),
    "iCCP before gAMA": (
        [(b"gAMA", struct.pack(">I", 100_000)), chunk_of_profile(ADOBE_ICC)],
        "adobe",
        "563/256",
    ),
    "sRGB before gAMA": (
        [(b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 100_000))],
        "srgb",
        "srgb",
    ),
    "gAMA before EXIF": (
        [(b"gAMA", struct.pack(">I", 100_000)), (b"eXIf", exif_block(**R03)[6:])],
        "srgb",
        "linear",
    ),
    "damaged iCCP, then gAMA": (
        [chunk_of_profile(b"no profile"), (b"gAMA", struct.pack(">I", 100_000))],
        "srgb",
        "linear",
    ),
}
COLORIMETRY = [
    (318, RATIONAL, rationals(ADOBE_CORNERS[:2])),
    (319, RATIONAL, rationals(ADOBE_CORNERS[2:])),
]
CURVE = [round(65535 * (n / 255) ** (563 / 256)) for n in range(256)]
TIFF_SIGNALS = {
    "ICC": ({"tags": [(34675, UNDEFINED, ADOBE_ICC)]}, "adobe", "563/256"),
    "colorimetry": ({"tags": COLORIMETRY}, "adobe", "2.2"),
    "colorimetry, curve": ({"tags": [*COLORIMETRY, (301, SHORT, CURVE)]}, "adobe", "563/256"),
    "three curves": ({"tags": [*COLORIMETRY, (301, SHORT, CURVE * 3)]}, "adobe", "563/256"),
    "EXIF R03": (
        {"exif": [(0xA001, SHORT, [0xFFFF])], "interop": [(1, 2, b"R03\0")]},
        "adobe",
        "563/256",
    ),
    "EXIF sRGB": ({"tags": COLORIMETRY, "exif": [(0xA001, SHORT, [1])]}, "srgb", "srgb"),
    "EXIF gamma": (
        {"exif": [(0xA001, SHORT, [0xFFFF]), (0xA500, RATIONAL, [22, 10])]},
        "srgb",
        "2.2",
    ),
}


def heic(pixels, **options):
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    return encoded(pixels, "HEIF", quality=100, **options)


def nclx(primaries, transfer):
    return {
        "color_primaries": primaries,
        "transfer_characteristics": transfer,
        "matrix_coefficients": 6,
        "full_range_flag": 1,
    }


def avif(pixels, primaries=None, transfer=None, **options):
    data = encoded(pixels, "AVIF", quality=100, **options)
    if primaries is None:
        return data
    start = data.index(b"colrnclx") + 8
    return data[:start] + struct.pack(">HH", primaries, transfer) + data[start + 4 :]


def jpeg_2000(pixels, profile):
    """Return a JPEG 2000 file whose box of an enumerated color space holds a profile instead."""
    data = encoded(pixels, "JPEG2000")
    old = data.index(b"colr") - 4
    size = int.from_bytes(data[old : old + 4])
    box = struct.pack(">I", 11 + len(profile)) + b"colr\2\0\0" + profile
    data = data[:old] + box + data[old + size :]
    header = data.index(b"jp2h") - 4
    whole = int.from_bytes(data[header : header + 4]) + len(box) - size
    return data[:header] + struct.pack(">I", whole) + data[header + 4 :]


def endpoints(columns, gammas):
    """Return the numbers of a BMP header of version 4."""
    xyz = [round(value * 2**30) for column in columns for value in column]
    return (*xyz, *(round(gamma * 65536) for gamma in gammas))


# XYZ of Adobe RGB's primaries relative to its own white, D65 (Adobe RGB (1998), section 4.3.5.3).
ADOBE_D65 = ((0.57667, 0.29734, 0.02703), (0.18556, 0.62736, 0.07069), (0.18823, 0.07529, 0.99134))
OTHERS = {
    "jpg ICC": ("jpg", lambda p: encoded(p, "JPEG", icc_profile=ADOBE_ICC), "adobe", "563/256"),
    "jpg EXIF R03": (
        "jpg",
        lambda p: encoded(p, "JPEG", exif=exif_block(**R03)),
        "adobe",
        "563/256",
    ),
    "jpg EXIF 2": ("jpg", lambda p: encoded(p, "JPEG", exif=exif_block(2)), "adobe", "563/256"),
    "jpg EXIF colorimetry": (
        "jpg",
        lambda p: encoded(p, "JPEG", exif=exif_block(0xFFFF, more=COLORIMETRY)),
        "adobe",
        "2.2",
    ),
    "jpg ICC before EXIF": (
        "jpg",
        lambda p: encoded(p, "JPEG", icc_profile=P3_ICC, exif=exif_block(**R03)),
        "p3",
        "2.2",
    ),
    "jpg EXIF sRGB": (
        "jpg",
        lambda p: encoded(p, "JPEG", exif=exif_block(1, b"R98\0")),
        "srgb",
        "srgb",
    ),
    "webp ICC": (
        "webp",
        lambda p: encoded(p, "WEBP", lossless=True, icc_profile=ADOBE_ICC),
        "adobe",
        "563/256",
    ),
    "webp EXIF": (
        "webp",
        lambda p: encoded(p, "WEBP", lossless=True, exif=exif_block(**R03)),
        "adobe",
        "563/256",
    ),
    "heic nclx P3": ("heic", lambda p: heic(p, **nclx(12, 13)), "p3", "srgb"),
    "heic nclx BT.2020": ("heic", lambda p: heic(p, **nclx(9, 1)), "2020", "709"),
    "heic nclx sRGB": ("heic", heic, "srgb", "srgb"),
    "heic ICC before nclx": (
        "heic",
        lambda p: heic(p, icc_profile=ADOBE_ICC, **nclx(12, 13)),
        "adobe",
        "563/256",
    ),
    "heic nclx before EXIF": (
        "heic",
        lambda p: heic(p, exif=exif_block(**R03), **nclx(12, 13)),
        "p3",
        "srgb",
    ),
    "heic unspecified nclx, then EXIF": (
        "heic",
        lambda p: heic(p, exif=exif_block(**R03), **nclx(2, 2)),
        "adobe",
        "563/256",
    ),
    "avif nclx": ("avif", lambda p: avif(p, 12, 13), "p3", "srgb"),
    "avif ICC": ("avif", lambda p: avif(p, icc_profile=ADOBE_ICC), "adobe", "563/256"),
    "bmp endpoints": (
        "bmp",
        lambda p: bmp(p, bytes(4), endpoints(ADOBE_D65, [2.2] * 3)),
        "adobe",
        "2.2",
    ),
    "bmp inverse gammas": (
        "bmp",
        lambda p: bmp(p, bytes(4), endpoints(ADOBE_D65, [1 / 2.2] * 3)),
        "adobe",
        "2.2",
    ),
    "bmp empty endpoints": ("bmp", lambda p: bmp(p, bytes(4)), "srgb", "srgb"),
    "bmp ICC": ("bmp", lambda p: bmp(p, b"DEBM", profile=ADOBE_ICC), "adobe", "563/256"),
    "bmp sRGB": ("bmp", bmp, "srgb", "srgb"),
    "bmp linked profile": (
        "bmp",
        lambda p: bmp(p, b"KNIL", profile=b"/etc/hostname\0"),
        "srgb",
        "srgb",
    ),
    "jp2 ICC": ("jp2", lambda p: jpeg_2000(p, ADOBE_ICC), "adobe", "563/256"),
}
READ_ONLY = {"jp2"}  # without a writer of ours
