"""Measure the speed of the metrics against a plain computation.

    python -m benchmarks.metrics

The benchmark scores `--methods` sets of random pictures on the same targets with
`metrics.per_image`. It then computes the interval of every mean, and of the difference of every
method to the first. The plain computation gives the same values: each metric alone, one after the
other on one thread, with SciPy's filters in float64, 64 pictures at a time. The result is a
Markdown table. Processor seconds count the work of all threads, so other work on the machine hardly
changes them.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
import time
from unittest import mock

import numpy as np
from scipy.ndimage import correlate1d

import metrics
from common import command_line
from common.command_line import option
from metrics import COMPUTED

PLAIN_CHUNK = 64


@dataclasses.dataclass(frozen=True)
class MetricsConfig:
    """The size of the measurement."""

    pairs: int = option(400, "pairs of each method")
    methods: int = option(6, "sets of pictures")
    size: int = option(100, "height and width of a picture")
    seed: int = option(0, "seed of the pictures")


def main(config: MetricsConfig) -> None:
    """Measure, and print the table."""
    targets, methods = _pictures(config)
    rows = []
    older = [
        mock.patch(f"metrics.{name}.filtered", _scipy_filtered) for name in ("ssim", "filters")
    ]
    with older[0], older[1]:
        plain, each = [], {}
        for images in methods:
            values = {}
            for name, metric in COMPUTED.items():
                found, *seconds = _timed(_plain, metric.function, images, targets)
                values[metric.values] = found
                each[name] = np.add(each.get(name, 0), seconds)
            plain.append(values)
    rows += [(f"plain: {name}", *seconds) for name, seconds in each.items()]
    rows.append(("plain: all", *np.sum(list(each.values()), axis=0)))

    scores, *seconds = _timed(lambda: [metrics.per_image(images, targets) for images in methods])
    rows.append(("`metrics.per_image`", *seconds))
    _, *seconds = _timed(_intervals, scores)
    rows.append(("intervals and paired differences", *seconds))

    print(f"{config.methods} methods, {config.pairs} pairs of {config.size}×{config.size}\n")
    print("| | seconds | processor seconds |\n|---|---|---|")
    for name, wall, processor in rows:
        print(f"| {name} | {wall:.2f} | {processor:.2f} |")
    print(f"\nlargest relative difference: {_difference(plain, scores):.1e}")


def _pictures(config):
    """Make targets with flat areas and edges, and noisy versions of the targets."""
    rng = np.random.default_rng(config.seed)
    grid = rng.random((config.pairs, 5, 5, 3), np.float32)
    side = -(-config.size // 5)
    targets = grid.repeat(side, 1).repeat(side, 2)[:, : config.size, : config.size]
    targets = np.ascontiguousarray(targets)

    def noisy(amount):
        return targets + np.float32(amount) * rng.standard_normal(targets.shape, np.float32)

    return targets, [noisy(0.01 * (1 + number)) for number in range(config.methods)]


def _timed(function, *arguments):
    started = time.perf_counter(), time.process_time()
    result = function(*arguments)
    return result, time.perf_counter() - started[0], time.process_time() - started[1]


def _plain(rule, images, targets):
    chunks = [slice(n, n + PLAIN_CHUNK) for n in range(0, len(images), PLAIN_CHUNK)]
    return np.concatenate([rule(images[chunk], targets[chunk]) for chunk in chunks])


def _scipy_filtered(images, kernel):
    result = images.astype(np.float64)
    for axis in (1, 2):
        result = correlate1d(result, kernel, axis=axis, mode="reflect")
    return result.astype(images.dtype)


def _intervals(scores):
    for values in scores:
        for metric in COMPUTED.values():
            of_method, of_first = values[metric.values], scores[0][metric.values]
            metrics.interval(of_method, metric.statistic)
            metrics.paired_difference(of_method, of_first, metric.statistic)


def _difference(plain, scores):
    return max(
        np.nanmax(np.abs(fast[name] / slow[name] - 1))
        for slow, fast in zip(plain, scores, strict=True)
        for name in slow
    )


if __name__ == "__main__":
    command_line.run(main, MetricsConfig, __doc__)
