"""All metrics of a set of images at once."""

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
    chunks = [slice(start, start + CHUNK) for start in range(0, len(each), CHUNK)]
    return {
        "psnr": float(np.mean(each[different])) if different.any() else float("inf"),
        "psnr_pooled": pooled_psnr(enhanced, target),
        **{
            name: float(np.mean(np.concatenate([rule(enhanced[c], target[c]) for c in chunks])))
            for name, rule in (("ssim", ssim), ("ms_ssim", ms_ssim))
        },
        "identical": int(np.sum(~different)),
        "n": len(each),
    }
