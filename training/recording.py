"""The records of a training run: scalars, validation curves, sample pictures."""

import csv
import io
from pathlib import Path

import imageio.v3 as iio
import numpy as np

from common.atomic_files import write_whole
from training.config import TrainingError
from training.curves import draw_curves
from training.event_file import EventFile

CURVE = "validation.csv"


class Recorder:
    """A writer of TensorBoard scalars, `validation.csv`, `curves.png` and `samples/step_N.png`.

    Args:
        run_dir: The folder of the run.
        step: The step at which the run starts. Records of later steps are dropped.
    """

    def __init__(self, run_dir: Path, step: int):
        self.samples = run_dir / "samples"
        self.samples.mkdir(parents=True, exist_ok=True)
        self.curve = run_dir / CURVE
        self.drawing = run_dir / "curves.png"
        self.rows = [row for row in read_curve(run_dir) if row["step"] <= step]
        self.board = EventFile(run_dir / "tensorboard", step + 1)

    def losses(self, step: int, report: dict[str, float]) -> None:
        """Record the scalars of a training step."""
        for name, value in report.items():
            self.board.scalar(f"train/{name}", value, step)

    def validation(self, step: int, scores: dict[str, float], sheet: np.ndarray) -> None:
        """Record validation scores and a contact sheet `(H, W, 3)` uint8."""
        for name, value in scores.items():
            self.board.scalar(f"validation/{name}", value, step)
        self.board.image("validation/samples", sheet, step)
        self.board.flush()
        self.sample(step, sheet)
        self.rows.append({"step": step, **scores})
        names = {name: None for row in self.rows for name in row}  # in order, each once
        with io.StringIO(newline="") as text:
            writer = csv.DictWriter(text, fieldnames=list(names), restval="")
            writer.writeheader()
            writer.writerows(self.rows)
            write_whole(self.curve, text.getvalue().encode())
        draw_curves(self.rows, self.drawing)

    def sample(self, step: int, sheet: np.ndarray) -> Path:
        """Write the picture of a step, a contact sheet `(H, W, 3)` uint8; return its file."""
        path = self.samples / f"step_{step:06d}.png"
        write_whole(path, iio.imwrite("<bytes>", sheet, extension=".png"))
        return path

    def close(self) -> None:
        """Write the pending records."""
        self.board.close()


def read_curve(run_dir: str | Path) -> list[dict[str, float]]:
    """Return the rows of a run's `validation.csv`, each with "step" and scores; [] without one.

    Raises:
        TrainingError: The file is no table of numbers.
    """
    path = Path(run_dir) / CURVE
    if not path.is_file():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [
                {
                    name: int(value) if name == "step" else float(value)
                    for name, value in row.items()
                    if value  # empty where an earlier version recorded no such score
                }
                for row in csv.DictReader(file)
            ]
        if not all("step" in row for row in rows):
            raise ValueError("a row without a step")
    except (ValueError, TypeError, csv.Error) as error:
        raise TrainingError(f"{path}: damaged ({error}); repair or remove the file") from error
    return rows
