"""The metrics, in one table.

To add a metric, write its function in a new file and add one entry to `METRICS`. The columns
of `evaluate.py`'s results, tables, plots and captions follow from the table, and so does the key
under which earlier scores are kept.
"""

import dataclasses
import enum
from collections.abc import Callable

import numpy as np

from metrics.color_aligned import color_aligned_both, color_aligned_psnr, color_aligned_ssim
from metrics.color_deviation import color_deviation
from metrics.contrast_ratio import contrast_ratio
from metrics.detail_bands import DetailBands
from metrics.grid_pattern import grid_pattern
from metrics.ms_ssim import ms_ssim, ms_ssim_and_ssim
from metrics.noise_gain import noise_gain, noise_gain_of
from metrics.psnr import mean_squared_error, pooled, psnr
from metrics.sharpness import sharpness, sharpness_of
from metrics.ssim import ssim


class Better(enum.StrEnum):
    """Which values of a metric are good."""

    HIGHER = "higher is better"
    LOWER = "lower is better"
    NEAR_ONE = "1 is the aim"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric of images against their targets.

    Attributes:
        name: key in `results.json`.
        label: name in tables and plots.
        unit: unit, or nothing.
        decimals: number of decimals that are shown.
        better: which values are good.
        function: from images and targets, `(N, H, W, 3)` float RGB, to one value an image, `(N,)`
            float64. None if a network computes the values (`evaluation/perceptual_distance.py`), so
            that a set of images may lack the metric.
        values: name of the values an image in the result of `metrics.per_image`; by default `name`.
        statistic: from the values an image, along `axis`, to the value of a set of images.
        may_be_undefined: the value of an image may be NaN, because the target has nothing to
            measure. Such images are left out of the mean.
        infinite_if_identical: the value of a pair of identical images is infinite. Such pairs are
            left out of the mean.
        fidelity: the metric measures how close an image is to its target; `metrics.score` computes
            these metrics only.
        headline: the report shows the metric's plots first.
        printed: the table that `evaluate.py` prints has a column of the metric; all metrics are in
            the files.
    """

    name: str
    label: str
    decimals: int
    better: Better
    function: Callable[[np.ndarray, np.ndarray], np.ndarray] | None
    unit: str = ""
    values: str = ""
    statistic: Callable[..., np.ndarray] = np.mean
    may_be_undefined: bool = False
    infinite_if_identical: bool = False
    fidelity: bool = False
    headline: bool = False
    printed: bool = False

    def __post_init__(self):
        if not self.values:
            object.__setattr__(self, "values", self.name)

    @property
    def heading(self) -> str:
        """Label and unit."""
        return f"{self.label}, {self.unit}" if self.unit else self.label


METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            name="psnr",
            label="PSNR",
            unit="dB",
            decimals=2,
            better=Better.HIGHER,
            function=psnr,
            infinite_if_identical=True,
            fidelity=True,
            headline=True,
            printed=True,
        ),
        Metric(
            name="psnr_pooled",
            label="pooled PSNR",
            unit="dB",
            decimals=2,
            better=Better.HIGHER,
            function=mean_squared_error,
            values="mse",
            statistic=pooled,
            infinite_if_identical=True,
            fidelity=True,
        ),
        Metric(
            name="ssim",
            label="SSIM",
            decimals=4,
            better=Better.HIGHER,
            function=ssim,
            fidelity=True,
        ),
        Metric(
            name="ms_ssim",
            label="MS-SSIM",
            decimals=4,
            better=Better.HIGHER,
            function=ms_ssim,
            fidelity=True,
            headline=True,
            printed=True,
        ),
        Metric(
            name="color_aligned_psnr",
            label="color-aligned PSNR",
            unit="dB",
            decimals=2,
            better=Better.HIGHER,
            function=color_aligned_psnr,
            infinite_if_identical=True,
        ),
        Metric(
            name="color_aligned_ssim",
            label="color-aligned SSIM",
            decimals=4,
            better=Better.HIGHER,
            function=color_aligned_ssim,
        ),
        Metric(
            name="color",
            label="color deviation",
            unit="ΔE₀₀",
            decimals=2,
            better=Better.LOWER,
            function=color_deviation,
            printed=True,
        ),
        Metric(
            name="perceptual",
            label="VGG-19 distance",
            decimals=4,
            better=Better.LOWER,
            function=None,
        ),
        Metric(
            name="contrast",
            label="contrast",
            decimals=3,
            better=Better.NEAR_ONE,
            function=contrast_ratio,
        ),
        Metric(
            name="noise",
            label="noise",
            decimals=2,
            better=Better.NEAR_ONE,
            function=noise_gain,
            may_be_undefined=True,
            printed=True,
        ),
        Metric(
            name="sharpness",
            label="sharpness",
            decimals=3,
            better=Better.NEAR_ONE,
            function=sharpness,
            may_be_undefined=True,
            printed=True,
        ),
        Metric(
            name="grid",
            label="grid",
            unit="levels",
            decimals=2,
            better=Better.LOWER,
            function=lambda images, targets: grid_pattern(images),
        ),
    )
}

# The metrics that need no network.
COMPUTED = {name: metric for name, metric in METRICS.items() if metric.function}


def _structure(images, targets):
    multi_scale, single_scale = ms_ssim_and_ssim(images, targets)
    return {"ssim": single_scale, "ms_ssim": multi_scale}


def _color_aligned(images, targets):
    ratio, similarity = color_aligned_both(images, targets)
    return {"color_aligned_psnr": ratio, "color_aligned_ssim": similarity}


def _detail(images, targets):
    bands = DetailBands.of(images, targets)
    return {"noise": noise_gain_of(bands), "sharpness": sharpness_of(bands)}


# Functions that compute several metrics faster than the metrics' own functions do one by one. The
# values are the same. A metric without such a function needs no entry.
COMPUTED_TOGETHER: tuple[tuple[tuple[str, ...], Callable], ...] = (
    (("ssim", "ms_ssim"), _structure),
    (("color_aligned_psnr", "color_aligned_ssim"), _color_aligned),
    (("noise", "sharpness"), _detail),
)
