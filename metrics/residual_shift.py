"""The shift that is left between the two patches of an aligned pair.

The shift says how well a pair is aligned where no truth is known. `python -m align` places patches
by the correlation of windows in one channel. Here the colors of the patches are mapped to each
other, and the peak of their cross-correlation is found in the frequency domain, so the measurement
does not repeat the alignment. Phase correlation, which weighs all frequencies alike, finds wrong
peaks where the phone's patch lacks fine detail.
"""

from typing import Any

import numpy as np

from common.color import LUMA_601
from metrics.color_aligned import color_aligned

LEAST_CORRELATION = 0.8  # of two lumas; the shift of patches that agree less has no meaning
UNWEIGHTED: Any = None  # scikit-image annotates the normalization as text only


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
        Lengths of the shifts in pixels, `(N,)`, and the correlations of the lumas, `(N,)`. A shift
        counts where the correlation is at least `LEAST_CORRELATION`.
    """
    from skimage.registration import phase_cross_correlation  # slow to import

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
