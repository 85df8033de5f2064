"""SIFT features of two photos, and the matches between them.

The descriptors are RootSIFT: L1-normalized, then the square root of each element. Their Euclidean
distance compares the histograms by the Hellinger kernel (Arandjelović and Zisserman, "Three things
everyone should know to improve object retrieval", CVPR 2012). Two features match if each is the
clear favorite of the other one: the ratio test of Lowe, "Distinctive Image Features from
Scale-Invariant Keypoints", IJCV 2004, section 7.1, passed in both directions.
"""

import dataclasses

import cv2
import numpy as np

MAX_FEATURES = 6000  # the strongest; more features cost time and change no homography
PEAK_THRESHOLD = 0.01  # contrast of SIFT's peaks, a quarter of the usual: phones underexpose
MAX_RATIO = 0.85  # largest distance of the best match relative to the second best


@dataclasses.dataclass(frozen=True, eq=False)
class Features:
    """The positions and descriptors of N features.

    Attributes:
        points: float32 N×2, (x, y), pixels; the centers of pixels are at integers.
        descriptors: float32 N×128, of unit length.
    """

    points: np.ndarray
    descriptors: np.ndarray


def detect_features(gray: np.ndarray) -> Features:
    """Detect the SIFT features of a photo.

    Args:
        gray: uint8 H×W.
    """
    sift = cv2.SIFT.create(
        MAX_FEATURES, contrastThreshold=PEAK_THRESHOLD, enable_precise_upscale=True
    )
    keypoints, descriptors = sift.detectAndCompute(gray, None)
    if not keypoints:
        return Features(np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32))
    # A corner with two orientations gives two features. Both stay: they match separately.
    points = np.array([keypoint.pt for keypoint in keypoints], np.float32)
    total = np.abs(descriptors).sum(axis=1, keepdims=True)
    return Features(points, np.sqrt(descriptors / np.maximum(total, 1e-7)))


def match_features(first: Features, second: Features) -> np.ndarray:
    """Find the pairs of features that clearly prefer each other.

    Args:
        first: N features.
        second: M features.

    Returns:
        int64 K×2: indices into `first` and `second`, the most distinctive matches first.
    """
    if min(len(first.points), len(second.points)) < 2:
        return np.zeros((0, 2), np.int64)
    there, ratio = _nearest(first.descriptors, second.descriptors)
    back, ratio_back = _nearest(second.descriptors, first.descriptors)
    worst = np.maximum(ratio, ratio_back[there])
    kept = np.flatnonzero((back[there] == np.arange(len(there))) & (worst < MAX_RATIO))
    kept = kept[np.argsort(worst[kept], kind="stable")]
    return np.stack([kept, there[kept]], axis=1)


def _nearest(queries: np.ndarray, descriptors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each query's nearest descriptor, and its distance relative to the second nearest.

    Descriptors have unit length, so a squared distance is 2 − 2·cosine: a matrix product.
    """
    cosines = queries @ descriptors.T
    rows = np.arange(len(cosines))
    nearest = cosines.argmax(axis=1)
    best = cosines[rows, nearest]
    cosines[rows, nearest] = -1
    distances = np.sqrt(np.maximum(2 - 2 * np.stack([best, cosines.max(axis=1)]), 1e-12))
    return nearest, distances[0] / distances[1]
