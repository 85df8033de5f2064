"""A photo of 108 megapixels goes from file to file within the default memory, in each format."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photos import Photo, save_photo

ROOT = Path(__file__).resolve().parent.parent
HEIGHT, WIDTH = 9000, 12000
LIMIT = 1e9  # the default of --max_memory, bytes
# enhance.py, then on stderr the bytes that the process took at most beyond the bare interpreter
# with its libraries.
MEASURED = """
import resource, runpy, sys
import numpy, PIL.Image, ai_edge_litert.interpreter
start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    print(1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start), file=sys.stderr)
"""


def pixels(dtype) -> np.ndarray:
    """Return a photo of fine detail in `dtype`."""
    y, x = np.ogrid[:HEIGHT, :WIDTH]
    scale = np.iinfo(dtype).max // 255
    out = np.empty((HEIGHT, WIDTH, 3), dtype)
    for channel, values in enumerate((x // 47, y // 36, (3 * x + 5 * y) // 16)):
        out[..., channel] = values % 256
    out *= dtype(scale)
    return out


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss counts kilobytes on Linux")
@pytest.mark.parametrize(
    "name", ["a.jpg", "a.png", "a.tif", "a.bmp", "deep.png", "deep.tif", "turned.jpg"]
)
def test_108_megapixels_take_at_most_a_gigabyte(tmp_path, name, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    path = tmp_path / name
    if path.suffix == ".jpg":
        exif = Image.Exif()
        exif[0x0112] = 6 if name == "turned.jpg" else 1
        Image.fromarray(pixels(np.uint8)).save(path, quality=90, exif=exif)
    else:
        save_photo(path, Photo(pixels(np.uint16 if name.startswith("deep") else np.uint8)))
    words = [str(ROOT / "enhance.py"), str(path), "--output", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *words], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    taken = int(done.stderr.split()[-1])
    assert taken < LIMIT
    with Image.open(tmp_path / "out" / name) as image:
        turned = name == "turned.jpg"
        assert image.size == ((HEIGHT, WIDTH) if turned else (WIDTH, HEIGHT))
