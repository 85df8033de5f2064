"""The shift that is left between the patches of an aligned dataset.

    python -m benchmarks.residual_shift --phone mine --data_dir dped

`align` places each patch by the correlation of windows in one channel. Here the colors of the
patches are mapped to each other, and the peak of their cross-correlation is found in the frequency
domain. So the benchmark checks `align` on photos for which no truth is known. Phase correlation,
which weighs all frequencies alike, finds wrong peaks where the phone's patch lacks fine detail.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
from typing import Any

import numpy as np
from skimage.registration import phase_cross_correlation

from common import command_line
from common.color import LUMA_601
from common.command_line import option
from data.packed import open_pairs
from data.pair_files import DatasetError, test_pairs, training_pairs
from metrics.color_aligned import color_aligned

LEAST = 0.8  # correlation; patches that agree less are counted, and their shift is not measured
CHUNK = 100  # pairs at a time
UNWEIGHTED: Any = None  # scikit-image annotates the normalization as text only


@dataclasses.dataclass(frozen=True)
class ShiftConfig:
    """The dataset to measure."""

    phone: str = option(help="the name of the phone: its folder in the data set")
    data_dir: str = option("dped", "the root of the data set")
    cache_dir: str = option("runs/cache", "the folder of packed patches")


def residual_shifts(phone: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Measure the shift of each target against the phone's patch.

    The colors of the phone's patch are first mapped to the target's; then the luma of both patches
    is correlated under a Hann window, to a fiftieth of a pixel (Guizar-Sicairos
    et al., Optics Letters 33(2), 2008; scikit-image's `phase_cross_correlation` without
    normalization).

    Args:
        phone: `(N, H, W, 3)` float RGB in [0, 1].
        target: as `phone`.

    Returns:
        Lengths of the shifts in pixels, `(N,)`, and the correlations of the lumas, `(N,)`.
    """
    window = np.outer(np.hanning(phone.shape[1]), np.hanning(phone.shape[2]))
    shifts, correlations = [], []
    for mapped, truth in zip(color_aligned(phone, target), target, strict=True):
        lumas = (x.astype(np.float64) @ LUMA_601 for x in (mapped, truth))
        first, second = ((x - x.mean()) * window for x in lumas)
        shift, _, _ = phase_cross_correlation(
            first, second, upsample_factor=50, normalization=UNWEIGHTED
        )
        shifts.append(np.hypot(*shift))
        correlations.append(np.corrcoef(first.ravel(), second.ravel())[0, 1])
    return np.array(shifts), np.array(correlations)


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
    shifts, measured = np.concatenate(found), np.concatenate(agreed) >= LEAST
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
