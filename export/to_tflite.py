"""Export a trained generator as .tflite files, each checked against Keras.

    python export/to_tflite.py --phone iphone

writes, for each precision, a file for fixed tiles and one for images of any size; for instance
norm the latter alone, in stages (docs/tiling.md). Beside each: a manifest, and what it makes of a
sample picture. docs/deploy.md says which one to take, and how.
"""

import contextlib
import dataclasses
import hashlib
import itertools
import json
import sys
from pathlib import Path

if __package__ in (None, ""):  # run as `python export/to_tflite.py`: the root is not on the path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from common import command_line
from common.atomic_files import replacing
from common.backend import import_keras
from common.command_line import option
from export.sources import ExportError, name_of, run_of, source_of


@dataclasses.dataclass(frozen=True)
class ExportConfig:
    """What to export, and how."""

    phone: str | None = option(None, "export the best generator of this phone's run")
    model: str | None = option(None, "export this .keras file instead of the phone's")
    precision: str = option(
        "fp32,fp16", "comma-separated: fp32, fp16, dynamic (8-bit weights), int8 (8-bit arithmetic)"
    )
    tile: int = option(256, "height and width of the fixed-size variant, pixels")
    output: str = option("exported", "folder for the .tflite files and what belongs to them")
    data_dir: str = option(
        "dped", "data set, if there: test patches check a file, training patches calibrate 8 bits"
    )
    author: str | None = option(None, "who made the network, for the files' metadata")
    license: str | None = option(None, "of the network's weights, likewise")
    demos: bool = option(False, "also give the files for fixed tiles to the demos (web/, android/)")

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
        ExportError: no such model or precision, or a network that cannot be exported like this.
        ParityError: an exported file differs too much from Keras.
        data.layout.DatasetError: a damaged patch.
        models.WeightsError: the model file is damaged.
    """
    source = source_of(config.phone, config.model)
    run = run_of(source)
    phone = config.phone or (run or {}).get("phone")

    import_keras()
    from export.calibration import calibration_patches, parity_patches
    from export.examples import Example, levels
    from export.manifest import described
    from export.parity import check_parity, measure_parity
    from export.variants import Variants
    from inference.litert_engine import LiteRTEngine
    from models import load_generator, receptive_radius
    from models.inspect_network import (
        manifest_norm,
        multiply_adds,
        pixel_multiple,
        working_bytes,
    )
    from models.thumbnail_input import thumbnail_size
    from photos import write_photo

    precisions = _precisions(config.precision)
    model = load_generator(source)
    halo, norm = receptive_radius(model), manifest_norm(model)
    _check(config.tile, halo, pixel_multiple(model))
    patches, patches_name = parity_patches(config.data_dir, phone)
    seen, seen_name = calibration_patches(config.data_dir, phone)
    variants = Variants(model, seen)
    for precision in precisions:
        if reason := variants.refusal(precision):
            raise ExportError(f"{source}: {reason}")

    output = Path(config.output)
    output.mkdir(parents=True, exist_ok=True)
    name = name_of(config.phone, config.model, source, run)
    facts = {
        "halo": halo,
        "multiple": pixel_multiple(model),
        "norm": norm,
        "thumbnail": thumbnail_size(model),
        "bytes_per_pixel": working_bytes(model),
        "multiply_adds": multiply_adds(model),
        "phone": phone,
        "author": config.author,
        "license": config.license,
        "source": {
            "model": source.name,
            "sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
            "run": run,
        },
    }
    targets, lines = [], []
    # On leaving, all files get their names, each model before its manifest; or none is kept.
    with contextlib.ExitStack() as files:

        def picture(file_name, pixels):
            write_photo(files.enter_context(replacing(output / file_name)), pixels)
            return file_name

        example = Example.of_size(config.tile, thumbnail_size(model))
        sample = {
            kind: picture(f"{name}_sample_{kind}_{config.tile}.png", pixels)
            for kind, pixels in example.pictures().items()
        }
        # A fixed tile could not be put together again where the whole image's statistics count.
        sizes = (None,) if norm == "instance" else (config.tile, None)
        for precision, tile in itertools.product(precisions, sizes):
            variant = f"{precision}_{tile or 'any'}"
            target = output / f"{name}_{variant}.tflite"
            manifest_file = files.enter_context(replacing(target.with_suffix(".json")))
            model_file = files.enter_context(replacing(target))
            content, staged = variants.file(precision, tile)
            content, tensors = described(content, facts, target.stem, precision, tile)
            model_file.write_bytes(content)
            engine = LiteRTEngine(model_file)
            measured = measure_parity(engine, model, patches)
            check_parity(measured, precision)
            expected = picture(f"{name}_expected_{variant}.png", example.expected(engine))
            manifest = {
                "file": target.name,
                "sha256": hashlib.sha256(content).hexdigest(),
                "precision": precision,
                "tile": tile,
                **tensors,
                "sample": {**sample, "expected": expected, "levels": levels(precision)},
                "parity": {**measured, "patches": patches_name},
                **({"calibration": seen_name} if variants.observes(precision) else {}),
                **facts,
                **({"stages": staged.plan.as_json()} if staged else {}),
            }
            manifest_file.write_text(json.dumps(manifest, indent=2) + "\n")
            targets.append(target)
            lines.append(
                f"{target}  {len(content) / 1024:.0f} KiB  largest difference "
                f"{measured['max_difference']:.2e}, {measured['psnr']:.1f} dB to Keras"
            )
    print("\n".join(lines))
    return targets


def _precisions(words: str) -> list[str]:
    from export.variants import PRECISIONS

    precisions = [word for word in words.split(",") if word]
    if set(precisions) - set(PRECISIONS) or not precisions:
        raise ExportError(f"--precision {words}: expected {', '.join(PRECISIONS)}")
    return precisions


def _check(tile: int, halo: int, multiple: int) -> None:
    if tile <= 2 * halo:
        raise ExportError(f"--tile {tile} has no room for a halo of {halo} on each side")
    if tile % multiple:
        raise ExportError(f"--tile {tile}: must be a multiple of {multiple}")


def main(config: ExportConfig) -> None:
    """Export as the command line says."""
    targets = export(config)
    if config.demos:
        from export import demos

        for folder in demos.folders():
            for target in demos.install(targets, folder):
                print(f"{target}  for the demo")


if __name__ == "__main__":
    user_errors = [
        ExportError,
        "data.layout.DatasetError",
        "export.demos.DemoError",
        "export.parity.ParityError",
        "inference.engine.ModelFileError",
        "models.files.WeightsError",
    ]
    command_line.run(main, ExportConfig, __doc__, user_errors)
