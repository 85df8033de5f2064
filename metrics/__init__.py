"""Metrics of image quality against a target: one metric a file.

`table.py` lists the metrics that `evaluate.py` reports. Training also watches two signs of a
failing GAN, `checkerboard.py` and `color_shift.py`.

Every metric takes batches `(N, H, W, 3)` of RGB in [0, 1] and returns one value an image.
`compute.py` computes all metrics of a set of images, `intervals.py` says how sure a mean is.
`docs/metrics.md` says what each metric tells. `docs/protocol.md` says which published numbers PSNR
and SSIM can be compared with.
"""

from metrics.checkerboard import checkerboard
from metrics.color_aligned import color_aligned_psnr, color_aligned_ssim
from metrics.color_deviation import color_deviation
from metrics.color_shift import color_shift
from metrics.compute import in_chunks, means, per_image, score
from metrics.contrast_ratio import contrast_ratio
from metrics.grid_pattern import grid_pattern
from metrics.intervals import interval, paired_difference
from metrics.ms_ssim import ms_ssim
from metrics.noise_gain import noise_gain
from metrics.psnr import pooled, pooled_psnr, psnr
from metrics.sharpness import sharpness
from metrics.ssim import ssim
from metrics.table import COMPUTED, METRICS, Better, Metric

__all__ = [
    "COMPUTED",
    "METRICS",
    "Better",
    "Metric",
    "checkerboard",
    "color_aligned_psnr",
    "color_aligned_ssim",
    "color_deviation",
    "color_shift",
    "contrast_ratio",
    "grid_pattern",
    "in_chunks",
    "interval",
    "means",
    "ms_ssim",
    "noise_gain",
    "paired_difference",
    "per_image",
    "pooled",
    "pooled_psnr",
    "psnr",
    "score",
    "sharpness",
    "ssim",
]
