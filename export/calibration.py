"""Real patches for the export: some to find the ranges of 8-bit integers, others to check files."""

import numpy as np

from common.tensor_names import IMAGE, THUMBNAIL
from data.layout import DatasetError, test_pairs, training_pairs
from data.packed import read_patch
from data.shipped_photos import shipped_photos
from export.parity import mosaics
from inference.photo_thumbnail import thumbnail_of

CHECKED, CALIBRATED = 40, 60  # patches at most
SIDE = 100  # pixels


def parity_patches(data_dir: str, phone: str | None) -> tuple[np.ndarray, str]:
    """Patches to compare an exported file on: the phone's test patches if they are there.

    Returns:
        `(N, 100, 100, 3)` float32 in [0, 1]; and in words, where they are from.
    """
    try:
        files = _paths(test_pairs, data_dir, phone)[:CHECKED]
        return _scaled([read_patch(path) for path in files]), f"{phone} test patches"
    except DatasetError:  # the phone's photos need not be on the machine that exports
        crops = [photo[-SIDE:, -SIDE:] for photo in shipped_photos().values()]
        crops += [photo[SIDE : 2 * SIDE, SIDE : 2 * SIDE] for photo in shipped_photos().values()]
        return _scaled(crops), "crops of scikit-image's photos"


def calibration_patches(data_dir: str, phone: str | None) -> tuple[np.ndarray, str]:
    """Patches that ranges are found on, none of which `parity_patches` returns.

    Returns:
        The phone's training patches, some at even distances, if they are there; as above.
    """
    try:
        files = _spread(_paths(training_pairs, data_dir, phone))
        return _scaled([read_patch(path) for path in files]), f"{phone} training patches"
    except DatasetError:
        crops = []
        for photo in shipped_photos().values():
            height, width = photo.shape[:2]
            for y in range(0, height - 2 * SIDE + 1, SIDE):
                for x in range(0, width - SIDE + 1, SIDE):
                    if (y, x) != (SIDE, SIDE):
                        crops.append(photo[y : y + SIDE, x : x + SIDE])
        return _scaled(_spread(crops)), "crops of scikit-image's photos"


def calibration_samples(
    patches: np.ndarray, size: int, thumbnail: int | None
) -> list[dict[str, np.ndarray]]:
    """What a network's inputs are for patches.

    Args:
        patches: `(N, P, P, 3)` float32 in [0, 1].
        size: height and width of the image input, pixels.
        thumbnail: side of the second input, or None for a network of one.

    Returns:
        Inputs by name: mosaics of all patches, as photos of many things; for a network that takes
        a thumbnail also every patch by itself, repeated, as photos that are all dark or all bright.
    """
    images = mosaics(patches, size)
    if thumbnail is None:
        return [{IMAGE: image[None]} for image in images]
    alone = np.concatenate([mosaics(patch[None], size) for patch in patches])
    return [
        {IMAGE: image[None], THUMBNAIL: thumbnail_of(image, thumbnail)[None]}
        for image in (*images, *alone)
    ]


def _paths(pairs, data_dir, phone):
    if phone is None:
        raise DatasetError("no phone")
    return pairs(data_dir, phone).phone


def _spread(items) -> list:
    """At most CALIBRATED of them, at even distances."""
    count = min(len(items), CALIBRATED)
    return [items[number * len(items) // count] for number in range(count)]


def _scaled(patches) -> np.ndarray:
    return np.stack(patches).astype(np.float32) / 255
