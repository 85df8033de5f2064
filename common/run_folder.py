"""The folders of trainings, and the files in such a folder."""

from pathlib import Path

RUNS = Path("runs")
STATE, CONFIG, BEST, LAST = "state.npz", "config.json", "best.keras", "last.keras"
START = "start.keras"  # the network before the first step, for a training that rehearses


def run_folder(phone: str, model: str) -> Path:
    """Return the folder of the training of `model` for `phone`, unless the user names a folder."""
    return RUNS / phone / model


def finished_runs(phone: str) -> dict[str, Path]:
    """Return the best network of each training for a phone: {name of the run: path}."""
    return {path.parent.name: path for path in sorted((RUNS / phone).glob(f"*/{BEST}"))}
