"""Real patches for the export: one set calibrates 8-bit files, another set checks every file."""

from collections.abc import Callable

import numpy as np

from common.tensor_names import IMAGE, THUMBNAIL
from data.packed import read_patch
from data.pair_files import DatasetError, test_pairs, training_pairs
from data.shipped_photos import shipped_photos
from export.parity import mosaics
from inference.photo_thumbnail import thumbnail_of

CHECKED, CALIBRATED = 40, 60  # patches at most
SIDE = 100  # pixels
CROPS = "crops of scikit-image's photos"


def parity_patches(data_dir: str, phone: str | None) -> tuple[np.ndarray, str]:
    """Return patches to compare an exported file on, and in words where they come from.

    Returns:
        The phone's test patches if the machine has them, else crops of scikit-image's photos:
        `(N, 100, 100, 3)` float32 in [0, 1].
    """
    try:
        files = _phone_files(test_pairs, data_dir, phone)[:CHECKED]
        return _to_floats([read_patch(path) for path in files]), f"{phone} test patches"
    except DatasetError:  # the machine that exports need not have the phone's photos
        crops = [photo[-SIDE:, -SIDE:] for photo in shipped_photos().values()]
        crops += [photo[SIDE : 2 * SIDE, SIDE : 2 * SIDE] for photo in shipped_photos().values()]
        return _to_floats(crops), CROPS


def calibration_patches(data_dir: str, phone: str | None) -> tuple[np.ndarray, str]:
    """Return patches to observe a network on, and in words where they come from.

    No patch is among those that `parity_patches` returns.

    Returns:
        Evenly chosen training patches of the phone if the machine has them, else crops of
        scikit-image's photos: `(N, 100, 100, 3)` float32 in [0, 1].
    """
    try:
        files = _evenly(_phone_files(training_pairs, data_dir, phone))
        return _to_floats([read_patch(path) for path in files]), f"{phone} training patches"
    except DatasetError:
        crops = []
        for photo in shipped_photos().values():
            height, width = photo.shape[:2]
            for y in range(0, height - 2 * SIDE + 1, SIDE):
                for x in range(0, width - SIDE + 1, SIDE):
                    if (y, x) != (SIDE, SIDE):
                        crops.append(photo[y : y + SIDE, x : x + SIDE])
        return _to_floats(_evenly(crops)), CROPS


def calibration_inputs(
    patches: np.ndarray, size: int, thumbnail: int | None
) -> list[dict[str, np.ndarray]]:
    """Return inputs for a network, made of patches.

    Args:
        patches: `(N, P, P, 3)` float32 in [0, 1].
        size: height and width of the image input, pixels.
        thumbnail: side of the second input, or None for a network without one.

    Returns:
        Inputs by name. Mosaics of all patches stand for photos of many things. A network with a
        thumbnail also gets every patch alone, repeated, for photos that are all dark or bright.
    """
    images = mosaics(patches, size)
    if thumbnail is None:
        return [{IMAGE: image[None]} for image in images]
    alone = np.concatenate([mosaics(patch[None], size) for patch in patches])
    return [
        {IMAGE: image[None], THUMBNAIL: thumbnail_of(image, thumbnail)[None]}
        for image in (*images, *alone)
    ]


def _phone_files(pairs: Callable, data_dir: str, phone: str | None) -> list:
    if phone is None:
        raise DatasetError("no phone")
    return pairs(data_dir, phone).phone


def _evenly(items: list) -> list:
    """Return at most CALIBRATED items at even distances."""
    count = min(len(items), CALIBRATED)
    return [items[number * len(items) // count] for number in range(count)]


def _to_floats(patches: list[np.ndarray]) -> np.ndarray:
    return np.stack(patches).astype(np.float32) / 255
