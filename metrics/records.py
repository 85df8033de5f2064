"""All metrics of a set of images at once: image by image, and their means."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from metrics.artifacts import contrast_ratio
from metrics.color_deviation import color_deviation
from metrics.detail import detail, noise_gain, sharpness
from metrics.ms_ssim import ms_ssim, ms_ssim_and_ssim
from metrics.psnr import mean_squared_error, pooled, psnr
from metrics.ssim import ssim

CHUNK = 8  # patches; bounds the memory of a thread to some 50 MB
# Each metric of `per_image` by itself, which shares nothing with the others.
ALONE = {
    "psnr": psnr,
    "ssim": ssim,
    "ms_ssim": ms_ssim,
    "color": color_deviation,
    "contrast": contrast_ratio,
    "noise": noise_gain,
    "sharpness": sharpness,
}
MAY_LACK = ("noise", "sharpness")  # not a number where the target has nothing to measure them on


def per_image(images: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
    """Every metric of every image, in chunks on all processors.

    Args:
        images: `(N, H, W, 3)` float RGB, nominally in [0, 1]. H and W at least 16, N at least 1.
        targets: as `images`.

    Returns:
        `(N,)` float64 each: "psnr" (decibels; infinite for identical pairs), "mse" (unclipped, for
        `pooled`), "ssim", "ms_ssim", "color" (`color_deviation`), "contrast" (`contrast_ratio`),
        "noise" (`noise_gain`), "sharpness". The last two are not a number for targets without flat
        areas or without edges.

    Raises:
        ValueError: the shapes differ, or are not as above.
    """
    _check(images, targets)
    return in_chunks(lambda x, t: {**_fidelity(x, t), **_artifacts(x, t)}, images, targets)


def means(values: dict[str, np.ndarray]) -> dict[str, float]:
    """Means over the images of what `per_image` returns.

    Returns:
        "psnr": mean of the images' PSNR in decibels, identical pairs left out (infinite if all
        are); "psnr_pooled" of "mse"; the mean of every other metric over the images that have it
        (not a number if none has); "identical": pairs that are equal; "n": pairs in all.
    """
    each = values["psnr"]
    different = ~np.isposinf(each)
    others = [name for name in values if name not in ("psnr", "mse")]
    return {
        "psnr": float(np.mean(each[different])) if different.any() else float("inf"),
        "psnr_pooled": float(pooled(values["mse"])),
        **{name: _mean(values[name], name in MAY_LACK) for name in others},
        "identical": int(np.sum(~different)),
        "n": len(each),
    }


def score(enhanced: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Means over a set of images of the metrics that judge fidelity.

    Args:
        enhanced: `(N, H, W, 3)` float RGB, nominally in [0, 1].
        target: as `enhanced`.

    Returns:
        "psnr", "psnr_pooled", "ssim", "ms_ssim", "identical" and "n", see `means`. A value that is
        not a number in `enhanced` makes the means not a number.

    Raises:
        ValueError: as `per_image`.
    """
    _check(enhanced, target)
    return means(in_chunks(_fidelity, enhanced, target))


def in_chunks(rule: Callable, enhanced: np.ndarray, target: np.ndarray):
    """`rule(enhanced, target)` of one value an image, on all processors in bounded memory.

    Args:
        rule: from two arrays of images to `(N,)`, or to a dictionary of such.
        enhanced: `(N, …)`, N at least 1.
        target: as `enhanced`.

    Returns:
        As `rule`, of all images.
    """
    chunks = [slice(start, start + CHUNK) for start in range(0, len(enhanced), CHUNK)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        parts = list(pool.map(lambda chunk: rule(enhanced[chunk], target[chunk]), chunks))
    if isinstance(parts[0], dict):
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return np.concatenate(parts)


def _fidelity(images, targets):
    multi_scale, single_scale = ms_ssim_and_ssim(images, targets)
    return {
        "psnr": psnr(images, targets),
        "mse": mean_squared_error(images, targets),
        "ssim": single_scale,
        "ms_ssim": multi_scale,
    }


def _artifacts(images, targets):
    noise, sharp = detail(images, targets)
    return {
        "color": color_deviation(images, targets),
        "contrast": contrast_ratio(images, targets),
        "noise": noise,
        "sharpness": sharp,
    }


def _mean(values, may_lack):
    if may_lack:
        values = values[~np.isnan(values)]
    return float(np.mean(values)) if len(values) else float("nan")


def _check(images, targets):
    if images.shape != targets.shape:
        raise ValueError(f"images {images.shape} and targets {targets.shape} differ in shape")
    if images.ndim != 4 or images.shape[3] != 3 or min(images.shape[1:3]) < 16 or not len(images):
        raise ValueError(f"expected (N, H, W, 3) of at least 16×16 pixels, not {images.shape}")
