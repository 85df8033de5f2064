"""Which pairs of patches are fit to train on.

A pair is dropped, for the first of these reasons that holds:

- `flat`: in one of the two, luma has a standard deviation below 0.015 of full scale. Sky and walls
  hold noise, and teach a network nothing but to remove it.
- `blown out`: in one of the two, more than a quarter of the pixels are white, all three channels at
  least 250 of 255. What was there cannot be restored, or was lost in the target.
- `correlation`: normalized cross-correlation of luma is below the limit.
- `out of focus`: the DSLR's patch has less than 0.7 of the phone's fine detail, in proportion to
  coarse detail, or its fine detail is below 0.2 of its coarse detail: then both are out of focus.
"""

import cv2
import numpy as np

from common.color import LUMA_601

FLAT = 0.015  # standard deviation of luma in [0, 1]
CLIPPED = 250  # of 255
MOST_CLIPPED = 0.25  # of the pixels
LEAST_GAIN = 0.7  # of the DSLR's fine detail over the phone's
# Fine to coarse amplitude; an edge blurred to nothing still has 0.0625, by the bands' widths. Of 99
# Canon patches of DPED the least has 0.31; blurred by 3 pixels, three in four fall below.
LEAST_DETAIL = 0.2
FINE, COARSE = (0.8, 1.6), (3.2, 6.4)  # pixels: differences of these Gaussians


def luma(patch: np.ndarray) -> np.ndarray:
    """Luma of uint8 RGB H×W×3; float32 H×W in [0, 1]."""
    return (patch @ LUMA_601) / np.float32(255)


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Normalized (zero-mean) cross-correlation of two images; 0 where one is constant.

    Args:
        first: float H×W.
        second: float H×W.
    """
    first, second = first - first.mean(), second - second.mean()
    norm = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / norm if norm else 0.0


def judge(phone: np.ndarray, dslr: np.ndarray, min_ncc: float) -> tuple[str, float]:
    """Why a pair of patches is dropped, "" if it is kept, and its correlation.

    Args:
        phone: uint8 RGB H×W×3.
        dslr: uint8 RGB H×W×3.
        min_ncc: least correlation of a kept pair.
    """
    lumas = luma(phone), luma(dslr)
    ncc = correlation(*lumas)
    if min(image.std() for image in lumas) < FLAT:
        return "flat", ncc
    if max((patch.min(axis=-1) >= CLIPPED).mean() for patch in (phone, dslr)) > MOST_CLIPPED:
        return "blown out", ncc
    if ncc < min_ncc:
        return "correlation", ncc
    if out_of_focus(*lumas):
        return "out of focus", ncc
    return "", ncc


def out_of_focus(phone: np.ndarray, dslr: np.ndarray) -> bool:
    """Whether the DSLR's image is blurrier than the phone's, or has no fine detail at all.

    The phone's own detail is measured by what it has in common with the DSLR's, or its noise would
    pass for detail.

    Args:
        phone: luma, float32 H×W.
        dslr: luma, float32 H×W, aligned.
    """
    gain, detail = sharpness(phone, dslr)
    return gain < LEAST_GAIN or detail < LEAST_DETAIL


def sharpness(phone: np.ndarray, dslr: np.ndarray) -> tuple[float, float]:
    """The DSLR's fine detail relative to the phone's, and to its own coarse detail.

    Both are ratios of amplitudes in a band of fine detail, divided by those in a coarse one.

    Args:
        phone: luma, float32 H×W.
        dslr: luma, float32 H×W, aligned.
    """
    gains, energies = [], []
    for band in (FINE, COARSE):
        first, second = (_band(image, band) for image in (phone, dslr))
        energies.append(float((second**2).mean()))
        gains.append(energies[-1] / max(float((first * second).mean()), 1e-9))
    return gains[0] / gains[1], float(np.sqrt(energies[0] / max(energies[1], 1e-9)))


def _band(image, sigmas):
    narrow, wide = (cv2.GaussianBlur(image, (0, 0), sigma) for sigma in sigmas)
    return narrow - wide
