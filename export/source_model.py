"""The `.keras` file to export, and the training run that made the file."""

from pathlib import Path

from common.did_you_mean import did_you_mean
from common.layout import TARGET, is_phone_name
from common.plain_file import read_json
from common.run_folder import BEST, CONFIG, LAST, RUNS, finished_runs


class ExportError(ValueError):
    """A model that does not exist, or that cannot be exported as the user asks."""


def find_source(phone: str | None, model: str | None) -> Path:
    """Return the file to export: `model` itself, or the best network of the phone's only run.

    Raises:
        ExportError: neither is given, the phone's name is no folder name, or the phone has no run
            or several runs.
    """
    if phone is not None and not is_phone_name(phone):
        raise ExportError(f"phone name {phone!r}: give a plain folder name other than {TARGET!r}")
    if model is not None:
        return Path(model)
    if phone is None:
        raise ExportError("give --phone NAME or --model FILE.keras")
    found = list(finished_runs(phone).values())
    if not found:
        trained = {path.parent.parent.name for path in RUNS.glob(f"*/*/{BEST}")}
        how = f"; train one with `python train.py --phone {phone}`"
        raise ExportError(
            f"{RUNS / phone}: no trained model{did_you_mean(phone, sorted(trained)) or how}"
        )
    if len(found) > 1:
        names = ", ".join(map(str, found))
        raise ExportError(f"phone {phone} has several runs: pass --model one of {names}")
    return found[0]


def export_name(phone: str | None, model: str | None, source: Path, run: dict | None) -> str:
    """Return the first part of the exported files' names.

    Every run calls its best network `best.keras`, so such a file is named after its run.
    """
    if model is None and phone is not None:
        return phone
    if run is not None and source.name in (BEST, LAST):
        return f"{run['phone']}_{run['model']}"
    return source.stem


def read_run(source: Path) -> dict | None:
    """Return the configuration of the run that made a model, or None for any other model.

    Raises:
        ExportError: the run's configuration is damaged.
    """
    path = source.parent / CONFIG
    if not path.is_file():
        return None
    try:
        run = read_json(path)
        names = {name: str(run[name]) for name in ("phone", "model")}
        if not all(map(is_phone_name, names.values())):  # they become names of files
            raise ValueError
        return {**run, **names}
    except (ValueError, KeyError, TypeError) as error:
        raise ExportError(f"{path}: not the configuration of a training run") from error
