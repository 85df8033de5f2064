"""Copy exported networks to the web demo and to the Android app.

    python -m export.demos

The command copies the networks that ship with the project, each with its manifest and sample
pictures. `--models` names networks of your own to copy instead. With `--demos`,
`export/to_tflite.py` copies a network right after its export. The command leaves out files for
images of any size, because browsers and GPUs take only fixed tiles.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
import hashlib
import json
import shutil
import sys
from pathlib import Path

from common import command_line
from common.atomic_files import replacing
from common.command_line import option
from common.plain_file import read_json
from export.precisions import PROPERTIES
from models.shipped import PRETRAINED, place_of

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web/dist/models"
ANDROID = ROOT / "android/app/src/main/assets/models"
INDEX = "index.json"
# What a photographer reads about the precision of a network.
WORDS = {str(precision): known.demo_words for precision, known in PROPERTIES.items()}
# Manifests may come from elsewhere, with another precision: those networks come last.
RANKS = {str(precision): known.demo_rank for precision, known in PROPERTIES.items()}


class DemoNetworkError(ValueError):
    """A network that cannot be copied to the demos."""


@dataclasses.dataclass(frozen=True)
class DemosConfig:
    """Which networks to copy, and where."""

    models: str = option(
        "",
        "comma-separated .tflite files; default: the networks that ship",
    )
    to: str = option(
        "", "folder to copy to; default: the web demo, if it is built, and the Android app"
    )


def copy_networks(models: list[Path], folder: Path) -> list[Path]:
    """Copy networks into a folder of models. For the web, also list all networks of the folder.

    The list, `index.json`, is `{"models": [{"manifest": "x.json", "label": …, "files": {…}}]}`.
    `files` has a checksum for every file of the network, the manifest included. The page asks for
    exactly that version, so files kept for offline use never mix two exports.

    Args:
        models: `.tflite` files with their manifests beside them. Files for images of any size are
            left out.
        folder: created if missing. Files in the folder stay; files of the same name are replaced.

    Returns:
        The copied `.tflite` files.

    Raises:
        DemoNetworkError: a file or its manifest is missing, or the manifest belongs to another
            file or names missing files. Nothing is copied.
    """
    usable = [(model, manifest) for model in models if (manifest := _manifest(model))["tile"]]
    folder.mkdir(parents=True, exist_ok=True)
    for model, manifest in usable:
        for name in _files(model, manifest):
            with replacing(folder / name) as part:
                shutil.copyfile(model.parent / name, part)
    if folder.resolve() != ANDROID:  # the app takes every .json in its assets for a manifest
        with replacing(folder / INDEX) as part:
            part.write_text(json.dumps({"models": _index(folder)}, indent=2) + "\n")
    return [folder / model.name for model, _ in usable]


def _index(folder: Path) -> list[dict]:
    """Return the entries of the folder's networks: those that ship first, in their order."""
    found = []
    for model in _usable(folder):
        manifest = _manifest(model)
        rank = RANKS.get(manifest["precision"], len(RANKS))
        kind = WORDS.get(manifest["precision"], manifest["precision"])
        size = f"{model.stat().st_size / 1024:.0f} KB"
        label = manifest.get("label") or model.stem
        entry = {
            "manifest": model.with_suffix(".json").name,
            "label": f"{label}, {kind}, {size}",
            "files": {name: _checksum(folder / name) for name in _files(model, manifest)},
        }
        found.append(((place_of(model.stem), rank, model.name), entry))
    return [entry for _, entry in sorted(found, key=lambda pair: pair[0])]


def _manifest(model: Path) -> dict:
    """Return the manifest beside a model file, checked."""
    if not model.is_file():
        raise DemoNetworkError(f"{model}: no such file")
    path = model.with_suffix(".json")
    try:
        manifest = read_json(path)
        file, _, _ = manifest["file"], manifest["precision"], manifest["tile"]
        outside = [name for name in _files(model, manifest) if name != Path(name).name]
    except FileNotFoundError:
        raise DemoNetworkError(f"{model}: the manifest {path.name} beside it is missing") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DemoNetworkError(f"{path}: not a manifest that the export wrote") from error
    if file != model.name:
        raise DemoNetworkError(f"{path}: the manifest of {file}, not of {model.name}")
    if outside:
        raise DemoNetworkError(f"{path}: names {outside[0]}, which is not in the same folder")
    for name in _files(model, manifest):
        if not (model.parent / name).is_file():
            raise DemoNetworkError(f"{path}: names {name}, which is missing")
    return manifest


def _files(model: Path, manifest: dict) -> list[str]:
    return [model.name, model.with_suffix(".json").name, *sample_pictures(manifest)]


def sample_pictures(manifest: dict) -> list[str]:
    """Return the names of the sample pictures that a manifest has."""
    sample = manifest.get("sample") or {}
    return list(filter(None, (sample.get(kind) for kind in ("image", "thumbnail", "expected"))))


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _usable(folder: Path) -> list[Path]:
    """Return the networks in a folder; print a line for each that cannot be used."""
    models = []
    for model in sorted(folder.glob("[!.]*.tflite")):  # hidden files: left by a killed export
        try:
            _manifest(model)
            models.append(model)
        except DemoNetworkError as error:
            print(f"left out: {error}", file=sys.stderr)
    return models


def demo_folders() -> list[Path]:
    """Return where the demos look for networks: the web's folder if it is built, and Android's."""
    return [*([WEB] if WEB.parent.is_dir() else []), ANDROID]


def main(config: DemosConfig) -> None:
    """Copy as the command line says."""
    models = [Path(word) for word in config.models.split(",") if word]
    if not models:
        models = sorted(PRETRAINED.glob("*.tflite"))
    for folder in [Path(config.to)] if config.to else demo_folders():
        for model in copy_networks(models, folder):
            print(model)


if __name__ == "__main__":
    command_line.run(main, DemosConfig, __doc__, [DemoNetworkError])
