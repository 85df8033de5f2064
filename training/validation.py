"""Validation of a generator during training."""

import numpy as np

from common.contact_sheet import contact_sheet
from data.packed import PatchPairs
from metrics import checkerboard, color_shift, contrast_ratio, in_chunks, ms_ssim, psnr

SHOWN = 8


class Validation:
    """Scores a generator on held-out pairs.

    Args:
        pairs: the pairs; none of them trained on.
    """

    def __init__(self, pairs: PatchPairs):
        self.phone, self.target = pairs.scaled()
        self.pattern = max(checkerboard(self.target).mean(), 1e-4)
        scores = self._scores(self.phone)
        self.of_input = {f"input_{name}": scores[name] for name in ("psnr", "ms_ssim")}

    def __call__(self, generator) -> tuple[dict[str, float], np.ndarray]:
        """Scores of a generator, and a sheet of input | enhanced | target.

        Returns:
            Means over the pairs by name: "psnr" (dB), "ms_ssim"; "color_shift", "contrast" and
            "checkerboard" (see metrics; the last as a ratio to the target's);
            "input_psnr", "input_ms_ssim". And the sheet, uint8 RGB.
        """
        enhanced = generator.predict(self.phone, batch_size=16, verbose=0)
        sheet = contact_sheet(self.phone[:SHOWN], enhanced[:SHOWN], self.target[:SHOWN])
        return {**self._scores(enhanced), **self.of_input}, sheet

    def _scores(self, images) -> dict[str, float]:
        return {
            "psnr": float(psnr(images, self.target).mean()),
            "ms_ssim": float(in_chunks(ms_ssim, images, self.target).mean()),
            "color_shift": float(color_shift(images, self.target).mean()),
            "contrast": float(contrast_ratio(images, self.target).mean()),
            "checkerboard": float(checkerboard(images).mean() / self.pattern),
        }
