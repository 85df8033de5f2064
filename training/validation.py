"""Validation of a generator during training."""

from typing import Any

import numpy as np

from common.contact_sheet import contact_sheet
from data.packed import PatchPairs
from metrics import checkerboard, color_shift, contrast_ratio, in_chunks, ms_ssim, psnr

SHOWN = 8


class Validation:
    """Scores of a generator on held-out pairs.

    Args:
        pairs: The pairs. The training sees none of them.
    """

    def __init__(self, pairs: PatchPairs):
        self.phone, self.target = pairs.scaled()
        self.pattern = max(checkerboard(self.target).mean(), 1e-4)
        scores = self._scores(self.phone)
        self.of_input = {f"input_{name}": scores[name] for name in ("psnr", "ms_ssim")}

    def __call__(self, generator) -> tuple[dict[str, float], np.ndarray]:
        """Score a generator, and draw a sheet of input | enhanced | target.

        Returns:
            The scores, means over the pairs by name: "psnr" (dB), "ms_ssim"; "color_shift",
            "contrast" and "checkerboard" (see `metrics`; the last as a ratio to the
            target's); "input_psnr", "input_ms_ssim". Then the sheet, uint8 RGB.
        """
        enhanced = generator.predict(self.phone, batch_size=16, verbose=0)
        return {**self._scores(enhanced), **self.of_input}, self._drawn(enhanced[:SHOWN])

    def sheet(self, generator) -> np.ndarray:
        """Draw the sheet of input | enhanced | target, uint8 RGB, without scores."""
        return self._drawn(generator.predict(self.phone[:SHOWN], batch_size=SHOWN, verbose=0))

    def _drawn(self, enhanced) -> np.ndarray:
        return contact_sheet(self.phone[:SHOWN], enhanced, self.target[:SHOWN])

    def _scores(self, images) -> dict[str, float]:
        similarity: Any = in_chunks(ms_ssim, images, self.target)
        return {
            "psnr": float(psnr(images, self.target).mean()),
            "ms_ssim": float(similarity.mean()),
            "color_shift": float(color_shift(images, self.target).mean()),
            "contrast": float(contrast_ratio(images, self.target).mean()),
            "checkerboard": float(checkerboard(images).mean() / self.pattern),
        }
