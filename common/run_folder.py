"""Where the runs of a phone are, and what a run's folder holds."""

from pathlib import Path

RUNS = Path("runs")
STATE, CONFIG, BEST, LAST = "state.npz", "config.json", "best.keras", "last.keras"


def run_folder(phone: str, model: str) -> Path:
    """The folder of the run that trains `model` for `phone`, unless the user names another."""
    return RUNS / phone / model


def finished_runs(phone: str) -> dict[str, Path]:
    """The best network of each of the phone's runs, by the run's name."""
    return {path.parent.name: path for path in sorted((RUNS / phone).glob(f"*/{BEST}"))}
