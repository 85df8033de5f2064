"""All metrics of a set of images at once."""

from collections.abc import Callable

import numpy as np

from metrics.ms_ssim import ms_ssim
from metrics.psnr import pooled_psnr, psnr
from metrics.ssim import ssim

CHUNK = 64  # images; bounds the memory of the windowed metrics to some 200 MB for patches


def score(enhanced: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Means over a set of images.

    Args:
        enhanced: `(N, H, W, 3)` float RGB, nominally in [0, 1].
        target: as `enhanced`.

    Returns:
        "psnr": mean of the images' PSNR in decibels, identical pairs left out (infinite if all
        are); "psnr_pooled", "ssim", "ms_ssim"; "identical": pairs that are equal; "n": pairs in
        all. A value that is not a number in `enhanced` makes the means not a number.
    """
    each = psnr(enhanced, target)
    different = ~np.isposinf(each)
    return {
        "psnr": float(np.mean(each[different])) if different.any() else float("inf"),
        "psnr_pooled": pooled_psnr(enhanced, target),
        **{
            name: float(np.mean(in_chunks(rule, enhanced, target)))
            for name, rule in (("ssim", ssim), ("ms_ssim", ms_ssim))
        },
        "identical": int(np.sum(~different)),
        "n": len(each),
    }


def in_chunks(rule: Callable, enhanced: np.ndarray, target: np.ndarray) -> np.ndarray:
    """`rule(enhanced, target)` of a metric with one value an image, in bounded memory."""
    chunks = [slice(start, start + CHUNK) for start in range(0, len(enhanced), CHUNK)]
    return np.concatenate([rule(enhanced[chunk], target[chunk]) for chunk in chunks])
