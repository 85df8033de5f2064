"""Export a trained generator as .tflite files, each checked against Keras.

    python export/to_tflite.py --phone iphone

The command writes two files for each precision: one for fixed tiles, one for images of any size. A
network with instance norm gets only the second kind, in stages (docs/tiling.md). A manifest, a
sample picture and the expected result lie beside each file. docs/deploy.md says which file to take
and how to use it.
"""

import contextlib
import dataclasses
import hashlib
import itertools
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if __package__ in (None, ""):  # run as `python export/to_tflite.py`: the root is not on the path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

from common import command_line
from common.atomic_files import replacing
from common.backend import import_keras
from common.command_line import ESSENTIAL, option
from common.did_you_mean import did_you_mean
from common.long_work import counted
from export.precisions import PROPERTIES, Precision
from export.source_model import ExportError, export_name, find_source, read_run

if TYPE_CHECKING:
    from export.exporter import Exporter

PRECISION_HELP = ", ".join(f"{name} ({known.summary})" for name, known in PROPERTIES.items())


@dataclasses.dataclass(frozen=True)
class ExportConfig:
    """What to export, and how."""

    phone: str | None = option(
        None, "export the best network of this phone's training run", group=ESSENTIAL
    )
    model: str | None = option(
        None, "export this .keras file instead of the phone's network", group=ESSENTIAL
    )
    precision: str = option(
        "fp32,fp16", f"comma-separated list of {PRECISION_HELP}", group=ESSENTIAL
    )
    tile: int = option(256, "height and width of the input of the files for fixed tiles, pixels")
    output: str = option(
        "exported", "folder for the .tflite files, manifests and pictures", group=ESSENTIAL
    )
    data_dir: str = option(
        "dped",
        "folder with the phone's patch pairs, if there are any: test patches check each file, "
        "training patches calibrate 8-bit files",
    )
    label: str | None = option(
        None, "what the demos call the network (default: the name of the files)"
    )
    author: str | None = option(None, "author of the network, written into the files")
    license: str | None = option(None, "license of the network's weights, written into the files")
    demos: bool = option(False, "also copy the files for fixed tiles to the web and Android demos")

    def __post_init__(self):
        if self.phone is None and self.model is None:
            raise ExportError("give --phone NAME or --model FILE.keras")
        if not 64 <= self.tile <= 4096:
            raise ExportError(f"--tile {self.tile}: must be between 64 and 4096")


def export(config: ExportConfig) -> list[Path]:
    """Export every file. If any file fails its check, no file is left behind.

    Returns:
        The `.tflite` files.

    Raises:
        ExportError: no such model or precision, or a network that cannot be exported like this.
        ParityError: an exported file differs too much from Keras.
        data.pair_files.DatasetError: a damaged patch.
        models.WeightsError: the model file is damaged.
    """
    source = find_source(config.phone, config.model)
    run = read_run(source)
    phone = config.phone or (run or {}).get("phone")

    import_keras()
    import numpy as np

    from common.write_picture import write_picture
    from export.calibration import calibration_patches, parity_patches
    from export.exporter import Exporter
    from export.manifest import describe_file, network_facts, tensor_entries
    from export.parity import check_parity, measure_parity
    from export.sample_picture import SamplePicture
    from inference.litert_engine import LiteRTEngine
    from models import load_generator

    precisions = _precisions(config.precision)
    model = load_generator(source)
    name = export_name(config.phone, config.model, source, run)
    label = config.label or name
    facts = network_facts(model, source, run, phone, label, config.author, config.license)
    _check_tile(config.tile, facts["halo"], facts["multiple"])
    checked, checked_name = parity_patches(config.data_dir, phone)
    calibrating, calibrating_name = calibration_patches(config.data_dir, phone)
    exporter = Exporter(model, calibrating)
    _check_refusals(exporter, precisions, source)

    output = Path(config.output)
    output.mkdir(parents=True, exist_ok=True)
    # One tile cannot know the whole image's statistics.
    tiles = (None,) if facts["norm"] == "instance" else (config.tile, None)
    targets, lines = [], []
    # At the end all files get their names, each model before its manifest; on an error none does.
    with contextlib.ExitStack() as files:

        def add_picture(file_name, pixels):
            write_picture(files.enter_context(replacing(output / file_name)), pixels, optimize=True)
            return file_name

        sample = SamplePicture.of_size(config.tile, facts["thumbnail"])
        inputs, sample_files = sample.inputs(), {}
        for kind, pixels in inputs.items():
            same = [
                file
                for other, file in sample_files.items()
                if np.array_equal(inputs[other], pixels)
            ]
            file_name = f"{name}_sample_{kind}_{config.tile}.png"
            sample_files[kind] = same[0] if same else add_picture(file_name, pixels)
        variants = list(itertools.product(precisions, tiles))
        for precision, tile in counted(variants, "exporting", "file"):
            variant = f"{precision}_{tile or 'any'}"
            target = output / f"{name}_{variant}.tflite"
            manifest_file = files.enter_context(replacing(target.with_suffix(".json")))
            model_file = files.enter_context(replacing(target))
            content, staged = exporter.file(precision, tile)
            content = describe_file(content, facts, target.stem, precision, tile)
            model_file.write_bytes(content)
            engine = LiteRTEngine(model_file)
            measured = measure_parity(engine, model, checked)
            check_parity(measured, precision)
            expected = add_picture(f"{name}_expected_{variant}.png", sample.expected(engine))
            levels = PROPERTIES[precision].sample_levels
            calibrated = exporter.is_calibrated(precision)
            manifest = {
                "file": target.name,
                "sha256": hashlib.sha256(content).hexdigest(),
                "precision": precision,
                "tile": tile,
                **tensor_entries(facts, precision, tile),
                "sample": {**sample_files, "expected": expected, "levels": levels},
                "parity": {**measured, "patches": checked_name},
                **({"calibration": calibrating_name} if calibrated else {}),
                **facts,
                **({"stages": staged.plan.as_json()} if staged else {}),
            }
            manifest_file.write_text(json.dumps(manifest, indent=2) + "\n")
            targets.append(target)
            lines.append(
                f"{target}  {len(content) / 1024:.0f} KiB  largest difference to Keras "
                f"{measured['max_difference']:.2e}, {measured['psnr']:.1f} dB"
            )
    print("\n".join(lines))
    return targets


def _precisions(words: str) -> list[Precision]:
    try:
        precisions = [Precision(word) for word in words.split(",") if word]
    except ValueError:
        precisions = []
    if not precisions:
        unknown = next((word for word in words.split(",") if word not in list(Precision)), "")
        hint = did_you_mean(unknown, Precision)
        raise ExportError(f"--precision {words}: expected {', '.join(Precision)}{hint}")
    return precisions


def _check_tile(tile: int, halo: int, multiple: int) -> None:
    if tile <= 2 * halo:
        raise ExportError(f"--tile {tile} has no room for a halo of {halo} on each side")
    if tile % multiple:
        raise ExportError(f"--tile {tile}: must be a multiple of {multiple}")


def _check_refusals(exporter: "Exporter", precisions: list[Precision], source: Path) -> None:
    for precision in precisions:
        if reason := exporter.refusal(precision):
            raise ExportError(f"{source}: {reason}")


def main(config: ExportConfig) -> None:
    """Export as the command line says."""
    targets = export(config)
    if config.demos:
        from export import demos

        for folder in demos.demo_folders():
            for target in demos.copy_networks(targets, folder):
                print(f"{target}  for the demo")


if __name__ == "__main__":
    user_errors = [
        ExportError,
        "data.pair_files.DatasetError",
        "export.demos.DemoNetworkError",
        "export.parity.ParityError",
        "inference.engine.ModelFileError",
        "models.network_files.WeightsError",
    ]
    command_line.run(main, ExportConfig, __doc__, user_errors)
