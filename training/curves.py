"""The curves of a run as one picture."""

import io
from pathlib import Path

from common.atomic_files import write_whole
from losses.presets import TERMS

PANELS = {
    "PSNR on validation pairs, dB": ("psnr", "input_psnr"),
    "MS-SSIM on validation pairs": ("ms_ssim", "input_ms_ssim"),
    "weighted terms of the generator's loss": TERMS,
    "balance and artifacts (1: as the target)": (
        *("discriminator_accuracy", "contrast", "checkerboard", "color_shift"),
    ),
}


def draw_curves(rows: list[dict[str, float]], path: Path) -> None:
    """Draw the records of every validation.

    Args:
        rows: Each row has "step" and values by name, as `training.recording.read_curve` returns.
        path: The PNG file to write.
    """
    from matplotlib.figure import Figure  # a slow import, and a run may end without a validation

    figure = Figure(figsize=(11, 7), layout="constrained")
    for axes, (title, names) in zip(figure.subplots(2, 2).flat, PANELS.items(), strict=True):
        for name in names:
            points = [(row["step"], row[name]) for row in rows if name in row]
            if points:
                style = "--" if name.startswith("input_") else "-"
                axes.plot(*zip(*points, strict=True), style, marker=".", label=name)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("step")
        axes.grid(alpha=0.3)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize=8)
    picture = io.BytesIO()
    figure.savefig(picture, dpi=90, format="png")
    write_whole(path, picture.getvalue())
