"""The shift that is left between the patches of an aligned dataset.

    python -m benchmarks.residual_shift --phone mine --data_dir dped

The benchmark checks `python -m align` on photos for which no truth is known, by every pair of
patches. `metrics/residual_shift.py` measures the shift.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses

import numpy as np

from common import command_line
from common.command_line import option
from data.packed import open_pairs
from data.pair_files import DatasetError, test_pairs, training_pairs
from metrics.residual_shift import LEAST_CORRELATION, residual_shifts

CHUNK = 100  # pairs at a time


@dataclasses.dataclass(frozen=True)
class ShiftConfig:
    """The dataset to measure."""

    phone: str = option(help="the name of the phone: its folder in the data set")
    data_dir: str = option("dped", "the root of the data set")
    cache_dir: str = option("runs/cache", "the folder of packed patches")


def main(config: ShiftConfig) -> None:
    """Measure all pairs of the dataset and print the quantiles."""
    found, agreed, scenes = [], [], []
    for files in (training_pairs(config.data_dir, config.phone),
                  test_pairs(config.data_dir, config.phone)):  # fmt: skip
        pairs = open_pairs(files, config.cache_dir)
        for start in range(0, len(pairs), CHUNK):
            shifts, correlations = residual_shifts(*pairs[start : start + CHUNK].scaled())
            found.append(shifts)
            agreed.append(correlations)
        if pairs.scenes is not None:
            scenes.append(pairs.scenes)
    shifts, measured = np.concatenate(found), np.concatenate(agreed) >= LEAST_CORRELATION
    kept = shifts[measured]
    print(f"{config.phone}: {len(shifts)} pairs, {measured.mean():.0%} agree well enough")
    if not len(kept):
        return
    middle, ninety, largest = np.quantile(kept, (0.5, 0.9, 0.99))
    print(f"residual shift: median {middle:.2f} px, 90 % below {ninety:.2f} px, ", end="")
    print(f"99 % below {largest:.2f} px; {np.mean(kept > 0.5):.1%} above 0.5 px")
    if scenes:
        names = np.concatenate(scenes)[measured]
        medians = [np.median(kept[names == name]) for name in np.unique(names)]
        print(f"medians of the {len(medians)} scenes: {min(medians):.2f} to {max(medians):.2f} px")


if __name__ == "__main__":
    command_line.run(main, ShiftConfig, __doc__, [DatasetError])
