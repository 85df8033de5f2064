r"""Score the same pictures by every rule in use, for the tables of docs/protocol.md.

    python -m benchmarks.protocol --data_dir $DPED_REFERENCE_DATA/dped \
        --checkpoints dped_srcnn,iphone_orig

The benchmark scores the phone's photos as they are, and enhanced by each TensorFlow 1 checkpoint.
It prints Markdown tables: PSNR and SSIM by each rule, every metric with its interval, and the
paired differences to the last checkpoint.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
from pathlib import Path

import numpy as np
from skimage.metrics import structural_similarity

import metrics
from common import command_line
from common.command_line import option
from data.packed import read_patch
from data.pair_files import DatasetError, test_pairs
from metrics import COMPUTED, Metric
from metrics.psnr import decibels, mean_squared_error

LUMA = np.array([65.481, 128.553, 24.966]) / 255  # BT.601 in 16 to 235, of super-resolution papers
GAUSSIAN = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}


@dataclasses.dataclass(frozen=True)
class ProtocolConfig:
    """The pairs and checkpoints to score."""

    phone: str = option("iphone", "name of the phone")
    data_dir: str = option("dped", "root of the data set")
    checkpoints: str = option("", "comma-separated prefixes of TensorFlow 1 checkpoints")


def main(config: ProtocolConfig) -> None:
    """Score, and print the tables."""
    files = test_pairs(config.data_dir, config.phone)
    phone, target = (
        np.stack([read_patch(path) for path in side]).astype(np.float32) / 255
        for side in (files.phone, files.target)
    )
    methods = {"input": phone}
    for prefix in filter(None, config.checkpoints.split(",")):
        from models.checkpoints import import_checkpoint

        methods[Path(prefix).name] = _enhanced(import_checkpoint(prefix), phone)

    print(f"{config.phone}, {len(phone)} pairs\n")
    _table({name: rules(images, target) for name, images in methods.items()})
    values = {name: metrics.per_image(images, target) for name, images in methods.items()}
    shown = COMPUTED.values()
    _table({name: {m.name: _interval(m, v) for m in shown} for name, v in values.items()})
    last = list(values)[-1]
    print(f"Minus {last}:\n")
    _table(
        {
            name: {m.name: _difference(m, v, values[last]) for m in shown}
            for name, v in values.items()
            if name != last
        }
    )


def _enhanced(model, phone: np.ndarray) -> np.ndarray:
    return model.predict(phone, batch_size=8, verbose=0)


def rules(images: np.ndarray, target: np.ndarray) -> dict[str, str]:
    """Compute PSNR and SSIM by each rule.

    Args:
        images: `(N, H, W, 3)` float RGB around [0, 1].
        target: as `images`.
    """
    clipped = np.clip(images, 0, 1)
    rounded = np.rint(clipped * 255) / 255
    cut = np.floor(clipped * 255) / 255
    luma, target_luma = ((x @ LUMA + 16 / 255)[..., None] for x in (clipped, target))

    def error(x):
        return mean_squared_error(x, target)

    def similarity(x, t, **options):
        return np.mean(
            [
                structural_similarity(*pair, channel_axis=-1, data_range=1, **options)
                for pair in zip(x, t, strict=True)
            ]
        )

    psnr = {
        "per image": np.mean(decibels(error(clipped))),
        "pooled": decibels(np.mean(error(images))),
        "per image, unclipped": np.mean(decibels(error(images))),
        "pooled, clipped": decibels(np.mean(error(clipped))),
        "per image, rounded": np.mean(decibels(error(rounded))),
        "per image, cut": np.mean(decibels(error(cut))),
        "per image, luma": np.mean(metrics.psnr(luma, target_luma)),
    }
    ssim = {
        "SSIM": np.mean(metrics.ssim(images, target)),
        "SSIM, uniform 7×7": similarity(clipped, target),
        "SSIM, luma": similarity(luma, target_luma, **GAUSSIAN),
        "MS-SSIM": np.mean(metrics.ms_ssim(images, target)),
    }
    return {k: f"{v:.3f}" for k, v in psnr.items()} | {k: f"{v:.4f}" for k, v in ssim.items()}


def _interval(metric: Metric, values: dict[str, np.ndarray]) -> str:
    each = values[metric.values]
    value = metric.statistic(each[~np.isnan(each)])
    return _shown(metric, value, *metrics.interval(each, metric.statistic))


def _difference(metric: Metric, values: dict, reference: dict) -> str:
    each, others = values[metric.values], reference[metric.values]
    return _shown(metric, *metrics.paired_difference(each, others, metric.statistic))


def _shown(metric: Metric, value, low, high) -> str:
    digits = metric.decimals
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _table(rows):
    columns = list(next(iter(rows.values()), {}))
    print("| | " + " | ".join(columns) + " |")
    print("|---|" + "---|" * len(columns))
    for name, cells in rows.items():
        print(f"| {name} | " + " | ".join(cells[c] for c in columns) + " |")
    print()


if __name__ == "__main__":
    command_line.run(main, ProtocolConfig, __doc__, errors=[DatasetError])
