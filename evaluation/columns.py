"""The columns of every table of results: how metrics and costs are written."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Metric:
    """How a metric is written, and what is good: "high", "low", or "one" (like the target)."""

    label: str
    decimals: int
    good: str
    unit: str = ""

    @property
    def heading(self) -> str:
        """Label and unit."""
        return f"{self.label}, {self.unit}" if self.unit else self.label


# By name in `metrics.means`.
METRICS = {
    "psnr": Metric("PSNR", 2, "high", "dB"),
    "psnr_pooled": Metric("pooled PSNR", 2, "high", "dB"),
    "ssim": Metric("SSIM", 4, "high"),
    "ms_ssim": Metric("MS-SSIM", 4, "high"),
    "color": Metric("colour deviation", 2, "low", "ΔE₀₀"),
    "contrast": Metric("contrast", 3, "one"),
    "noise": Metric("noise", 2, "one"),
    "sharpness": Metric("sharpness", 3, "one"),
}
# By name in `evaluation.cost.measure_cost`.
COSTS = {
    "parameters": "parameters",
    "macs_per_pixel": "multiply-adds a pixel",
    "ms_per_megapixel": "ms a megapixel",
}


def amount(value: float | None) -> str:
    """A count or a time to three figures and no more than it deserves; a dash for None."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
