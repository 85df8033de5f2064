"""The fine step: the shift and rotation of one window with the highest cross-correlation.

Thesis slide "Photo alignment" (ICCV paper, section 2.1): a 100×100 window slides over both photos,
and the DSLR's patch is shifted and turned until the two patches correlate best. The correlation is
normalized (zero-mean), so neither brightness nor contrast of the cameras matters. The search finds
the maximum among whole pixels first. Then ECC (Evangelidis and Psarakis, "Parametric image
alignment using enhanced correlation coefficient maximization", PAMI 2008) climbs to the top of the
same coefficient, to hundredths of pixels and degrees.
"""

import dataclasses

import cv2
import numpy as np

from align.matching.apply_homography import apply_homography, homography_jacobian
from align.matching.cut_patches import cut_square
from align.matching.measure_shifts import subpixel_peak
from align.matching.reject_windows import MIN_DEVIATION
from align.rejection import Rejection
from align.window import Placement, Window
from common.layout import PATCH_SIZE

# Pixels that share one error: the difference of two matched windows is not white noise.
CORRELATED_PIXELS = 200
SMOOTHING = 5  # pixels, the Gaussian kernel under which ECC compares, because phones are noisy
MAX_ROUNDS = 30
PRECISION = 1e-4  # of the coefficient, at which ECC stops
MAX_TURN = 3.0  # degrees from the homography; two cameras' lenses differ by far less


class WindowSearch:
    """The search for windows of one phone photo in one DSLR photo.

    Args:
        phone: uint8 gray H×W.
        dslr: uint8 gray H×W, of any size.
        matrix: float64 3×3, the homography from phone to DSLR.
        reach: The distance to search each way, in pixels of the phone's photo.
    """

    def __init__(self, phone: np.ndarray, dslr: np.ndarray, matrix: np.ndarray, reach: int):
        self._phone, self._dslr, self._matrix, self._reach = phone, dslr, matrix, reach

    def search(
        self, x: int, y: int, shift: np.ndarray, gradient: np.ndarray, turn: bool = True
    ) -> Window:
        """Search for the place of the highest correlation.

        Args:
            x: The leftmost column of the window in the phone's photo.
            y: The topmost row.
            shift: float 2, the start, in phone pixels from the homography's place.
            gradient: float 2×2, the change of the shift over the window.
            turn: Whether to search for a rotation besides the gradient's rotation.

        Returns:
            The window, placed; or rejected: `FLAT` if the window holds nothing to correlate,
            `OUTSIDE` if the area to search leaves the DSLR's photo, `CORRELATION` if there is no
            maximum within reach.
        """
        template = self._phone[y : y + PATCH_SIZE, x : x + PATCH_SIZE].astype(np.float32)
        if template.std() < MIN_DEVIATION * 255:  # the maximum would be one of noise
            return Window(x, y, rejection=Rejection.FLAT)
        half = (PATCH_SIZE - 1) / 2
        center = np.array((x, y)) + half
        start = center + shift
        linear = homography_jacobian(self._matrix, start[None])[0] @ (np.eye(2) + gradient)
        affine = np.column_stack([linear, apply_homography(self._matrix, start[None])[0]])
        around = cut_square(self._dslr, affine, PATCH_SIZE + 2 * self._reach, cv2.INTER_CUBIC)
        if around is None:
            return Window(x, y, rejection=Rejection.OUTSIDE)
        around = around.astype(np.float32)
        scores = cv2.matchTemplate(around, template, cv2.TM_CCOEFF_NORMED)
        _, _, _, peak = cv2.minMaxLoc(scores)
        lost = Window(x, y, rejection=Rejection.CORRELATION)
        if min(peak) == 0 or max(peak) == 2 * self._reach:
            return lost
        corner_around = subpixel_peak(scores, peak)
        motion = np.array([[1, 0, corner_around[0]], [0, 1, corner_around[1]]], np.float32)
        model = cv2.MOTION_EUCLIDEAN if turn else cv2.MOTION_TRANSLATION
        criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, MAX_ROUNDS, PRECISION)
        try:
            # No mask. OpenCV's type stubs lack the None that the function accepts.
            score, motion = cv2.findTransformECC(  # pyright: ignore[reportCallIssue]
                template,
                around,
                motion,
                model,
                criteria,
                None,  # pyright: ignore[reportArgumentType]
                SMOOTHING,
            )
        except cv2.error:  # ECC did not converge
            return lost
        angle = float(np.degrees(np.arctan2(motion[1, 0], motion[0, 0])))
        moved = motion @ np.array([half, half, 1.0]) - (half + self._reach)
        if abs(angle) > MAX_TURN or np.abs(moved).max() > self._reach:
            return lost
        total = np.column_stack([linear @ motion[:, :2], affine[:, 2] + linear @ moved])
        back = apply_homography(np.linalg.inv(self._matrix), total[None, :, 2])[0]
        information = _information(template, score)
        placement = Placement(total, back - center, angle, float(score), information)
        return Window(x, y, placement)

    def move(self, window: Window, shift: np.ndarray) -> Window:
        """Return a placed window with another shift, float 2, from the homography's place."""
        assert window.placement is not None
        center = np.array((window.x, window.y)) + (PATCH_SIZE - 1) / 2
        target = apply_homography(self._matrix, (center + shift)[None])[0]
        affine = np.column_stack([window.placement.affine[:, :2], target])
        placement = dataclasses.replace(window.placement, affine=affine, shift=shift)
        return dataclasses.replace(window, placement=placement)


def _information(template: np.ndarray, score: float) -> np.ndarray:
    """Return the information of a window about its shift: the Cramér-Rao bound's matrix, 2×2.

    The error of the match is the unexplained part of the variance, (1 − score²). The gradients
    turn the error into pixels.
    """
    smooth = cv2.GaussianBlur(template, (SMOOTHING, SMOOTHING), 0)
    slopes = np.stack(
        [
            cv2.Sobel(smooth, cv2.CV_32F, *axis, ksize=1, scale=0.5).ravel()
            for axis in ((1, 0), (0, 1))
        ]
    )
    noise = max(float(smooth.var()) * (1 - score**2), 1e-3)
    return (slopes @ slopes.T).astype(np.float64) / (noise * CORRELATED_PIXELS)
