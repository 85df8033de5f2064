"""Export a trained generator as .tflite files, each checked against Keras.

    python export/to_tflite.py --phone iphone

writes, for each precision, a file for fixed tiles and one for images of any size, with a
manifest beside each; for instance norm the latter alone, in stages (docs/tiling.md).
"""

import contextlib
import dataclasses
import hashlib
import itertools
import json
import sys
from pathlib import Path

import numpy as np

if __package__ in (None, ""):  # run as `python export/to_tflite.py`: the root is not on the path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import commandline
from atomic import replacing
from backend import import_keras
from commandline import option
from data.layout import DatasetError, test_pairs
from data.packed import read_patch
from run_folder import BEST, CONFIG, LAST, RUNS, finished_runs


class ExportError(ValueError):
    """A model that cannot be found or exported as asked."""


@dataclasses.dataclass(frozen=True)
class ExportConfig:
    """What to export, and how."""

    phone: str | None = option(None, "export the best generator of this phone's run")
    model: str | None = option(None, "export this .keras file instead of the phone's")
    precision: str = option("fp32,fp16", "comma-separated: fp32, fp16")
    tile: int = option(256, "height and width of the fixed-size variant, pixels")
    output: str = option("exported", "folder for the .tflite files and their manifests")
    data_dir: str = option("dped", "data set whose test patches the parity check takes, if there")

    def __post_init__(self):
        if self.phone is None and self.model is None:
            raise ExportError("give --phone NAME or --model FILE.keras")
        if not 64 <= self.tile <= 4096:
            raise ExportError("--tile must be between 64 and 4096")


def export(config: ExportConfig) -> list[Path]:
    """Export every variant; nothing is left behind unless all pass the parity check.

    Returns:
        The `.tflite` files.

    Raises:
        ExportError: no such model or precision, or a network that cannot be tiled.
        ParityError: an exported file differs too much from Keras.
        models.WeightsError: the model file is damaged.
    """
    source = _source(config)
    run = _run_of(source)
    phone = config.phone or (run or {}).get("phone")
    patches, patches_name = _parity_patches(config.data_dir, phone)

    import_keras()
    from export.convert import PRECISIONS, convert, convert_staged
    from export.parity import check_parity, measure_parity
    from inference.engines import LiteRTEngine
    from models import load_generator, normalization_of, receptive_radius
    from models.anatomy import multiply_adds, pixel_multiple, working_bytes
    from models.thumbnail import thumbnail_size

    precisions = [word for word in config.precision.split(",") if word]
    unknown = set(precisions) - set(PRECISIONS)
    if unknown or not precisions:
        raise ExportError(f"--precision {config.precision}: expected {', '.join(PRECISIONS)}")
    model = load_generator(source)
    halo = receptive_radius(model)
    if config.tile <= 2 * halo:
        raise ExportError(f"--tile {config.tile} has no room for a halo of {halo} on each side")
    if config.tile % pixel_multiple(model):
        raise ExportError(f"--tile {config.tile}: must be a multiple of {pixel_multiple(model)}")

    output = Path(config.output)
    output.mkdir(parents=True, exist_ok=True)
    name = _name(config, source, run)
    facts = {
        "halo": halo,
        "multiple": pixel_multiple(model),
        "norm": normalization_of(model),
        "thumbnail": thumbnail_size(model),
        "bytes_per_pixel": working_bytes(model),
        "multiply_adds": multiply_adds(model),
        "source": {
            "model": source.name,
            "sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
            "run": run,
        },
    }
    targets, lines = [], []
    # On leaving, all files get their names, each model before its manifest; or none is kept.
    with contextlib.ExitStack() as files:
        # A fixed tile could not be put together again where the whole image's statistics count.
        sizes = (None,) if facts["norm"] == "instance" else (config.tile, None)
        for precision, tile in itertools.product(precisions, sizes):
            target = output / f"{name}_{precision}_{tile or 'any'}.tflite"
            manifest_file = files.enter_context(replacing(target.with_suffix(".json")))
            model_file = files.enter_context(replacing(target))
            stages = {}
            if facts["norm"] == "instance":
                content, staged = convert_staged(model, precision)
                stages = {"stages": staged.as_json()}
            else:
                content = convert(model, precision, tile)
            model_file.write_bytes(content)
            measured = measure_parity(LiteRTEngine(model_file), model, patches)
            check_parity(measured, precision)
            manifest = {
                "file": target.name,
                "sha256": hashlib.sha256(content).hexdigest(),
                "precision": precision,
                "tile": tile,
                "input": _tensor(tile, [0, 1]),
                "output": {**_tensor(tile, [0, 1]), "clip": True},
                "parity": {**measured, "patches": patches_name},
                **facts,
                **stages,
            }
            manifest_file.write_text(json.dumps(manifest, indent=2) + "\n")
            targets.append(target)
            lines.append(
                f"{target}  {len(content) / 1024:.0f} KiB  largest difference "
                f"{measured['max_difference']:.2e}, {measured['psnr']:.1f} dB to Keras"
            )
    print("\n".join(lines))
    return targets


def _source(config: ExportConfig) -> Path:
    """The `.keras` file to export."""
    if config.model is not None:
        return Path(config.model)
    found = list(finished_runs(config.phone).values())
    if not found:
        raise ExportError(
            f"{RUNS / config.phone}: no trained model; "
            f"train one with `python train.py --phone {config.phone}`"
        )
    if len(found) > 1:
        names = ", ".join(map(str, found))
        raise ExportError(f"phone {config.phone} has several runs: pass --model one of {names}")
    return found[0]


def _name(config: ExportConfig, source: Path, run: dict | None) -> str:
    """What the exported files are called; every run's best is best.keras, so ask the run."""
    if config.model is None:
        return config.phone
    if run is not None and source.name in (BEST, LAST):
        return f"{run['phone']}_{run['model']}"
    return source.stem


def _run_of(source: Path) -> dict | None:
    """The configuration of the run that made a model, or None for a model from elsewhere."""
    path = source.parent / CONFIG
    if not path.is_file():
        return None
    try:
        run = json.loads(path.read_text())
        return {**run, "phone": str(run["phone"]), "model": str(run["model"])}
    except (ValueError, KeyError, TypeError) as error:
        raise ExportError(f"{path}: not the configuration of a run") from error


def _parity_patches(data_dir: str, phone: str | None) -> tuple[np.ndarray, str]:
    """Up to 40 real patches `(N, 100, 100, 3)` float32, and where they are from."""
    if phone is not None:
        try:
            files = test_pairs(data_dir, phone).phone[:40]
            return _scaled([read_patch(path) for path in files]), f"{phone} test patches"
        except DatasetError:
            pass  # the phone's photos need not be on the machine that exports
    from data.shipped import shipped_photos

    crops = [photo[-100:, -100:] for photo in shipped_photos().values()]
    crops += [photo[100:200, 100:200] for photo in shipped_photos().values()]
    return _scaled(crops), "crops of scikit-image's photos"


def _scaled(patches) -> np.ndarray:
    return np.stack(patches).astype(np.float32) / 255


def _tensor(tile: int | None, values: list) -> dict:
    return {
        "shape": [1, tile, tile, 3],
        "layout": "NHWC",
        "color": "RGB",
        "dtype": "float32",
        "range": values,
    }


def main(config: ExportConfig) -> None:
    """Export as the command line says."""
    export(config)


if __name__ == "__main__":
    user_errors = [
        ExportError,
        DatasetError,
        "export.parity.ParityError",
        "inference.engines.ModelFileError",
        "models.files.WeightsError",
    ]
    commandline.run(main, ExportConfig, __doc__, user_errors)
