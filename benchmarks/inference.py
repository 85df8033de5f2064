"""How fast an exported network runs over a photo, how near the machine's limit, in what memory.

    python -m benchmarks.inference exported/iphone_fp32_any.tflite --megapixels 3

gives, for each size of tile, milliseconds a megapixel, FLOP/s and their share of the matrix
product measured in between (the limit), and for `enhance.py` in a process of its own the time to
start and the peak memory. What halos cost counts as loss: FLOP/s are those of the whole frame. The
photo is random: pixels do not matter to the speed. Cores that are shared change all times; take the
shares, and the best of several runs.
"""

import dataclasses
import json
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.training import matrix_product_flops
from common import command_line
from common.command_line import option
from inference.engine import ModelFileError
from inference.enhance_image import enhance_image
from inference.litert_engine import LiteRTEngine

ROOT = Path(__file__).resolve().parent.parent
SMALL = 16  # pixels: a photo that takes no time
# From a small process: one started here would count this one's memory as its own.
_MEASURE = """
import resource, subprocess, sys, time
started = time.perf_counter()
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
print(time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


@dataclasses.dataclass(frozen=True)
class BenchmarkConfig:
    """What to measure."""

    model: str = option(help="a .tflite file with its manifest", positional=True)
    megapixels: float = option(3.0, "of the photo, 4:3")
    tiles: str = option("128,256,512,1024", "comma-separated: largest sides of tiles, pixels")
    repeats: int = option(2, "runs of each, of which the best counts")
    max_memory: float = option(1e9, "bytes")
    process: bool = option(True, "measure enhance.py in a process of its own too")


def main(config: BenchmarkConfig) -> None:
    """Measure everything and print the tables."""
    engine = LiteRTEngine(config.model)
    manifest = json.loads(Path(config.model).with_suffix(".json").read_text())
    photo = random_photo(config.megapixels)
    pixels = photo.shape[0] * photo.shape[1]
    print(f"{photo.shape[1]}×{photo.shape[0]} pixels, {engine.workers} threads\n")
    print("| tile | s | ms/MP | GFLOP/s | of the matrix product |\n|---|---|---|---|---|")
    sides = [engine.tile] if engine.tile else map(int, config.tiles.split(","))
    for side in sides:
        seconds, peak = math.inf, 0.0
        for _ in range(config.repeats):
            peak = max(peak, matrix_product_flops(repeats=2))
            started = time.perf_counter()
            enhance_image(engine, photo, side, max_memory=int(config.max_memory))
            seconds = min(seconds, time.perf_counter() - started)
        speed = 2 * manifest.get("multiply_adds", math.nan) * pixels / seconds
        print(
            f"| {side} | {seconds:.2f} | {seconds / pixels * 1e9:.0f} | {speed / 1e9:.0f} "
            f"| {100 * speed / peak:.0f} % of {peak / 1e9:.0f} |",
            flush=True,
        )
    if config.process:
        print("\n| enhance.py | s | peak memory, MB |\n|---|---|---|")
        small = np.zeros((SMALL, SMALL, 3), np.uint8)
        for name, one in ((f"{SMALL}×{SMALL}", small), ("the photo", photo)):
            runs = [process(config.model, one) for _ in range(config.repeats)]
            print(f"| {name} | {min(runs)[0]:.2f} | {max(run[1] for run in runs) / 1e6:.0f} |")


def random_photo(megapixels: float) -> np.ndarray:
    """Uint8 RGB of about that size, 4:3."""
    height = max(round(math.sqrt(megapixels * 1e6 * 3 / 4)), 1)
    width = max(round(height * 4 / 3), 1)
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def process(model: str, photo: np.ndarray) -> tuple[float, int]:
    """Seconds and largest resident bytes of `enhance.py` on a photo, file to file."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "photo.png"
        Image.fromarray(photo).save(source, compress_level=1)
        command = [sys.executable, str(ROOT / "enhance.py"), str(source), "--model", model]
        command += ["--output", str(Path(folder) / "enhanced")]
        found = subprocess.run(
            [sys.executable, "-c", _MEASURE, *command], capture_output=True, text=True
        )
        if found.returncode:
            raise ModelFileError(f"{model}: enhance.py failed: {found.stderr.strip()}")
        seconds, memory = found.stdout.split()
        return float(seconds), int(memory) * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    command_line.run(main, BenchmarkConfig, __doc__, errors=[ModelFileError])
