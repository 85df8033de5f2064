"""Image quality against a target: PSNR, SSIM, MS-SSIM; and what artifacts a network left.

Every metric takes batches `(N, H, W, 3)` of RGB in [0, 1] and gives one value an image.
"""

from metrics.artifacts import checkerboard, color_shift, contrast_ratio
from metrics.ms_ssim import ms_ssim
from metrics.psnr import pooled_psnr, psnr
from metrics.score import in_chunks, score
from metrics.ssim import ssim

__all__ = [
    "checkerboard",
    "color_shift",
    "contrast_ratio",
    "in_chunks",
    "ms_ssim",
    "pooled_psnr",
    "psnr",
    "score",
    "ssim",
]
