"""Damaged and hostile files through the real command: no traceback, no hang, no half a result."""

import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import enhance
from photos import Photo, load_photo, save_photo
from photos.photo import Encoding

ROOT = Path(enhance.__file__).parent


def run(folder, *arguments, timeout=60, **options):
    return subprocess.run(
        [sys.executable, ROOT / "enhance.py", *arguments],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
        **options,
    )


def encoded(image, file_format, **options):
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def whole_files(folder):
    """Return small photos of every format, as bytes by name."""
    pixels = np.random.default_rng(0).integers(0, 256, (40, 48, 3), np.uint8)
    image = Image.fromarray(pixels)
    exif = Image.Exif()
    exif.update({0x0112: 6, 0x010F: "Maker", 0x8769: {0x829A: 0.01, 0xA002: 48}, 0x8825: {1: "N"}})
    alpha = image.copy()
    alpha.putalpha(128)
    files = {
        "a.jpg": encoded(image, "JPEG", exif=exif),
        "b.jpg": encoded(image, "JPEG", progressive=True, quality=97),
        "gray.jpg": encoded(image.convert("L"), "JPEG"),
        "cmyk.jpg": encoded(image.convert("CMYK"), "JPEG"),
        "a.png": encoded(image, "PNG", exif=exif),
        "alpha.png": encoded(alpha, "PNG"),
        "palette.png": encoded(image.quantize(16), "PNG"),
        "a.webp": encoded(image, "WEBP", exif=exif),
        "b.webp": encoded(alpha, "WEBP", lossless=True),
        "a.bmp": encoded(image, "BMP"),
        "a.tif": encoded(image, "TIFF"),
        "lzw.tif": encoded(image, "TIFF", compression="tiff_lzw"),
        "deflate.tif": encoded(image, "TIFF", compression="tiff_adobe_deflate"),
    }
    deep = pixels.astype(np.uint16) * 257
    for name, compressed in (("d.png", False), ("d.tif", False), ("e.tif", True)):
        photo = Photo(deep, encoding=Encoding("TIFF", compressed=compressed))
        save_photo(folder / name, photo)
        files[name] = (folder / name).read_bytes()
        (folder / name).unlink()
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    files["a.heic"] = encoded(image, "HEIF")
    return files


def mutated(data, rng):
    """Return a copy with one kind of damage."""
    data = bytearray(data)
    kind = rng.integers(7)
    place = int(rng.integers(len(data)))
    early = int(rng.integers(min(len(data), 300)))
    if kind == 0:
        for position in rng.integers(len(data), size=8):
            data[position] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        return bytes(data[:place])
    elif kind == 2:  # a length, an offset or a count
        value = int(rng.choice([0, 1, 2**31 - 1, 2**31, 2**32 - 1, int(rng.integers(2**32))]))
        data[early : early + 4] = struct.pack(rng.choice([">I", "<I"]), value)
    elif kind == 3:
        data[early] = int(rng.integers(256))
    elif kind == 4:
        del data[place : place + int(rng.integers(1, 64))]
    elif kind == 5:
        data[place:place] = bytes(rng.integers(0, 256, int(rng.integers(1, 64)), np.uint8))
    else:
        data[place : place + 40] = bytes(40)
    return bytes(with_checksums(data) if rng.integers(2) else data)


def with_checksums(data):
    """Return a PNG whose chunks have the checksums of their damaged contents."""
    position = 8
    while data[:4] == b"\x89PNG" and position + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, position)
        end = position + 8 + size
        if end + 4 > len(data):
            break
        struct.pack_into(">I", data, end, zlib.crc32(data[position + 4 : end]))
        position = end + 4
    return data


@pytest.mark.parametrize(
    "count", [40, pytest.param(800, marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_damaged_files(tmp_path, models, count):
    rng = np.random.default_rng(count)
    files = list(whole_files(tmp_path).items())
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(count):
        name, data = files[number % len(files)]
        if number % 17 == 16:  # another's header, or another's suffix
            other = files[int(rng.integers(len(files)))]
            data = other[1][:32] + data[32:] if number % 2 else other[1]
        else:
            data = mutated(data, rng)
        (folder / f"{number:04}{Path(name).suffix}").write_bytes(data)
    for name, data in files:  # which must not be lost among them
        (folder / f"whole_{name}").write_bytes(data)
    done = run(tmp_path, "photos", "--model", models / "invert.tflite", timeout=60 + count)
    assert done.returncode == 1
    complaints = done.stderr.splitlines()
    strangers = [line for line in complaints if not line.startswith("enhance.py: error: photos/")]
    assert strangers == []
    refused = {Path(line.split(": ")[2]).name for line in complaints}
    *lines, total = done.stdout.splitlines()
    results = {Path(line.split("  ")[0]).name for line in lines}
    assert total.endswith(f", {len(refused)} failures")
    assert refused | results == {path.name for path in folder.iterdir()}
    assert not refused & results
    assert {f"whole_{name}" for name, _ in files} <= results
    assert len(refused) > count / 4
    there = {path.name for path in (tmp_path / "enhanced").iterdir()}
    assert there == results | {".enhanced.jsonl"}
    for name in results:
        load_photo(tmp_path / "enhanced" / name)


def test_links_pipes_and_devices(tmp_path, models):
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.new("RGB", (9, 9), "red").save(tmp_path / "away.png")
    (folder / "link.png").symlink_to(tmp_path / "away.png")
    (folder / "nowhere.png").symlink_to(tmp_path / "nowhere")
    (folder / "loop.png").symlink_to(folder / "loop.png")
    (folder / "deeper").symlink_to(folder)
    (folder / "empty.jpg").touch()
    os.mkfifo(folder / "pipe.jpg")
    arguments = ("photos", "--recursive", "--model", models / "invert.tflite")
    done = run(tmp_path, *arguments)
    assert done.returncode == 1
    reasons = dict(line.split(": ", 3)[2:] for line in done.stderr.splitlines())
    assert reasons["photos/empty.jpg"].startswith("not an image")
    assert reasons["photos/pipe.jpg"] == "not a regular file"
    assert reasons["photos/nowhere.png"] == "No such file or directory"
    assert "symbolic links" in reasons["photos/loop.png"] and len(reasons) == 4
    result, total = done.stdout.splitlines()
    assert result.split()[0] == "enhanced/link.png" and total.endswith(", 4 failures")

    zero = run(tmp_path, "/dev/zero", folder / "pipe.jpg", "--model", models / "invert.tflite")
    assert zero.returncode == 1 and zero.stderr.count("\n") == 2 and "Traceback" not in zero.stderr


def test_bombs_are_refused_by_their_headers(tmp_path, models):
    def png(width, height):
        header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(10**6))), (b"IEND", b""))
        parts = (
            struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d))
            for k, d in chunks
        )
        return b"\x89PNG\r\n\x1a\n" + b"".join(parts)

    (tmp_path / "vast.png").write_bytes(png(50_000, 50_000))
    (tmp_path / "large.png").write_bytes(png(17_000, 17_000))
    (tmp_path / "short.png").write_bytes(png(3000, 3000))
    arguments = ("vast.png", "large.png", "short.png", "--model", models / "invert.tflite")
    done = run(tmp_path, *arguments)
    vast, large, short = done.stderr.splitlines()
    assert "larger than 300 million pixels" in vast
    assert "17000×17000 pixels take" in large and "--max_memory allows 1" in large
    assert "short.png: damaged image" in short or "truncated" in short
    assert done.returncode == 1 and done.stdout.count("\n") == 1
    assert done.stdout.startswith("0 photos, ") and done.stdout.endswith(", 3 failures\n")


def test_huge_metadata_costs_nothing_but_itself(tmp_path, models):
    for name, size in (("a.png", 3_000_000), ("b.png", 17_000_000)):
        exif = Image.Exif()
        exif.update({0x010F: "Maker", 0x8769: {0x927C: bytes(size), 0x829A: 0.01}})
        Image.new("RGB", (9, 9), "red").save(tmp_path / name, exif=exif)
    done = run(tmp_path, "a.png", "b.png", "--model", models / "invert.tflite")
    assert (done.returncode, done.stderr) == (0, "")
    first, second, _ = done.stdout.splitlines()
    assert "left out" not in first and second.endswith("left out: MakerNote")
    with Image.open(tmp_path / "enhanced" / "a.png") as image:
        kept = image.getexif()
        assert kept[0x010F] == "Maker" and set(kept.get_ifd(0x8769)) == {0x927C, 0x829A}


def limit_file_size():
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".bmp"])
def test_a_full_disk_leaves_nothing_behind(tmp_path, models, suffix):
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / f"a{suffix}")
    Image.new("RGB", (9, 9)).save(tmp_path / "z.png")
    model = models / "invert.tflite"
    done = run(tmp_path, f"a{suffix}", "z.png", "--model", model, preexec_fn=limit_file_size)
    assert done.returncode == 1
    assert (
        done.stderr == f"enhance.py: error: enhanced/a{suffix}: cannot be written: File too large\n"
    )
    assert {path.name for path in (tmp_path / "enhanced").iterdir()} == {".enhanced.jsonl", "z.png"}
