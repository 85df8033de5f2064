"""The fine step: shift and rotation of one window that maximize normalized cross-correlation.

Thesis slide "Photo alignment" (ICCV paper, section 2.1): a 100×100 window slides over both photos
and the DSLR's patch is shifted and turned until the two correlate best. Correlation is normalized
(zero-mean), so neither brightness nor contrast of the cameras matters. The maximum among whole
pixels is found first; ECC (Evangelidis and Psarakis, "Parametric image alignment using enhanced
correlation coefficient maximization", PAMI 2008) then climbs to the top of the same coefficient, to
hundredths of pixels and degrees.
"""

import dataclasses

import cv2
import numpy as np

from align.alignment_error import AlignmentError
from align.matching.estimate_homography import jacobian, transform
from align.matching.measure_shifts import subpixel
from align.matching.reject_windows import FLAT
from align.matching.resample import cut
from common.layout import PATCH_SIZE

GRAIN = 200  # pixels that err alike, as what is left of a window after matching is not white noise
SMOOTHING = 5  # pixels, the Gaussian kernel under which ECC compares: phones are noisy
ROUNDS = 30
PRECISION = 1e-4  # of the coefficient, at which ECC stops
OUTSIDE, BLAND, LOST = "outside", "flat", "correlation"  # why a window has no place
LARGEST_TURN = 3.0  # degrees from the homography; two cameras' lenses differ by far less


@dataclasses.dataclass(frozen=True)
class Placement:
    """Where a window's content lies in the DSLR's photo.

    Attributes:
        affine: float64 2×3, phone pixels from the window's center to DSLR pixels.
        shift: float64 2, from where the homography puts the center, phone pixels.
        angle: rotation added to the homography's, degrees; positive where the DSLR shows the
            content turned clockwise, from +x towards +y.
        ncc: normalized cross-correlation of the two windows, luma under ECC's smoothing.
        information: float64 2×2, inverse covariance of the error of the shift, phone pixels⁻²:
            along an edge, or where all is smooth, correlation tells little.
    """

    affine: np.ndarray
    shift: np.ndarray
    angle: float
    ncc: float
    information: np.ndarray


class FineSearch:
    """Refines the places of windows.

    Args:
        phone: uint8 gray H×W.
        dslr: uint8 gray.
        matrix: float64 3×3, homography from phone to DSLR.
        reach: pixels of the phone's photo to search each way.
    """

    def __init__(self, phone: np.ndarray, dslr: np.ndarray, matrix: np.ndarray, reach: int):
        self._phone, self._dslr, self._matrix, self._reach = phone, dslr, matrix, reach

    def place(
        self, corner: tuple[int, int], shift: np.ndarray, gradient: np.ndarray, turn: bool = True
    ) -> Placement:
        """The placement of best correlation.

        Args:
            corner: (x, y), top left pixel of the window in the phone's photo.
            shift: float 2, where to start: phone pixels from where the homography puts it.
            gradient: float 2×2, how the shift changes over the window.
            turn: whether to search for a rotation besides the gradient's.

        Raises:
            AlignmentError: `BLAND`, nothing to correlate; `OUTSIDE`, what is around it leaves the
                DSLR's photo; `LOST`, no maximum within reach.
        """
        x, y = corner
        template = self._phone[y : y + PATCH_SIZE, x : x + PATCH_SIZE].astype(np.float32)
        if template.std() < FLAT * 255:  # as the rules will say; its maximum would be one of noise
            raise AlignmentError(BLAND)
        center = np.array(corner) + (PATCH_SIZE - 1) / 2
        start = center + shift
        linear = jacobian(self._matrix, start[None])[0] @ (np.eye(2) + gradient)
        affine = np.column_stack([linear, transform(self._matrix, start[None])[0]])
        around = cut(self._dslr, affine, PATCH_SIZE + 2 * self._reach, cv2.INTER_CUBIC)
        if around is None:
            raise AlignmentError(OUTSIDE)
        around = around.astype(np.float32)
        scores = cv2.matchTemplate(around, template, cv2.TM_CCOEFF_NORMED)
        _, _, _, peak = cv2.minMaxLoc(scores)
        if min(peak) == 0 or max(peak) == 2 * self._reach:
            raise AlignmentError(LOST)
        corner_around = subpixel(scores, peak)
        motion = np.float32([[1, 0, corner_around[0]], [0, 1, corner_around[1]]])
        model = cv2.MOTION_EUCLIDEAN if turn else cv2.MOTION_TRANSLATION
        criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, ROUNDS, PRECISION)
        try:
            ncc, motion = cv2.findTransformECC(
                template, around, motion, model, criteria, None, SMOOTHING
            )
        except cv2.error:  # it did not converge
            raise AlignmentError(LOST) from None
        angle = float(np.degrees(np.arctan2(motion[1, 0], motion[0, 0])))
        half = (PATCH_SIZE - 1) / 2
        moved = motion @ np.array([half, half, 1.0]) - (half + self._reach)
        if abs(angle) > LARGEST_TURN or np.abs(moved).max() > self._reach:
            raise AlignmentError(LOST)
        total = np.column_stack([linear @ motion[:, :2], affine[:, 2] + linear @ moved])
        back = transform(np.linalg.inv(self._matrix), total[None, :, 2])[0]
        return Placement(total, back - center, angle, float(ncc), _information(template, ncc))

    def moved(self, placement: Placement, corner: tuple[int, int], shift: np.ndarray) -> Placement:
        """The placement with another shift, float 2, phone pixels from the homography's place."""
        center = np.array(corner) + (PATCH_SIZE - 1) / 2
        target = transform(self._matrix, (center + shift)[None])[0]
        affine = np.column_stack([placement.affine[:, :2], target])
        return dataclasses.replace(placement, affine=affine, shift=shift)


def _information(template, ncc):
    """How sharply a window's shift is determined; the Cramér-Rao bound's normal matrix, 2×2.

    The error of the match is what is left of the variance, (1 − ncc²); gradients turn it into
    pixels.
    """
    smooth = cv2.GaussianBlur(template, (SMOOTHING, SMOOTHING), 0)
    slopes = np.stack(
        [
            cv2.Sobel(smooth, cv2.CV_32F, *axis, ksize=1, scale=0.5).ravel()
            for axis in ((1, 0), (0, 1))
        ]
    )
    noise = max(float(smooth.var()) * (1 - ncc**2), 1e-3)
    return (slopes @ slopes.T).astype(np.float64) / (noise * GRAIN)
