"""Measure where the time of `enhance.py` goes: one photo, and a folder of photos.

    python -m benchmarks.photo_time photo.jpg
    python -m benchmarks.photo_time photo.jpg --folder 100

The first table gives the steps of one photo, each run in a process of its own. The second table
gives the whole command. With `--folder` the command enhances so many copies of the photo, and the
benchmark counts the threads that could run (Linux only). Other programs on the same cores change
the wall times. They change processor times by a tenth or two, and the count of threads little.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import command_line
from common.command_line import option
from common.cores import cores

ROOT = Path(__file__).resolve().parent.parent
INTERVAL = 0.02  # seconds between two looks at the threads
_STEPS = """
import time, sys
started = time.perf_counter()
import enhance
from photos import load_photo, save_photo
from photos.batches.enhance_photo import ROOM, enhance_photo
source, target, model = sys.argv[1:]
def step(name):
    global started
    print(name, time.perf_counter() - started, time.process_time(), sep="|")
    started = time.perf_counter()
step("start: Python and its modules")
engine = enhance.find_enhancer(model).load()
step("network loaded")
photo = load_photo(source)
step("photo decoded, metadata read")
enhance_photo(engine, photo, 1.0, ROOM)
step("network")
save_photo(target, photo)
step("result encoded and written")
"""
# A small process starts the command: a child of this process would count this process's memory.
_COMMAND = """
import resource, subprocess, sys, time
started = time.perf_counter()
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
wall, used = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
memory = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(wall, used.ru_utime + used.ru_stime, memory)
sys.exit(code)
"""


class BenchmarkError(RuntimeError):
    """A measured process that failed."""


@dataclasses.dataclass(frozen=True)
class BenchmarkConfig:
    """The photo, the network, and the number of runs."""

    photo: str = option(help="a photo file", positional=True)
    model: str = option("universal", "the name of a network, or a model file")
    repeats: int = option(5, "runs of each measurement; the smallest time of each step counts")
    folder: int = option(0, "photos in the folder; 0: no folder")


def main(config: BenchmarkConfig) -> None:
    """Measure and print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        photo, out = Path(config.photo).resolve(), Path(folder) / "out"
        out.mkdir()
        target = str(out / photo.name)
        runs = [
            _steps(_run(_STEPS, str(photo), target, config.model)) for _ in range(config.repeats)
        ]
        print("| step | wall, s | processor, s |\n|---|---|---|")
        for number, (name, _, _) in enumerate(runs[0]):
            wall, cpu = (min(run[number][column] for run in runs) for column in (1, 2))
            print(f"| {name} | {wall:.3f} | {cpu:.3f} |", flush=True)
        command = [sys.executable, str(ROOT / "enhance.py"), "--model", config.model, "--output"]
        once = [*command, str(out), "--redo", str(photo)]
        Path(target).unlink()
        results = [[float(x) for x in _run(_COMMAND, *once).split()] for _ in range(config.repeats)]
        wall, cpu, memory = (min(column) for column in zip(*results, strict=True))
        print("\n| enhance.py | wall, s | processor, s | peak memory, MB |\n|---|---|---|---|")
        print(f"| one photo | {wall:.2f} | {cpu:.2f} | {memory / 1e6:.0f} |", flush=True)
        if config.folder:
            shots = Path(folder) / "shots"
            shots.mkdir()
            for number in range(config.folder):
                shutil.copy(photo, shots / f"{number:05}{photo.suffix}")
            wall, busy = _watch([*command, str(Path(folder) / "all"), str(shots)])
            print(f"\n{config.folder} photos: {wall / config.folder:.2f} s each")
            print(f"threads that could run: enough for {100 * busy:.0f} % of {cores()} cores")


def _run(code: str, *words: str) -> str:
    """Run Python code in its own process and return its output."""
    environment = {key: x for key, x in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(ROOT)
    command = [sys.executable, "-c", code, *words]
    found = subprocess.run(command, capture_output=True, text=True, env=environment)
    if found.returncode:
        raise BenchmarkError(" ".join(found.stderr.split()))
    return found.stdout


def _steps(output: str) -> list[tuple[str, float, float]]:
    """Return name, wall time and processor time of each step."""
    steps, before = [], 0.0
    for line in output.splitlines():
        name, wall, cpu = line.split("|")
        steps.append((name, float(wall), float(cpu) - before))
        before = float(cpu)
    return steps


def _watch(command: list[str]) -> tuple[float, float]:
    """Run a command and look at its threads.

    Returns:
        Wall time in seconds, and the share of the cores that the threads could fill.
    """
    started, looks = time.perf_counter(), []
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            looks.append(min(_runnable(process.pid), cores()) / cores())
            time.sleep(INTERVAL)
    if process.returncode:
        raise BenchmarkError("enhance.py failed")
    return time.perf_counter() - started, sum(looks) / max(len(looks), 1)


def _runnable(process: int) -> int:
    """Return how many threads of a process run or wait for a core."""
    count = 0
    for state in Path(f"/proc/{process}/task").glob("*/stat"):
        try:
            count += state.read_text().rpartition(")")[2].split()[0] == "R"
        except OSError:  # the thread ended
            continue
    return count


if __name__ == "__main__":
    command_line.run(main, BenchmarkConfig, __doc__, errors=[BenchmarkError])
