"""The space of curves and a matrix that is nearest to an ICC profile of tables.

Profiles of tables, as scanners, printers and some editors write them, have no inverse that goes
beyond their own colors. The nearest space has one, and a photo keeps its profile anyway: the space
only says what the network sees, and brings the network's changes back (docs/colors.md).
"""

import io

import numpy as np

from photos.colors.color_space import ColorSpace, matrix_of
from photos.colors.icc_profiles import write_profile
from photos.colors.tone_curves import Power, Table

_LEVELS = 9  # of each channel in the grid on which the matrix is fitted
_LARGEST_ERROR = 0.2  # of linear light, root mean square; beyond it the fit says nothing
# ProPhoto RGB: its gamut holds nearly all colors, so LittleCMS clips none of them.
_WIDE_GAMMA = 1.8
_WIDE_WHITE = (0.3457, 0.3585)  # D50
_WIDE_PRIMARIES = (0.7347, 0.2653, 0.1596, 0.8404, 0.0366, 0.0001)


def fit_table_profile(profile: bytes) -> ColorSpace | None:
    """Return the space that comes nearest to what LittleCMS makes of a profile of RGB.

    One curve, for all channels, is that of grays. The matrix has the least squared error of linear
    light over a grid of colors.

    Args:
        profile: An ICC profile of RGB.

    Returns:
        None if LittleCMS cannot read the profile, or if no such space is near.
    """
    from PIL import Image, ImageCms  # for the few photos with such a profile

    to_xyz = matrix_of((*_WIDE_WHITE, *_WIDE_PRIMARIES))
    wide = write_profile(ColorSpace([Power(_WIDE_GAMMA)] * 3, to_xyz))
    try:
        source, target = (ImageCms.ImageCmsProfile(io.BytesIO(data)) for data in (profile, wide))
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        transform = ImageCms.buildTransform(source, target, "RGB", "RGB", intent)
    except (ImageCms.PyCMSError, OSError):
        return None

    def light_of(values: np.ndarray) -> np.ndarray:
        """Return XYZ relative to D50 of uint8 colors `(N, 3)`."""
        seen = np.asarray(ImageCms.applyTransform(Image.fromarray(values[None]), transform))[0]
        return (seen / 255.0) ** _WIDE_GAMMA @ to_xyz.T

    grays = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, 1)
    curve = _rising(light_of(grays)[:, 1])
    if curve[-1] <= 0:
        return None
    curve = curve / curve[-1]
    levels = np.linspace(0, 255, _LEVELS).astype(np.uint8)
    grid = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(-1, 3)
    expected = light_of(grid)
    solution, *_ = np.linalg.lstsq(curve[grid], expected, rcond=None)
    error = np.sqrt(np.mean(np.square(curve[grid] @ solution - expected)))
    if error > _LARGEST_ERROR:
        return None
    try:
        return ColorSpace([Table(tuple(curve.tolist()))] * 3, solution.T)
    except (ValueError, np.linalg.LinAlgError):
        return None


def _rising(values: np.ndarray) -> np.ndarray:
    """Return values that rise strictly where rounding made steps: the inverse needs a slope."""
    levels, first, counts = np.unique(
        np.maximum.accumulate(values), return_index=True, return_counts=True
    )
    centers = first + (counts - 1) / 2
    centers[0], centers[-1] = 0, len(values) - 1
    return np.interp(np.arange(len(values)), centers, levels)
