"""Mean and variance of the channels of a tensor that arrives in pieces."""

import numpy as np

CANCELED = 0.02  # variance over squared mean, below which the sum of squares has too few digits


class RunningMoments:
    """Count, mean and sum of squared deviations of each channel, in float64.

    Pieces are merged by the formula of Chan, Golub and LeVeque (1979), which has no difference of
    large sums: the sums of 3 million float32 squares would cost two digits, which is visible.
    """

    def __init__(self):
        self.count: float = 0
        self.mean = self._squares = np.zeros(())

    def add(self, values: np.ndarray, weight: float = 1.0) -> None:
        """Add a piece `(H, W, C)` float32; each of its pixels counts `weight` times."""
        if not values.size:
            return
        height, width, _ = values.shape
        rows = np.ones((1, width), np.float32) @ values  # float32 over one row, then float64
        mean = rows.sum((0, 1), dtype=np.float64) / (height * width)
        squares = _sum_of_squares(values) - height * width * mean**2
        if (squares < CANCELED * height * width * mean**2).any():
            squares = _sum_of_squares(values - mean.astype(np.float32))
        piece = RunningMoments()
        piece.count, piece.mean = height * width * weight, mean
        piece._squares = squares * weight
        self.merge(piece)

    def merge(self, other: "RunningMoments") -> None:
        """Add the pieces that another instance has gathered."""
        total = self.count + other.count
        if not other.count:
            return
        apart = other.mean - self.mean
        share = other.count / total
        self._squares = self._squares + other._squares + apart**2 * self.count * share
        self.mean = self.mean + apart * share
        self.count = total

    @property
    def variance(self) -> np.ndarray:
        """Variance of the population, as instance norm takes it: float64 `(C,)`."""
        return self._squares / self.count


def _sum_of_squares(values: np.ndarray) -> np.ndarray:
    """Return each channel's sum of squares, float64: float32 within a row, then float64."""
    return np.einsum("hwc,hwc->hc", values, values).sum(0, dtype=np.float64)
