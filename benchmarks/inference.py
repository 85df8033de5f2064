"""Measure the speed of an exported network over a photo, and its memory.

    python -m benchmarks.inference exported/iphone_fp32_any.tflite --megapixels 3

For each size of tile the benchmark gives milliseconds a megapixel, FLOP/s, and their share of a
float32 matrix product (the limit), measured between the runs. For `enhance.py` in its own process
it gives the time and the peak memory. FLOP/s count the whole frame, so the work in halos is a loss.
The photo is random: pixels do not change the speed. Other programs on the same cores change all
times; compare the shares, and take the best of several runs.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
import json
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.training_speed import matrix_product_flops
from common import command_line
from common.command_line import option
from inference.engine import ModelFileError
from inference.enhance_image import enhance_image
from inference.litert_engine import LiteRTEngine

ROOT = Path(__file__).resolve().parent.parent
SMALL = 16  # side in pixels of a photo that takes no time
# A small process starts the command: a child of this process would count this process's memory.
_MEASURE = """
import resource, subprocess, sys, time
started = time.perf_counter()
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
print(time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


@dataclasses.dataclass(frozen=True)
class BenchmarkConfig:
    """The model, the photo, and the number of runs."""

    model: str = option(help="a .tflite file with its manifest beside it", positional=True)
    megapixels: float = option(3.0, "megapixels of the photo, whose sides are 4:3")
    tiles: str = option("128,256,512,1024", "largest sides of tiles in pixels, comma-separated")
    repeats: int = option(2, "runs of each measurement; the best one counts")
    max_memory: float = option(1e9, "bytes that the network may take")
    process: bool = option(True, "measure enhance.py in its own process too")


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
    """Return a random uint8 RGB photo of about that size, 4:3."""
    height = max(round(math.sqrt(megapixels * 1e6 * 3 / 4)), 1)
    width = max(round(height * 4 / 3), 1)
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def process(model: str, photo: np.ndarray) -> tuple[float, int]:
    """Return seconds and peak resident bytes of `enhance.py` on a photo, file to file."""
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
