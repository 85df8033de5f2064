"""Share of each loss term in the gradient at the generator's output, before the first step.

    python benchmarks/loss_shares.py --phone iphone --data_dir dped

The share of a term is the Euclidean norm of its weighted gradient with respect to the enhanced
batch, over the sum of the norms of all terms. The benchmark prints a Markdown table, the mean of
several seeds.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
import os
from typing import Any

import numpy as np

from common import command_line
from common.command_line import option
from data.pair_files import DatasetError
from training.config import TrainConfig, TrainingError


@dataclasses.dataclass(frozen=True)
class SharesConfig:
    """The batch and the features."""

    phone: str = option(help="name of the phone: its folder in the data set")
    data_dir: str = option("dped", "root of the data set")
    content_layer: str = option("block5_conv4", "VGG-19 layer of the content loss")
    vgg_weights: str = option("imagenet", "imagenet (downloads), a file, or random")
    channels: int = option(64, "width of the generator")
    batch_size: int = option(50, "pairs in the batch")
    seeds: int = option(3, "initializations to average over")
    cache_dir: str = option("runs/cache", "folder of packed patches")


def shares(config: TrainConfig, phone: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Return the terms' shares for freshly initialized networks, by name; their sum is 1."""
    from training.build_gan import build

    os.environ["KERAS_BACKEND"] = "tensorflow"
    gan, _ = build(config)
    assert gan.discriminator is not None
    import tensorflow as tf  # after Keras, whose import keeps it quiet

    enhanced = tf.constant(gan.generator(phone, training=True))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(enhanced)
        both = tf.concat([enhanced, target], 0)
        logits = gan.discriminator(both, training=True)[: len(phone)]
        terms = gan.objective.terms(enhanced, target, logits, gan.vgg)
    gradients: Any = {name: tape.gradient(term, enhanced) for name, term in terms.items()}
    norms = {name: float(tf.norm(gradient)) for name, gradient in gradients.items()}
    return {name: norm / sum(norms.values()) for name, norm in norms.items()}


def main(config: SharesConfig) -> None:
    """Print the table for the presets of the thesis and of the released code."""
    from data.batches import Batches, Part
    from data.packed import open_pairs
    from data.pair_files import training_pairs

    pairs = open_pairs(training_pairs(config.data_dir, config.phone), config.cache_dir)
    phone, target = Batches([Part(pairs, min(config.batch_size, len(pairs)))])[0]
    given = {**dataclasses.asdict(config), "batch_size": len(phone)}
    given.pop("seeds")
    print("| preset | color | texture | content | total variation |\n|---|---|---|---|---|")
    for preset in ("thesis", "iccv"):
        # The released weight of the content term is meant for the raw features of relu5_4.
        raw = preset == "iccv" and config.content_layer == "block5_conv4"
        given.update(preset=preset, content_features="raw" if raw else "relative")
        measured = [
            shares(TrainConfig(recipe="stable", seed=seed, **given), phone, target)
            for seed in range(config.seeds)
        ]
        # Both presets have the four terms in the order of the table, some in other forms.
        means = [np.mean([one[name] for one in measured]) for name in measured[0]]
        print(f"| {preset} | " + " | ".join(f"{100 * mean:.1f}%" for mean in means) + " |")


if __name__ == "__main__":
    user_errors = [TrainingError, DatasetError, "models.network_files.WeightsError"]
    command_line.run(main, SharesConfig, __doc__, user_errors)
