"""Image quality against a target: fidelity, color, contrast, noise and sharpness, with intervals.

Every metric takes batches `(N, H, W, 3)` of RGB in [0, 1] and gives one value an image;
`docs/protocol.md` says which rule gives whose numbers.
"""

from metrics.artifacts import checkerboard, color_shift, contrast_ratio
from metrics.color_deviation import color_deviation
from metrics.detail import noise_gain, sharpness
from metrics.intervals import interval, paired_difference
from metrics.ms_ssim import ms_ssim
from metrics.psnr import pooled, pooled_psnr, psnr
from metrics.records import ALONE, in_chunks, means, per_image, score
from metrics.ssim import ssim

__all__ = [
    "ALONE",
    "checkerboard",
    "color_deviation",
    "color_shift",
    "contrast_ratio",
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
