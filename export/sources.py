"""Which `.keras` file to export, and where it is from."""

import json
from pathlib import Path

from common.run_folder import BEST, CONFIG, LAST, RUNS, finished_runs


class ExportError(ValueError):
    """A model that cannot be found or exported as asked."""


def source_of(phone: str | None, model: str | None) -> Path:
    """The file that is asked for: `model` itself, or the best of the phone's only run.

    Raises:
        ExportError: the phone has no run, or several.
    """
    if model is not None:
        return Path(model)
    found = list(finished_runs(phone).values())
    if not found:
        raise ExportError(
            f"{RUNS / phone}: no trained model; train one with `python train.py --phone {phone}`"
        )
    if len(found) > 1:
        names = ", ".join(map(str, found))
        raise ExportError(f"phone {phone} has several runs: pass --model one of {names}")
    return found[0]


def name_of(phone: str | None, model: str | None, source: Path, run: dict | None) -> str:
    """What the exported files are called; every run's best is best.keras, so ask the run."""
    if model is None:
        return phone
    if run is not None and source.name in (BEST, LAST):
        return f"{run['phone']}_{run['model']}"
    return source.stem


def run_of(source: Path) -> dict | None:
    """The configuration of the run that made a model, or None for a model from elsewhere.

    Raises:
        ExportError: there is one, and it is damaged.
    """
    path = source.parent / CONFIG
    if not path.is_file():
        return None
    try:
        run = json.loads(path.read_text())
        return {**run, "phone": str(run["phone"]), "model": str(run["model"])}
    except (ValueError, KeyError, TypeError) as error:
        raise ExportError(f"{path}: not the configuration of a run") from error
