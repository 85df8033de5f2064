"""Compare a phone's network with the full generator in Keras on one photo, file to file.

    python -m benchmarks.against_full iphone_3gs.tflite --full iphone_orig.keras --photo 0.jpg

Each network reads the JPEG, enhances it and writes a JPEG, in its own process, in turns. The
benchmark gives two times: of the work between the files with the network loaded, and of the whole
process with the start of Python and all imports. Keras runs the whole frame: 2048×1536 pixels take
some 10 GB.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import command_line
from common.command_line import option

ROOT = Path(__file__).resolve().parent.parent
_SCRIPTS = {
    "full generator, whole frame, Keras": """
import sys, time
model_file, photo, target = sys.argv[1:]
import numpy as np
from models import load_generator
from photos import read_photo, write_photo
model = load_generator(model_file)
model.predict_on_batch(np.zeros((1, 64, 64, 3), np.float32))
read_photo(photo)  # imports its decoder
started = time.perf_counter()
image = read_photo(photo).astype(np.float32) / 255
result = np.clip(model.predict_on_batch(image[None])[0], 0, 1)
write_photo(target, np.rint(255 * result).astype(np.uint8))
print(time.perf_counter() - started)
""",
    "the phone's network, enhance_image": """
import sys, time
model_file, photo, target = sys.argv[1:]
from enhance import load_engine
from inference.enhance_image import enhance_image
from pathlib import Path
from photos import read_photo, write_photo
engine = load_engine(Path(model_file))
read_photo(photo)
started = time.perf_counter()
write_photo(target, enhance_image(engine, read_photo(photo)))
print(time.perf_counter() - started)
""",
}


@dataclasses.dataclass(frozen=True)
class AgainstConfig:
    """The two networks and the photo."""

    model: str = option(help="the phone's network, a .tflite file", positional=True)
    full: str = option(help="the full generator, a .keras file")
    photo: str = option(help="a JPEG")
    repeats: int = option(
        2, "runs of the full generator; five times as many of the phone's network"
    )


def main(config: AgainstConfig) -> None:
    """Time both networks in turns and print the table."""
    times = {name: [] for name in _SCRIPTS}
    for _ in range(config.repeats):
        for name, model, count in zip(_SCRIPTS, (config.full, config.model), (1, 5), strict=True):
            times[name] += [_timed(_SCRIPTS[name], model, config.photo) for _ in range(count)]
    best = [tuple(map(min, zip(*runs, strict=True))) for runs in times.values()]
    print("| | between files, s | whole command, s |\n|---|---|---|")
    for name, (work, whole) in zip(times, best, strict=True):
        print(f"| {name} | {work:.2f} | {whole:.2f} |")
    ratios = [full / mobile for full, mobile in zip(*best, strict=True)]
    print("| times faster | {:.0f} | {:.0f} |".format(*ratios))


def _timed(script: str, model: str, photo: str) -> tuple[float, float]:
    """Return the seconds of the work between files, and of the whole process."""
    with tempfile.TemporaryDirectory() as folder:
        target = str(Path(folder) / "enhanced.jpg")
        paths = [str(Path(path).resolve()) for path in (model, photo)]
        started = time.perf_counter()
        run = subprocess.run(
            [sys.executable, "-c", script, *paths, target],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
        return float(run.stdout.split()[-1]), time.perf_counter() - started


if __name__ == "__main__":
    command_line.run(main, AgainstConfig, __doc__, [])
