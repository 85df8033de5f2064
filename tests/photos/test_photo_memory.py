"""Reading and writing photos takes no more memory than their headers promise."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

import photos
from photos import Photo, save_photo

ROOT = Path(photos.__file__).parent.parent
HEIGHT, WIDTH = 3000, 4000

# Prints the bytes taken at most by reading and by writing, and those promised.
MEASURE = """
import sys
from pathlib import Path
from photos import load_photo, read_header, save_photo
import cv2

def status(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))

path = Path(sys.argv[1])
header = read_header(path)
start = status("VmRSS")
Path("/proc/self/clear_refs").write_text("5")
photo = load_photo(path)
read = status("VmHWM") - start
Path("/proc/self/clear_refs").write_text("5")
save_photo(path.with_stem("copy"), photo)
print(read, header.read_bytes, status("VmHWM") - start, header.write_bytes(path))
"""


def made(folder):
    """Write photos of 12 megapixels; return their names."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    pixels = np.stack([x // 16, y // 12, (x + y) % 256], -1).astype(np.uint8)
    image = Image.fromarray(pixels)
    image.save(folder / "a.jpg", quality=90)
    image.save(folder / "progressive.jpg", quality=90, progressive=True, subsampling=0)
    image.save(folder / "a.png", compress_level=1)
    image.save(folder / "a.webp", method=0)
    image.save(folder / "a.avif", speed=10)
    save_photo(folder / "a.tif", Photo(pixels))
    for name in ("deep.png", "deep.tif"):
        save_photo(folder / name, Photo(pixels.astype(np.uint16) * np.uint16(257)))
    deep = pixels.astype(np.uint16) * np.uint16(257)
    one_strip = {"compression": "zlib", "predictor": True, "rowsperstrip": HEIGHT}
    tifffile.imwrite(folder / "one_strip.tif", deep, photometric="rgb", **one_strip)
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux")
def test_reading_and_writing_take_what_headers_promise(tmp_path):
    names = made(tmp_path)
    assert len(names) == 9
    for name in names:
        words = [sys.executable, "-c", MEASURE, tmp_path / name]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, check=True)
        read, promised_read, write, promised_write = map(int, done.stdout.split())
        assert read <= promised_read, name
        assert write <= promised_write, name
