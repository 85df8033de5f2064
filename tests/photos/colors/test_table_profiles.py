"""Photos with ICC profiles of tables: the nearest curve and matrix stand in for the tables."""

import itertools
import struct

import numpy as np
import pytest
from fake_photos import DISPLAY_P3, noise
from signal_cases import ADOBE, expected

from photos import Photo, load_photo, save_photo
from photos.colors.color_signals import IccProfile, space_of
from photos.colors.fit_table_profile import fit_table_profile

WHITE = np.array([0.9642, 1.0, 0.8249])
POINTS = 33  # of the table, for each channel


def table_profile(xyz_of) -> bytes:
    """Return a scanner's profile, version 2.1: a `mft2` table to Lab (ICC.1:2001, 6.5.7).

    Args:
        xyz_of: From colors `(N, 3)` in [0, 1] to XYZ relative to D50.
    """
    steps = np.linspace(0, 1, POINTS)
    colors = np.array(list(itertools.product(steps, steps, steps)))
    share = np.maximum(xyz_of(colors) / WHITE, 0)
    root = np.where(share > 216 / 24389, np.cbrt(share), (24389 / 27 * share + 16) / 116)
    lab = np.stack([116 * root[:, 1] - 16, 500 * (root[:, 0] - root[:, 1]),
                    200 * (root[:, 1] - root[:, 2])], -1)  # fmt: skip
    coded = np.rint(np.stack([lab[:, 0] / 100 * 0xFF00, *(256 * (lab[:, 1:].T + 128))], -1))
    tag = b"mft2\0\0\0\0" + bytes([3, 3, POINTS, 0])
    tag += struct.pack(">9i", *(65536 * np.eye(3, dtype=int)).ravel()) + struct.pack(">2H", 2, 2)
    straight = struct.pack(">6H", *[0, 65535] * 3)
    tag += straight + np.clip(coded, 0, 65535).astype(">u2").tobytes() + straight
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", *np.rint(65536 * WHITE).astype(int))
    start = 132 + 2 * 12
    table = struct.pack(">I4sII", 2, b"A2B0", start + len(white), len(tag))
    table += struct.pack(">4sII", b"wtpt", start, len(white))
    header = bytearray(128)
    struct.pack_into(">I", header, 0, start + len(white) + len(tag))
    header[8:12], header[12:24], header[36:40] = b"\2\x10\0\0", b"scnrRGB Lab ", b"acsp"
    struct.pack_into(">3i", header, 68, *np.rint(65536 * WHITE).astype(int))
    return bytes(header) + table + white + tag


def matrix_profile(gamma, columns) -> bytes:
    """Return the profile of a table with the colors of a curve and a matrix."""
    return table_profile(lambda colors: colors**gamma @ np.array(columns))


SPACES = {
    "p3": (matrix_profile(2.2, DISPLAY_P3), "2.2"),
    "adobe": (matrix_profile(563 / 256, ADOBE), "563/256"),
}


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("suffix", [".png", ".tiff", ".jpg", ".webp", ".avif"])
@pytest.mark.parametrize("primaries", SPACES)
def test_the_colors_of_a_table_are_understood_and_the_profile_is_kept(
    tmp_path, primaries, suffix, dtype
):
    profile, curve = SPACES[primaries]
    values = noise(3, dtype)
    save_photo(tmp_path / f"a{suffix}", Photo(values, IccProfile(profile)))
    photo = load_photo(tmp_path / f"a{suffix}")
    assert photo.signal == IccProfile(profile)
    found = photo.space.to_srgb(values)
    error = np.abs(found - expected(values, primaries, curve))
    assert error.mean() < 0.004 and error.max() < 0.05
    back = np.iinfo(dtype).max * photo.space.from_srgb(found)
    assert np.abs(back - values).max() <= 0.01 * np.iinfo(dtype).max / 255


def test_a_table_of_srgb_is_srgb():
    columns = [[0.4360747, 0.2225045, 0.0139322], [0.3850649, 0.7168786, 0.0971045],
               [0.1430804, 0.0606169, 0.7141733]]  # fmt: skip
    curve = lambda v: np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)  # noqa: E731
    profile = table_profile(lambda colors: curve(colors) @ np.array(columns))
    assert space_of(IccProfile(profile), gray=False) is None


@pytest.mark.parametrize(
    "profile",
    [
        table_profile(lambda colors: 0 * colors),
        table_profile(lambda colors: (1 - colors) @ np.array(DISPLAY_P3)),
        SPACES["p3"][0][:400],
        SPACES["p3"][0][:128] + bytes(200),
    ],
    ids=["black", "negative", "truncated", "no tags"],
)
def test_a_table_without_a_near_space_counts_as_srgb(profile):
    assert fit_table_profile(profile) is None
    assert space_of(IccProfile(profile), gray=False) is None
