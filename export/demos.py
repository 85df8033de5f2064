"""Give exported networks to the demos on the web and on Android.

    python -m export.demos

copies the networks that ship, and what `exported/` holds, to where `web/` and `android/` look for
them, each with its manifest and sample pictures. Only files for fixed tiles, which is what
browsers and GPUs take.
"""

import dataclasses
import hashlib
import json
import shutil
import sys
from pathlib import Path

from common import command_line
from common.atomic_files import replacing
from common.command_line import option

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web/dist/models"
ANDROID = ROOT / "android/app/src/main/assets/models"
SHIPPED = ROOT / "models/pretrained"
INDEX = "index.json"
# What a phone takes first, best first: floats run on GPUs too; dynamic tiles do not join exactly.
PRECISIONS = ("fp16", "int8", "fp32", "dynamic")


class DemoError(ValueError):
    """Networks that cannot be given to the demos."""


@dataclasses.dataclass(frozen=True)
class DemosConfig:
    """Which networks, and where to."""

    models: str = option(
        "", "comma-separated .tflite files; none: those that ship, and all in exported/"
    )
    to: str = option(
        "", "folder for them; none: the web demo, if it is built (make web), and the Android app"
    )


def install(models: list[Path], folder: Path) -> list[Path]:
    """Copy networks into a folder of models, and, but for Android, list all that are in it.

    The list, `index.json`: `{"models": [{"manifest": "x.json", "label": …, "files": {…}}]}`, where
    `files` are all that belong to the network, the manifest among them, each with a checksum of
    its content: the page asks for exactly that version, so that what is kept for use offline never
    mixes two exports.

    Args:
        models: `.tflite` files with their manifests beside them. Those for images of any size are
            left out.
        folder: created if missing; what is in it stays, and is overwritten where names agree.

    Returns:
        The copied `.tflite` files.

    Raises:
        DemoError: no such file, no manifest, one of another file, or one that names files which
            are not there.
    """
    sets = [(model, manifest) for model in models if (manifest := _manifest(model))["tile"]]
    folder.mkdir(parents=True, exist_ok=True)
    for model, manifest in sets:
        for name in _files(model, manifest):
            with replacing(folder / name) as part:
                shutil.copyfile(model.parent / name, part)
    if folder.resolve() != ANDROID:  # the app lists its own assets
        with replacing(folder / INDEX) as part:
            part.write_text(json.dumps({"models": _listed(folder)}, indent=2) + "\n")
    return [folder / model.name for model, _ in sets]


def _listed(folder: Path) -> list[dict]:
    shipped = {path.name for path in SHIPPED.glob("*.tflite")}
    found = []
    for model in _usable(folder):
        manifest = _manifest(model)
        order = (*PRECISIONS, manifest["precision"]).index(manifest["precision"])
        size = f"{model.stat().st_size / 1024:.0f} KB"
        entry = {
            "manifest": model.with_suffix(".json").name,
            "label": f"{model.stem} ({size})",
            "files": {name: _checksum(folder / name) for name in _files(model, manifest)},
        }
        # The person's own before those that ship.
        found.append(((model.name in shipped, order, model.name), entry))
    return [entry for _, entry in sorted(found, key=lambda pair: pair[0])]


def _manifest(model: Path) -> dict:
    if not model.is_file():
        raise DemoError(f"{model}: no such file")
    path = model.with_suffix(".json")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        manifest["precision"], manifest["tile"]
        file = manifest["file"]
        outside = [name for name in _files(model, manifest) if name != Path(name).name]
    except FileNotFoundError:
        raise DemoError(f"{model}: its manifest {path.name} is missing") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DemoError(f"{path}: not a manifest that the export wrote") from error
    if file != model.name:
        raise DemoError(f"{path}: the manifest of {file}, not of {model.name}")
    if outside:
        raise DemoError(f"{path}: {outside[0]} is not beside it")
    for name in _files(model, manifest):
        if not (model.parent / name).is_file():
            raise DemoError(f"{model}: {name}, which its manifest names, is not beside it")
    return manifest


def _files(model: Path, manifest: dict) -> list[str]:
    sample = manifest.get("sample") or {}
    pictures = [sample.get(kind) for kind in ("image", "thumbnail", "expected")]
    return [model.name, model.with_suffix(".json").name, *filter(None, pictures)]


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _usable(folder: Path) -> list[Path]:
    """What a folder holds, with a line for what cannot be used."""
    models = []
    for model in sorted(folder.glob("[!.]*.tflite")):  # hidden: what a killed export left
        try:
            _manifest(model)
            models.append(model)
        except DemoError as error:
            print(f"left out: {error}", file=sys.stderr)
    return models


def folders() -> list[Path]:
    """Where the demos look for networks: the web's if it is built, and Android's."""
    return [*([WEB] if WEB.parent.is_dir() else []), ANDROID]


def main(config: DemosConfig) -> None:
    """Copy as the command line says."""
    models = [Path(word) for word in config.models.split(",") if word]
    if not models:
        models = [*sorted(SHIPPED.glob("*.tflite")), *_usable(Path("exported"))]
    for folder in [Path(config.to)] if config.to else folders():
        for model in install(models, folder):
            print(model)


if __name__ == "__main__":
    command_line.run(main, DemosConfig, __doc__, [DemoError])
