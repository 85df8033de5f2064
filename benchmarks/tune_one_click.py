"""Find the strengths of one-click enhancement on a phone's training pairs.

    python -m benchmarks.tune_one_click --phone iphone --data_dir $DPED_REFERENCE_DATA/dped

The search starts from no enhancement. Each strength in turn takes the best value of a grid, until a
round changes nothing. The best value has the highest mean of PSNR in dB plus 20 times MS-SSIM. The
benchmark prints the settings that `inference/one_click.py` keeps as `TUNED`.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from common import command_line
from common.command_line import option
from common.long_work import counted
from data.packed import open_pairs
from data.pair_files import DatasetError, training_pairs
from inference.one_click import OneClickSettings, enhance_one_click
from metrics import in_chunks, ms_ssim, psnr

GRID = {
    "gamma": np.arange(0, 1.01, 0.1),
    "brightness": np.arange(0.3, 0.71, 0.05),
    "levels": np.arange(0, 1.01, 0.1),
    "saturation": np.arange(0, 1.01, 0.1),
    "white_balance": np.arange(0, 1.01, 0.1),
    "contrast": np.arange(0, 1.01, 0.1),
    "clip": (1.0, 1.5, 2.0, 3.0, 4.0),
    "denoise": (0.0, 1.0, 2.0, 3.0, 5.0),
    "sharpen": np.arange(0, 2.01, 0.2),
}
ROUNDS = 6


@dataclasses.dataclass(frozen=True)
class TuneConfig:
    """The pairs to search on."""

    phone: str = option("iphone", "name of the phone")
    data_dir: str = option("dped", "root of the data set")
    pairs: int = option(400, "number of pairs at most, spread evenly")
    cache_dir: str = option("runs/cache", "folder of packed patches")


def main(config: TuneConfig) -> None:
    """Search, and print the settings of each round."""
    pairs = open_pairs(training_pairs(config.data_dir, config.phone), config.cache_dir)
    pairs = pairs[:: -(-len(pairs) // config.pairs)]
    target = np.asarray(pairs.target, np.float32) / 255
    best = OneClickSettings()
    with ThreadPoolExecutor() as pool:

        def value(settings):
            work = pool.map(lambda image: enhance_one_click(image, settings), pairs.phone)
            enhanced = np.stack(list(work)).astype(np.float32) / 255
            decibels = psnr(enhanced, target)
            decibels = decibels[np.isfinite(decibels)].mean()
            return decibels + 20 * in_chunks(ms_ssim, enhanced, target).mean()

        top = value(best)
        print(f"{top:.3f} without enhancement")
        for _ in range(ROUNDS):
            before = best
            for name, grid in counted(GRID.items(), "tuning", "parameter"):
                for strength in grid:
                    settings = dataclasses.replace(best, **{name: round(float(strength), 3)})
                    if settings != best and (reached := value(settings)) > top:
                        best, top = settings, reached
            print(f"{top:.3f} {best}", flush=True)
            if best == before:
                break


if __name__ == "__main__":
    command_line.run(main, TuneConfig, __doc__, errors=[DatasetError])
