"""SIFT features of two photos and their matches.

Descriptors are RootSIFT: L1-normalized, then the square root of each element, so that their
Euclidean distance compares the histograms by the Hellinger kernel (Arandjelović and Zisserman,
"Three things everyone should know to improve object retrieval", CVPR 2012). A match must be each
feature's clear favorite, from both sides: the ratio test of Lowe, "Distinctive Image Features from
Scale-Invariant Keypoints", IJCV 2004, section 7.1.
"""

import dataclasses

import cv2
import numpy as np

FEATURES = 6000  # of the strongest; more cost time and change no homography
CONTRAST = 0.01  # threshold of SIFT's peaks, a quarter of the usual: phones underexpose
RATIO = 0.85  # the second best may be at most this near; the other way is tested too


@dataclasses.dataclass(frozen=True)
class Features:
    """Places and descriptors of N features.

    Attributes:
        points: float32 N×2, (x, y), pixels; centers of pixels at integers.
        descriptors: float32 N×128, of unit length.
    """

    points: np.ndarray
    descriptors: np.ndarray


def detect(gray: np.ndarray) -> Features:
    """SIFT features of a photo.

    Args:
        gray: uint8 H×W.
    """
    sift = cv2.SIFT_create(FEATURES, contrastThreshold=CONTRAST, enable_precise_upscale=True)
    keypoints, descriptors = sift.detectAndCompute(gray, None)
    if not keypoints:
        return Features(np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32))
    # At a corner two orientations may give two features: both stay, they match apart.
    points = np.array([keypoint.pt for keypoint in keypoints], np.float32)
    total = np.abs(descriptors).sum(axis=1, keepdims=True)
    return Features(points, np.sqrt(descriptors / np.maximum(total, 1e-7)))


def match(first: Features, second: Features) -> np.ndarray:
    """Pairs of features that prefer each other clearly.

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
    kept = np.flatnonzero((back[there] == np.arange(len(there))) & (worst < RATIO))
    kept = kept[np.argsort(worst[kept], kind="stable")]
    return np.stack([kept, there[kept]], axis=1)


def _nearest(queries, descriptors):
    """Index of the nearest descriptor of each query, and the ratio of its distance to the next's.

    Descriptors have unit length, so that squared distances are 2 − 2·cosine: a matrix product.
    """
    cosines = queries @ descriptors.T
    rows = np.arange(len(cosines))
    nearest = cosines.argmax(axis=1)
    best = cosines[rows, nearest]
    cosines[rows, nearest] = -1
    distances = np.sqrt(np.maximum(2 - 2 * np.stack([best, cosines.max(axis=1)]), 1e-12))
    return nearest, distances[0] / distances[1]
