"""Computation of the table's metrics for a set of images: one value an image, and means."""

import os
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any, overload

import numpy as np

from metrics.table import COMPUTED, COMPUTED_TOGETHER, METRICS, Metric

CHUNK = 8  # images that a thread computes at a time; bounds its memory to some 50 MB


def per_image(images: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
    """Compute every metric that needs no network, of every image, on all processors.

    Args:
        images: `(N, H, W, 3)` float RGB, nominally in [0, 1]. H and W at least 16, N at least 1.
        targets: as `images`.

    Returns:
        `(N,)` float64 for each metric, by `Metric.values`. "mse" is unclipped, for `pooled`. Values
        of metrics that may be undefined are NaN where the target has nothing to measure.

    Raises:
        ValueError: the shapes differ, or are not as above.
    """
    _check(images, targets)
    return in_chunks(lambda x, t: _values(COMPUTED, x, t), images, targets)


def score(enhanced: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Compute the means over a set of images of the metrics that measure fidelity.

    Args:
        enhanced: `(N, H, W, 3)` float RGB, nominally in [0, 1]. H and W at least 16, N at least 1.
        target: as `enhanced`.

    Returns:
        "psnr", "psnr_pooled", "ssim", "ms_ssim", "identical" and "n", see `means`. NaN in
        `enhanced` makes the means NaN.

    Raises:
        ValueError: the shapes differ, or are not as above.
    """
    _check(enhanced, target)
    names = [name for name, metric in METRICS.items() if metric.fidelity]
    return means(in_chunks(lambda x, t: _values(names, x, t), enhanced, target))


def means(values: dict[str, np.ndarray]) -> dict[str, float]:
    """Summarize what `per_image` returns.

    Returns:
        Each metric's value of the set of images: the mean, or for "psnr_pooled" the PSNR of the
        mean of "mse". Images where a metric is undefined are left out, and so are identical pairs
        where a metric is infinite. If none is left, the value is NaN, or infinite. Further entries:
        "identical", the number of pairs with an infinite PSNR, and "n", the number of all pairs.
    """
    found = {
        name: _mean(metric, values[metric.values])
        for name, metric in METRICS.items()
        if metric.values in values
    }
    identical = int(np.sum(np.isposinf(values["psnr"])))
    return {**found, "identical": identical, "n": len(values["psnr"])}


@overload
def in_chunks(
    function: Callable[..., np.ndarray], enhanced: np.ndarray, target: np.ndarray
) -> np.ndarray: ...


@overload
def in_chunks(
    function: Callable[..., dict[str, np.ndarray]], enhanced: np.ndarray, target: np.ndarray
) -> dict[str, np.ndarray]: ...


def in_chunks(function: Callable[..., Any], enhanced: np.ndarray, target: np.ndarray) -> Any:
    """Apply a function of one value an image, on all processors and in bounded memory.

    Args:
        function: from two arrays of images to `(N,)`, or to a dictionary of such arrays.
        enhanced: `(N, …)`, N at least 1.
        target: as `enhanced`.

    Returns:
        What `function` returns, for all images.
    """
    chunks = [slice(start, start + CHUNK) for start in range(0, len(enhanced), CHUNK)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        parts: list[Any] = list(
            pool.map(lambda chunk: function(enhanced[chunk], target[chunk]), chunks)
        )
    if isinstance(parts[0], dict):
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return np.concatenate(parts)


def _values(names: Collection[str], images, targets) -> dict[str, np.ndarray]:
    """Compute some of the metrics, by `Metric.values`, in the order of the table."""
    found = {}
    for together, function in COMPUTED_TOGETHER:
        if set(together) <= set(names):
            found |= function(images, targets)
    values = {}
    for name, metric in COMPUTED.items():
        if name in names and metric.function:
            values[metric.values] = (
                found[name] if name in found else metric.function(images, targets)
            )
    return values


def _mean(metric: Metric, values: np.ndarray) -> float:
    if metric.statistic is not np.mean:
        return float(metric.statistic(values))
    if metric.may_be_undefined:
        values = values[~np.isnan(values)]
        if not len(values):
            return float("nan")
    if metric.infinite_if_identical:
        values = values[~np.isposinf(values)]
        if not len(values):
            return float("inf")
    return float(np.mean(values))


def _check(images, targets):
    if images.shape != targets.shape:
        raise ValueError(f"images {images.shape} and targets {targets.shape} differ in shape")
    if images.ndim != 4 or images.shape[3] != 3 or min(images.shape[1:3]) < 16 or not len(images):
        raise ValueError(f"expected (N, H, W, 3) of at least 16×16 pixels, not {images.shape}")
