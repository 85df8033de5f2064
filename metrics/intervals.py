"""Bootstrap intervals over images: how far a mean would move with other images of the kind."""

from collections.abc import Callable

import numpy as np

BLOCK = 100_000  # values drawn at a time; they stay in the processor's cache


def interval(
    values: np.ndarray,
    statistic: Callable = np.mean,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile bootstrap interval of a statistic of the images.

    Formula: images are drawn with replacement, as many as there are; the interval lies between the
    `(1 ± level) / 2` quantiles of the draws' statistics (Efron and Tibshirani, An Introduction to
    the Bootstrap, 1993, chapter 13). A monotone function of the statistic, as from mean squared
    error to decibels, has the function of the interval.

    Args:
        values: `(N,)` float, one an image; those that are not finite are left out.
        statistic: from an array and `axis` to its value along that axis: `np.mean`, `np.median`,
            `metrics.pooled` of mean squared errors.
        level: share of the draws inside the interval, between 0 and 1.
        resamples: number of draws.
        seed: of the draws.

    Returns:
        Low and high end; not numbers for fewer than two values.
    """
    values = np.asarray(values, np.float64)
    values = values[np.isfinite(values)]
    return _percentiles(values[None], lambda drawn: statistic(drawn[0], axis=-1),
                        level, resamples, seed)  # fmt: skip


def paired_difference(
    values: np.ndarray,
    reference: np.ndarray,
    statistic: Callable = np.mean,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> tuple[float, float, float]:
    """How much more a statistic of one method is than of another on the same images.

    The same images are drawn for both, so that what makes an image hard for both cancels out; the
    interval is of the difference. One that does not hold 0 tells the methods apart on such images.

    Args:
        values: as for `interval`.
        reference: `(N,)` float, of the same images in the same order. Images without a finite value
            in both are left out.
        statistic: as for `interval`.
        level: as for `interval`.
        resamples: as for `interval`.
        seed: as for `interval`.

    Returns:
        The difference `statistic(values) - statistic(reference)`, and the low and high end of its
        interval; not numbers where no image, or fewer than two, are left.

    Raises:
        ValueError: the lengths differ.
    """
    values, reference = np.asarray(values, np.float64), np.asarray(reference, np.float64)
    if values.shape != reference.shape:
        raise ValueError(f"{len(values)} values but {len(reference)} of the reference")
    both = np.stack([values, reference])
    both = both[:, np.isfinite(both).all(axis=0)]

    def difference(drawn):
        return statistic(drawn[0], axis=-1) - statistic(drawn[1], axis=-1)

    center = float(difference(both)) if both.shape[1] else np.nan
    return center, *_percentiles(both, difference, level, resamples, seed)


def _percentiles(columns, statistic, level, resamples, seed):
    """Quantiles of `statistic` over draws from the last axis of `columns`."""
    count = columns.shape[1]
    if count < 2:
        return np.nan, np.nan
    rng = np.random.default_rng(seed)
    at_a_time = max(1, BLOCK // count)
    drawn = []
    for done in range(0, resamples, at_a_time):
        images = rng.integers(count, size=(min(at_a_time, resamples - done), count))
        drawn.append(statistic(columns.take(images, axis=1)))
    # An observed value, not one between two: between infinite decibels there is none.
    ends = np.quantile(
        np.concatenate(drawn), [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf"
    )
    return float(ends[0]), float(ends[1])
