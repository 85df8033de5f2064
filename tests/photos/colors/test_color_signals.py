"""Every signal of color in every format that carries one: understood, and written back."""

import io
import struct

import numpy as np
import pytest
from fake_photos import DISPLAY_P3, noise, profile_of
from made_files import SHORT, UNDEFINED, bmp, encoded, exif_block, png, tiff
from PIL import Image, ImageCms
from signal_cases import (
    ADOBE_CORNERS,
    ADOBE_D65,
    OTHERS,
    P3_ICC,
    PNG_SIGNALS,
    R03,
    READ_ONLY,
    TIFF_SIGNALS,
    avif,
    chunk_of_profile,
    corners,
    endpoints,
    expected,
    heic,
    nclx,
)

from photos import Photo, PhotoError, color_profile, load_photo, read_header, save_photo
from photos.colors import color_signals
from photos.colors.color_signals import (
    ADOBE_RGB,
    DECLARED_SRGB,
    Calibration,
    CodePoints,
    IccProfile,
    space_of,
)
from photos.colors.tone_curves import Power, Table


def check(path, target, primaries, curve):
    """Check what a file's values mean, before and after the file is written."""
    photo = load_photo(path)
    values = noise(photo.colors.shape[2], photo.pixels.dtype)
    values[0, :8] = values[0, :8] // 16  # dark ones too
    np.testing.assert_allclose(
        in_srgb(photo, values), expected(values, primaries, curve), atol=6e-3
    )
    assert read_header(path).signal == photo.signal
    save_photo(target, photo)
    again = load_photo(target)
    assert again.pixels.dtype == photo.pixels.dtype
    np.testing.assert_allclose(in_srgb(again, values), in_srgb(photo, values), atol=2e-3)
    assert (photo.space is None) == (curve == "srgb" and (primaries == "srgb" or photo.is_gray))
    return photo, again


def in_srgb(photo, values):
    top = np.iinfo(values.dtype).max
    return photo.space.to_srgb(values) if photo.space is not None else values / top


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("name", PNG_SIGNALS)
def test_png(tmp_path, name, dtype, channels):
    chunks, primaries, curve = PNG_SIGNALS[name]
    if channels < 3 and any(kind == b"iCCP" for kind, _ in chunks):
        chunks = [c if c[0] != b"iCCP" else chunk_of_profile(profile_of(563 / 256)) for c in chunks]
        curve = "linear" if "damaged" in name else curve
    if "damaged" in name:
        chunks = PNG_SIGNALS[name][0]
    pixels = noise(channels, dtype)
    (tmp_path / "a.png").write_bytes(png(pixels, chunks))
    photo, again = check(tmp_path / "a.png", tmp_path / "b.png", primaries, curve)
    np.testing.assert_array_equal(photo.pixels, pixels)
    np.testing.assert_array_equal(again.pixels, pixels)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("name", TIFF_SIGNALS)
def test_tiff(tmp_path, name, dtype, channels):
    parts, primaries, curve = TIFF_SIGNALS[name]
    parts = {key: list(value) for key, value in parts.items()}
    tags = parts.setdefault("tags", [])
    if channels == 1 and name == "ICC":
        tags[0] = (34675, UNDEFINED, profile_of(563 / 256))
    if channels == 4:
        tags.append((338, SHORT, [2]))
    pixels = noise(channels, dtype)
    (tmp_path / "a.tif").write_bytes(tiff(pixels, **parts))
    photo, again = check(tmp_path / "a.tif", tmp_path / "b.tif", primaries, curve)
    np.testing.assert_array_equal(photo.pixels, pixels)
    np.testing.assert_array_equal(again.pixels, pixels)


@pytest.mark.parametrize("name", OTHERS)
def test_other_formats(tmp_path, name):
    suffix, made, primaries, curve = OTHERS[name]
    pixels = np.repeat(np.repeat(noise(3, np.uint8, 8, 8), 8, 0), 8, 1)
    (tmp_path / f"a.{suffix}").write_bytes(made(pixels))
    target = tmp_path / f"b.{'png' if suffix in READ_ONLY else suffix}"
    check(tmp_path / f"a.{suffix}", target, primaries, curve)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "heic", "avif", "bmp"])
@pytest.mark.parametrize(
    "signal",
    [
        CodePoints(12, 13),
        CodePoints(9, 8),
        ADOBE_RGB,
        Calibration(None, (Power(1.8),)),
        Calibration(ADOBE_CORNERS, tuple(Table((0.0, 0.2 + n / 10, 1.0)) for n in range(3))),
        IccProfile(P3_ICC),
    ],
)
def test_any_signal_in_any_format(tmp_path, signal, suffix):
    pytest.importorskip("pillow_heif")
    photo = Photo(noise(3, np.uint8), signal)
    save_photo(tmp_path / f"a.{suffix}", photo)
    again = load_photo(tmp_path / f"a.{suffix}")
    values = noise(3, np.uint8)
    np.testing.assert_allclose(in_srgb(again, values), in_srgb(photo, values), atol=3e-3)


@pytest.mark.parametrize(
    "signal",
    [CodePoints(12, 13), CodePoints(9, 1), CodePoints(1, 7), CodePoints(12, 17), ADOBE_RGB],
)
@pytest.mark.parametrize("gray", [False, True])
def test_littlecms_reads_written_profiles_as_meant(signal, gray):
    profile, space = color_signals.profile_of(signal, gray), space_of(signal, gray)
    if space is None:  # gray with sRGB's curve
        assert gray and profile is None
        return
    values = noise(1 if gray else 3, np.uint8)
    image = Image.fromarray(values[..., 0] if gray else values)
    transform = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        "L" if gray else "RGB",
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    theirs = np.asarray(transform.apply(image)).astype(float)
    ours = np.clip(space.to_srgb(values), 0, 1) * 255
    assert np.abs(ours - theirs).max() < (2 if gray else 1.1)  # it takes gray through 8-bit Lab


def test_narrow_range_has_black_at_16_and_white_at_235(tmp_path):
    pixels = np.array([[[16] * 3, [235] * 3, [126] * 3]], np.uint8)
    (tmp_path / "a.png").write_bytes(png(pixels, [(b"cICP", bytes([1, 8, 0, 0]))]))
    photo = load_photo(tmp_path / "a.png")
    gray = 1.055 * (110 / 219) ** (1 / 2.4) - 0.055
    np.testing.assert_allclose(photo.space.to_srgb(pixels)[0, :, 0], [0, 1, gray], atol=1e-3)
    save_photo(tmp_path / "b.png", photo)
    assert load_photo(tmp_path / "b.png").signal == CodePoints(1, 8, full_range=False)


def pq_profile(transfer):
    """Return a profile whose curve is PQ or HLG, without a word about it."""
    if transfer == 16:
        x = np.linspace(0, 1, 1024) ** (32 / 2523)
        light = (np.maximum(x - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * x)) ** (16384 / 2610)
    else:
        x = np.linspace(0, 1, 1024)
        light = np.where(x < 0.5, x**2 / 3, (np.exp((x - 0.55991) / 0.17883) + 0.28467) / 12)
    table = np.rint(np.clip(light, 0, 1) * 65535).astype(">u2").tobytes()
    curve = b"curv\0\0\0\0" + struct.pack(">I", 1024) + table
    made = bytearray(profile_of(2.2, DISPLAY_P3))
    for number in range(int.from_bytes(made[128:132])):
        place = 132 + 12 * number
        if made[place + 1 : place + 4] == b"TRC":
            made[place + 4 : place + 12] = struct.pack(">II", len(made), len(curve))
    return bytes(made) + curve


def profile_with_code_points(transfer):
    made = profile_of(2.2, DISPLAY_P3)
    count = int.from_bytes(made[128:132])
    moved = bytearray(made[:128]) + struct.pack(">I", count + 1)
    tag = b"cicp\0\0\0\0" + bytes([9, transfer, 0, 1])
    for number in range(count):
        name, start, size = struct.unpack_from(">4sII", made, 132 + 12 * number)
        moved += struct.pack(">4sII", name, start + 12, size)
    moved += struct.pack(">4sII", b"cicp", len(made) + 12, len(tag))
    return bytes(moved) + made[132 + 12 * count :] + tag


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
@pytest.mark.parametrize(
    "kind",
    [
        "png 8",
        "png 16",
        "png gray",
        "heic",
        "avif",
        "icc tag",
        "icc curve",
        "tiff 16",
        "webp",
        "bmp",
    ],
)
def test_hdr_is_refused_in_one_line(tmp_path, kind, transfer, name):
    pixels = noise(1 if kind == "png gray" else 3, np.uint16 if "16" in kind else np.uint8)
    code = [(b"cICP", bytes([9, transfer, 0, 1])), (b"sRGB", b"\0")]
    made = {
        "png": lambda: png(pixels, code),
        "heic": lambda: heic(pixels, **nclx(9, transfer)),
        "avif": lambda: avif(pixels, 9, transfer),
        "icc tag": lambda: encoded(pixels, "JPEG", icc_profile=profile_with_code_points(transfer)),
        "icc curve": lambda: encoded(pixels, "JPEG", icc_profile=pq_profile(transfer)),
        "tiff": lambda: tiff(pixels, [(34675, UNDEFINED, pq_profile(transfer))]),
        "webp": lambda: encoded(pixels, "WEBP", icc_profile=pq_profile(transfer)),
        "bmp": lambda: bmp(pixels, b"DEBM", profile=profile_with_code_points(transfer)),
    }
    path = tmp_path / "a.photo"
    path.write_bytes(made[kind if kind in made else kind.split()[0]]())
    for read in (load_photo, read_header):
        with pytest.raises(PhotoError) as raised:
            read(path)
        assert str(raised.value).startswith(
            f"{path}: its colors are {name}, which is not supported"
        )
        assert "\n" not in str(raised.value)


def test_native_signals_stay_native(tmp_path):
    for chunks in (
        [(b"cICP", bytes([12, 13, 0, 1]))],
        [(b"gAMA", struct.pack(">I", 45_471)), (b"cHRM", corners(ADOBE_CORNERS))],
        [(b"sRGB", b"\0")],
    ):
        for dtype in (np.uint8, np.uint16):
            (tmp_path / "a.png").write_bytes(png(noise(3, dtype), chunks))
            save_photo(tmp_path / "b.png", load_photo(tmp_path / "a.png"))
            written = (tmp_path / "b.png").read_bytes()
            assert all(kind + data in written for kind, data in chunks)
            assert b"iCCP" not in written


def test_other_readers_get_a_profile_of_every_signal(tmp_path):
    (tmp_path / "a.png").write_bytes(png(noise(3, np.uint8), [(b"cICP", bytes([12, 13, 0, 1]))]))
    (tmp_path / "b.jpg").write_bytes(encoded(noise(3, np.uint8), "JPEG", exif=exif_block(**R03)))
    for name, signal in (("a.png", CodePoints(12, 13)), ("b.jpg", ADOBE_RGB)):
        assert color_profile(tmp_path / name) == color_signals.profile_of(signal, gray=False)
    (tmp_path / "c.png").write_bytes(png(noise(3, np.uint8), [(b"sRGB", b"\0")]))
    assert color_profile(tmp_path / "c.png") is None


@pytest.mark.parametrize(
    "signal",
    [
        Calibration((0.0,) * 8),
        Calibration((float("nan"),) * 8),
        Calibration((0.3, 0.3) * 4, (Power(2.2),)),
        Calibration(None, (Power(float("inf")),)),
        Calibration(None, (Table((1.0, 0.0)),)),
        IccProfile(b""),
        CodePoints(3, 13),
        DECLARED_SRGB,
    ],
)
def test_signals_without_a_meaning_are_taken_for_srgb(signal):
    assert space_of(signal, gray=False) is None


def test_damaged_boxes_and_headers_cost_no_photo(tmp_path):
    pixels = noise(3, np.uint8, 64, 64)
    whole = avif(pixels, 12, 13)
    start = whole.index(b"meta")
    rng = np.random.default_rng(0)
    calibrated = bmp(pixels, bytes(4), endpoints(ADOBE_D65, [2.2] * 3))
    for name, data, first in (("a.avif", whole, start), ("a.bmp", calibrated, 14)):
        for _ in range(60):
            damaged = bytearray(data)
            damaged[first + int(rng.integers(124))] = int(rng.integers(256))
            (tmp_path / name).write_bytes(damaged)
            try:
                load_photo(tmp_path / name)
            except PhotoError as error:
                assert "\n" not in str(error)
