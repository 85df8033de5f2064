r"""Measure the quality, size and speed of a network in every precision.

    python -m benchmarks.quantization models/pretrained/iphone_3gs.keras \
        --data_dir $DPED_REFERENCE_DATA/dped

The benchmark exports the network in every precision and size; the phone's training pairs
calibrate 8-bit files. The table has for each file:

- the size;
- PSNR and MS-SSIM on the phone's test pairs, as `evaluate.py` computes them;
- PSNR to the 32-bit file;
- how much flat areas vary in the result, levels of 255;
- milliseconds for one tile and for a megapixel on `--threads` threads: the best of `--repeats`
  runs, in turns with the other files;
- the median that `litert-benchmark` measures;
- the operations that XNNPACK leaves to the runtime.

Files of any size are timed at the largest tile. Other work on the cores changes all times, so
compare only within one table.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import metrics
from common import command_line
from common.command_line import option
from common.long_work import counted
from data.packed import read_patch
from data.pair_files import DatasetError, test_pairs, training_pairs
from export.precisions import Precision
from inference.enhance_image import enhance_image
from inference.litert_engine import LiteRTEngine

FLAT, INNER = slice(20, 80), slice(40, 60)  # rows and columns of a patch of 100


@dataclasses.dataclass(frozen=True)
class BenchmarkConfig:
    """What to measure."""

    model: str = option(help="a .keras file", positional=True)
    phone: str = option("iphone", "phone with patch pairs")
    data_dir: str = option("dped", "folder of data sets")
    split: str = option("test", "pairs to score: test, or training before a decision")
    precision: str = option("", "comma-separated; default: all that the network has")
    tiles: str = option(
        "256,512,any", "comma-separated sides of tiles in pixels; any: files for any size"
    )
    threads: int = option(2, "threads of the runtime")
    repeats: int = option(20, "timed runs of each file; the best counts")


@dataclasses.dataclass
class Row:
    """One file and its measurements."""

    path: Path
    precision: Precision
    tile: int | None
    side: int  # of the image that the file is timed on, pixels
    psnr: float = 0.0
    ms_ssim: float = 0.0
    to_floats: float = 0.0
    uneven: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(1))
    ms: float = float("inf")


def main(config: BenchmarkConfig) -> None:
    """Measure everything and print the table."""
    pairs = {"test": test_pairs, "training": training_pairs}[config.split](
        config.data_dir, config.phone
    )
    phone, target = (
        np.stack(
            [read_patch(path) for path in counted(files, "reading patches", "patch", leave=False)]
        )
        for files in (pairs.phone, pairs.target)
    )
    with tempfile.TemporaryDirectory() as folder:
        rows = export_all(config, Path(folder))
        score_all(rows, phone, target)
        time_all(rows, config.threads, config.repeats)
        print(
            f"{len(phone)} {config.split} pairs of {config.phone}, {config.threads} threads\n\n"
            "| precision | tile | KB | PSNR, dB | MS-SSIM | to fp32, dB | flat: mean (most) "
            "| ms a tile | ms/MP | litert-benchmark, ms | not delegated |\n" + 11 * "|---" + "|"
        )
        for row in rows:
            print(
                f"| {row.precision} | {row.tile or 'any'} | {row.path.stat().st_size / 1000:.0f} "
                f"| {row.psnr:.3f} | {row.ms_ssim:.4f} | {row.to_floats:.1f} "
                f"| {row.uneven.mean():.2f} ({row.uneven.max():.0f}) | {row.ms:.1f} "
                f"| {row.ms / (row.side**2 / 1e6):.0f} | {litert_benchmark(row, config.threads)} "
                f"| {', '.join(not_delegated(row.path)) or 'none'} |",
                flush=True,
            )


def export_all(config: BenchmarkConfig, folder: Path) -> list[Row]:
    """Export the network's files, each with the manifest that an engine needs."""
    from common.backend import import_keras

    import_keras()
    from export.calibration import calibration_patches
    from export.exporter import Exporter
    from models import load_generator, receptive_radius
    from models.inspect_network import manifest_norm, pixel_multiple

    model = load_generator(config.model)
    exporter = Exporter(model, calibration_patches(config.data_dir, config.phone)[0])
    norm = manifest_norm(model)
    manifest = {
        "halo": receptive_radius(model),
        "multiple": pixel_multiple(model),
        "norm": norm,
    }
    precisions = [Precision(word) for word in config.precision.split(",") if word] or [
        precision for precision in Precision if not exporter.refusal(precision)
    ]
    tiles = [None if word == "any" else int(word) for word in config.tiles.split(",")]
    if norm == "instance":
        tiles = [None]
    side = max((tile for tile in tiles if tile), default=512)
    rows = []
    for precision in precisions:
        for tile in tiles:
            content, staged = exporter.file(precision, tile)
            path = folder / f"{precision}_{tile or 'any'}.tflite"
            path.write_bytes(content)
            stages = {"stages": staged.plan.as_json()} if staged else {}
            path.with_suffix(".json").write_text(json.dumps({**manifest, **stages}))
            rows.append(Row(path, precision, tile, tile or side))
    return rows


def score_all(rows: list[Row], phone: np.ndarray, target: np.ndarray) -> None:
    """Score every file on pairs, uint8 `(N, H, W, 3)`, and against the 32-bit file."""
    floats = target.astype(np.float32) / 255
    reference = {}
    for row in rows:
        engine = LiteRTEngine(row.path)
        images = [enhance_image(engine, image.astype(np.float32) / 255) for image in phone]
        enhanced = np.stack(images)
        row.psnr = float(np.mean(metrics.psnr(enhanced, floats)))
        row.ms_ssim = float(np.mean(metrics.ms_ssim(enhanced, floats)))
        row.uneven = unevenness(engine, phone)
        if row.precision == Precision.FP32:
            reference[row.tile] = enhanced
        if row.tile in reference:
            same = np.mean(np.square(enhanced - reference[row.tile], dtype=np.float64))
            row.to_floats = float(-10 * np.log10(same)) if same else float("inf")
        else:
            row.to_floats = float("nan")


def unevenness(engine: LiteRTEngine, photos: np.ndarray) -> np.ndarray:
    """Return how much the pixels of a flat area vary in the result.

    Args:
        engine: the network.
        photos: uint8 `(N, H, W, 3)`. The middle of each photo is made flat: black in the first,
            white in the last, with and without a tint.

    Returns:
        `(2 N,)` float32, levels of 255: greatest minus least value in the middle of the flat
        area, where the network sees nothing else, in the color that varies most.
    """
    levels = np.linspace(0, 255, len(photos))
    found = []
    for photo, level in zip(photos, levels, strict=True):
        for tint in ((1, 1, 1), (1, 0.9, 0.8)):
            flat = photo.astype(np.float32) / 255
            flat[FLAT, FLAT] = np.rint(level * np.array(tint)) / 255
            enhanced = 255 * np.clip(enhance_image(engine, flat)[INNER, INNER], 0, 1)
            found.append(np.ptp(enhanced, axis=(0, 1)).max())
    return np.array(found)


def time_all(rows: list[Row], threads: int, repeats: int) -> None:
    """Time every file, in turns, so that a busy moment of the machine slows all files."""
    from ai_edge_litert.interpreter import Interpreter

    interpreters = []
    for row in rows:
        interpreter = Interpreter(str(row.path), num_threads=threads)
        for details in interpreter.get_input_details():
            if -1 in details["shape_signature"]:
                interpreter.resize_tensor_input(details["index"], [1, row.side, row.side, 3])
        interpreter.allocate_tensors()
        rng = np.random.default_rng(0)
        for details in interpreter.get_input_details():
            values = rng.random(details["shape"])
            top = 255 if details["dtype"] == np.uint8 else 1
            interpreter.set_tensor(details["index"], (top * values).astype(details["dtype"]))
        interpreter.invoke()
        interpreters.append(interpreter)
    for _ in range(repeats):
        for row, interpreter in zip(rows, interpreters, strict=True):
            started = time.perf_counter()
            interpreter.invoke()
            row.ms = min(row.ms, 1000 * (time.perf_counter() - started))


def litert_benchmark(row: Row, threads: int) -> str:
    """Return the median milliseconds by LiteRT's own tool, which cannot resize inputs."""
    if row.tile is None:
        return ""
    result = row.path.with_suffix(".benchmark.json")
    tool = Path(sys.executable).with_name("litert-benchmark")
    command = [tool, "--model", row.path, "--num_threads", threads, "--result_json", result]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True)
    if done.returncode or not result.is_file():
        return "fails"
    return f"{json.loads(result.read_text())['latency']['median_ms']:.1f}"


def not_delegated(path: Path) -> list[str]:
    """Return the operations of a file that XNNPACK leaves to the runtime's own kernels."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path))
    interpreter.allocate_tensors()
    everything = interpreter._get_ops_details()
    plain = [op for op in everything if op["op_name"] != "DELEGATE"]
    makers = {int(index): op for op in plain for index in op["outputs"]}
    inside = set()
    for delegate in (op for op in everything if op["op_name"] == "DELEGATE"):
        given, wanted = set(map(int, delegate["inputs"])), [*map(int, delegate["outputs"])]
        while wanted:
            tensor = wanted.pop()
            if tensor in makers and tensor not in given and makers[tensor]["index"] not in inside:
                inside.add(makers[tensor]["index"])
                wanted += map(int, makers[tensor]["inputs"])
    return [op["op_name"] for op in plain if op["index"] not in inside]


if __name__ == "__main__":
    command_line.run(
        main,
        BenchmarkConfig,
        __doc__,
        errors=[
            DatasetError,
            "models.network_files.WeightsError",
            "inference.engine.ModelFileError",
        ],
    )
