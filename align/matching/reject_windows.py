"""The last check of a window: whether its pair of patches is fit to train on.

The first of these rules that holds rejects the pair:

- `FLAT`: In one of the two patches, luma has a standard deviation below 0.015 of full scale. Sky
  and walls hold only noise, and teach a network only to remove noise.
- `BLOWN_OUT`: In one of the two patches, more than a quarter of the pixels are white: all three
  channels are at least 250 of 255. A network cannot restore what was there, or should not lose it.
- `CORRELATION`: The normalized cross-correlation of luma is below the limit.
- `OUT_OF_FOCUS`: The DSLR's patch has less than 0.7 of the phone's fine detail, in proportion to
  coarse detail; or the DSLR's fine detail is below 0.2 of its coarse detail: then both patches are
  out of focus.
"""

import dataclasses
from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from align.rejection import Rejection
from align.window import Window, WindowPatches
from common.color import LUMA_601

MIN_DEVIATION = 0.015  # standard deviation of luma in [0, 1]
WHITE = 250  # of 255
MAX_WHITE_SHARE = 0.25  # of the pixels
MIN_DETAIL_GAIN = 0.7  # of the DSLR's fine detail over the phone's
# Fine to coarse amplitude. An edge blurred to nothing still has 0.0625, by the bands' widths. The
# least of 99 Canon patches of DPED has 0.31; after a blur by 3 pixels three in four fall below 0.2.
MIN_DETAIL = 0.2
FINE, COARSE = (0.8, 1.6), (3.2, 6.4)  # pixels: the bands are differences of these Gaussians


def reject_windows(
    windows: Iterable[tuple[Window, WindowPatches | None]], min_ncc: float
) -> Iterator[tuple[Window, WindowPatches | None]]:
    """Judge the patches of each window that has patches.

    Args:
        windows: Windows with their patches; None for a window that is already rejected.
        min_ncc: The lowest correlation of a kept pair.

    Yields:
        Each window with its correlation and perhaps a rejection, and its patches.
    """
    for window, patches in windows:
        if patches is not None:
            rejection, ncc = judge_patches(patches, min_ncc)
            window = dataclasses.replace(window, ncc=ncc, rejection=rejection)
        yield window, patches


def judge_patches(patches: WindowPatches, min_ncc: float) -> tuple[Rejection | None, float]:
    """Return the reason to reject a pair of patches, None to keep the pair, and its correlation."""
    phone, dslr = (patch_luma(patch) for patch in patches)
    ncc = cross_correlation(phone, dslr)
    if min(phone.std(), dslr.std()) < MIN_DEVIATION:
        return Rejection.FLAT, ncc
    if max(_white_share(patch) for patch in patches) > MAX_WHITE_SHARE:
        return Rejection.BLOWN_OUT, ncc
    if ncc < min_ncc:
        return Rejection.CORRELATION, ncc
    if is_out_of_focus(phone, dslr):
        return Rejection.OUT_OF_FOCUS, ncc
    return None, ncc


def _white_share(patch: np.ndarray) -> float:
    """Return the share of white pixels in uint8 RGB H×W×3."""
    red, green, blue = (patch[..., channel] >= WHITE for channel in range(3))
    return float((red & green & blue).mean())


def patch_luma(patch: np.ndarray) -> np.ndarray:
    """Return the luma of uint8 RGB H×W×3; float32 H×W in [0, 1]."""
    return (patch @ LUMA_601) / np.float32(255)


def cross_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return the normalized (zero-mean) cross-correlation of two images; 0 if one is constant.

    Args:
        first: float H×W.
        second: float H×W.
    """
    first, second = first - first.mean(), second - second.mean()
    norm = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / norm if norm else 0.0


def is_out_of_focus(phone: np.ndarray, dslr: np.ndarray) -> bool:
    """Return whether the DSLR's image is blurrier than the phone's, or has no fine detail at all.

    Args:
        phone: luma, float32 H×W.
        dslr: luma, float32 H×W, aligned.
    """
    gain, detail = measure_detail(phone, dslr)
    return gain < MIN_DETAIL_GAIN or detail < MIN_DETAIL


def measure_detail(phone: np.ndarray, dslr: np.ndarray) -> tuple[float, float]:
    """Measure the DSLR's fine detail relative to the phone's, and to its own coarse detail.

    Both are ratios of amplitudes in a band of fine detail, divided by the ratio in a coarse band.
    The phone's detail is the detail that both images share. Otherwise noise would count as detail.

    Args:
        phone: luma, float32 H×W.
        dslr: luma, float32 H×W, aligned.
    """
    gains, energies = [], []
    for band in (FINE, COARSE):
        first, second = (_band_pass(image, band) for image in (phone, dslr))
        energies.append(float((second**2).mean()))
        gains.append(energies[-1] / max(float((first * second).mean()), 1e-9))
    return gains[0] / gains[1], float(np.sqrt(energies[0] / max(energies[1], 1e-9)))


def _band_pass(image: np.ndarray, sigmas: tuple[float, float]) -> np.ndarray:
    narrow, wide = (cv2.GaussianBlur(image, (0, 0), sigma) for sigma in sigmas)
    return narrow - wide
