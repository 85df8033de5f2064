"""Targets in another light: the color map that brings each image closest to a reference."""

from typing import Any

import numpy as np

from common.backend import keras

ops: Any = keras.ops  # Keras annotates operations as if they could return None

CELL = 4  # pixels; the map is fitted to means of cells, where noise and fine detail are small
CHUNK = 64  # images that are computed together
RIDGE = 1e-4  # added to the variances, so that images of one color have a map


def recolored(images, reference):
    """Map the colors of each image by the affine map that comes closest to the reference.

    A fit to the pixels themselves would weaken contrast where noise and small shifts make two
    photos of one scene differ. So the map is fitted to means of cells.

    Formula: `X M + b`, where the 3×3 matrix `M` and the offset `b` have the least sum of
    `(x M + b - r)²` over the cells, with `RIDGE` times the number of cells added to the diagonal of
    the moments of the centered `x`, and the same times `I` to those with `r`, which draws `M` to
    the identity.

    Args:
        images: `(N, H, W, 3)` float RGB in [0, 1], H and W at least `CELL`.
        reference: As `images`: the same scenes in the wanted light.

    Returns:
        As `images`, not clipped.
    """
    x, r = (_cells(value) for value in (images, reference))
    mean_x, mean_r = (ops.mean(value, axis=1, keepdims=True) for value in (x, r))
    centered = x - mean_x
    across = ops.transpose(centered, (0, 2, 1))
    ridge = RIDGE * float(x.shape[1]) * ops.eye(3)
    moments = ops.matmul(across, centered) + ridge
    matrix = ops.solve(moments, ops.matmul(across, r - mean_r) + ridge)
    mean_x, mean_r, matrix = (ops.expand_dims(value, 1) for value in (mean_x, mean_r, matrix))
    return ops.matmul(images - mean_x, matrix) + mean_r


def recolored_photos(photos: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Do what `recolored` does for any number of photos in memory.

    Args:
        photos: `(N, H, W, 3)` uint8 RGB.
        references: `(N, H, W, 3)`, uint8 RGB or float RGB in [0, 1].

    Returns:
        `(N, H, W, 3)` uint8 RGB, clipped.
    """
    result = np.empty(photos.shape, np.uint8)
    for start in range(0, len(photos), CHUNK):
        part = slice(start, start + CHUNK)
        moved: Any = recolored(*(_scaled(values[part]) for values in (photos, references)))
        moved = np.asarray(ops.convert_to_numpy(moved))
        result[part] = np.rint(255 * np.clip(moved, 0, 1))
    return result


def _scaled(values: np.ndarray) -> np.ndarray:
    scale = 255 if values.dtype == np.uint8 else 1
    return np.asarray(values, np.float32) / scale


def _cells(images):
    """Return the means of the cells, `(N, cells, 3)`."""
    means = ops.average_pool(images, CELL, strides=CELL)
    return ops.reshape(means, (-1, means.shape[1] * means.shape[2], 3))
