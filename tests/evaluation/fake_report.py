"""A report with artificial pictures, for the tests of report.html."""

import numpy as np

from evaluation.report import Report
from metrics import METRICS

NASTY = '<b>&"x\'</b></script><script>document.title="broken"</script>'
PAIRS = 24


def facts(psnr, n=PAIRS, **more):
    means = {
        "psnr": psnr, "psnr_pooled": psnr - 1.5, "ssim": 0.8, "ms_ssim": psnr / 30, "color": 5.25,
        "contrast": 0.9, "noise": 1.1, "sharpness": None,
    }  # fmt: skip
    intervals = {key: [value - 0.01, value + 0.01] for key, value in means.items() if value}
    return {**means, "n": n, "identical": 0, "intervals": intervals, "cost": None, **more}


def make_report():
    """Make a report: dark phone pictures, red targets, methods in between; one name is HTML."""
    rng = np.random.default_rng(0)
    inputs = rng.integers(0, 30, (PAIRS, 100, 100, 3), np.uint8)
    targets = inputs + np.uint8([200, 0, 0])
    cost = {"parameters": 400_000, "macs_per_pixel": 398_000.0, "ms_per_megapixel": 2500.0}
    better = {"psnr": [2.0, 1.5, 2.5], "color": [0.4, -0.1, 0.9]}
    methods = {
        "input": facts(16.0),
        "dped": facts(19.16, cost=cost, differences=better),
        NASTY: facts(21.0, cost=cost | {"ms_per_megapixel": 31.0}, identical=1, differences=better),
    }
    pictures = {
        "input": inputs,
        "dped": inputs + np.uint8([0, 150, 0]),
        NASTY: np.where(np.arange(PAIRS)[:, None, None, None] == 7, targets, inputs + np.uint8(40)),
    }
    per_image = {
        name: {key: rng.normal(20, 2, PAIRS) for key in METRICS if key != "psnr_pooled"}
        for name in methods
    }
    per_image[NASTY]["psnr"][7] = np.nan
    return Report("sony", "input", methods, per_image, inputs, targets, pictures, published=True)
