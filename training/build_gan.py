"""The networks that a configuration asks for."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.backend import import_keras
from common.did_you_mean import did_you_mean
from training.backends.workers import Workers
from training.config import TrainConfig, TrainingError, with_recipe

if TYPE_CHECKING:  # both load Keras, which takes seconds
    from models.gan import Gan
    from training.backends.step import Step


def build(config: TrainConfig, workers: Workers | None = None) -> tuple[Gan, Step]:
    """Build the networks of a run and the step that trains them.

    Args:
        config: What to build.
        workers: Who shares the step; None for this process alone.

    Returns:
        The networks, and the step that trains them.

    Raises:
        TrainingError: The workers do not find each other, or --start_from is another network.
        models.WeightsError: VGG weights are missing or damaged.
    """
    config = with_recipe(config)
    keras = import_keras()
    workers = workers or Workers()
    workers.start()  # multi-worker strategies must precede all other work of TensorFlow
    from losses.presets import preset
    from models.discriminator import build_iccv_discriminator, build_thesis_discriminator
    from models.gan import Gan
    from models.vgg import build_vgg19
    from training.backends.step import make_step

    keras.utils.set_random_seed(config.seed)
    relative = config.content_features == "relative"
    objective = preset(config.preset, config.batch_size, relative)
    discriminator = discriminator_optimizer = vgg = None
    precision = "mixed_bfloat16" if config.mixed_precision else "float32"
    with workers.scope(), _precision(keras, precision):
        generator = _generator(config, objective.normalization)
        if config.start_from is not None and not config.resume:
            _start_from(generator, config.start_from)
        if objective.discriminator is not None:
            builders = {"thesis": build_thesis_discriminator, "iccv": build_iccv_discriminator}
            discriminator = builders[objective.discriminator](width=config.discriminator_width)
        if "content" in objective.weights:
            vgg = build_vgg19(config.content_layer, config.vgg_weights)
    with _precision(keras, "float32"):
        ema = _generator(config, objective.normalization)
    light = None
    if config.light == "keep":
        from models.universal import keep_light

        light = keep_light(generator)
    if config.flat == "keep":
        from models.universal import keep_flat

        keep_flat(generator)
    ema.set_weights(generator.get_weights())
    with workers.scope():
        generator_optimizer = _adam(config, config.learning_rate, generator)
        if discriminator is not None:
            rate = config.discriminator_learning_rate
            discriminator_optimizer = _adam(config, rate, discriminator)
    gan = Gan(
        generator,
        generator_optimizer,
        objective,
        discriminator,
        discriminator_optimizer,
        vgg,
        ema,
        config.ema_decay,
        config.label_smoothing,
        light,
    )
    return gan, make_step(gan, takes_other_batch(config), config.jit_compile, workers.strategy)


def check_weights(config: TrainConfig) -> None:
    """Check that the files of weights exist, before the pairs are read, which may take minutes.

    Args:
        config: A resolved configuration.

    Raises:
        TrainingError: --start_from or --vgg_weights names no file.
    """
    from losses.presets import PRESETS

    if config.start_from is not None and not config.resume:
        _start_file(config.start_from)
    words = ("imagenet", "random")
    needs_vgg = "content" in PRESETS[config.preset].weights
    if needs_vgg and config.vgg_weights not in words and not Path(config.vgg_weights).is_file():
        raise TrainingError(
            f"--vgg_weights {config.vgg_weights}: no such file, nor {' or '.join(words)}"
            f"{did_you_mean(config.vgg_weights, words)}"
        )


def takes_other_batch(config: TrainConfig) -> bool:
    """Return whether the discriminator of a resolved configuration has its own batch."""
    from losses.presets import PRESETS

    has_discriminator = PRESETS[config.preset].discriminator is not None
    return config.discriminator_batch == "other" and has_discriminator


def _generator(config: TrainConfig, normalization: str):
    from models.initial_weights import set_released_initial_weights
    from models.networks import build_network

    generator = build_network(
        config.model,
        normalization=normalization,
        channels=config.channels,
        blocks=config.blocks,
    )
    if config.initial_weights == "released":
        set_released_initial_weights(generator)
    return generator


def _start_from(generator, name: str) -> None:
    from models import load_generator

    weights = load_generator(_start_file(name)).get_weights()
    if [w.shape for w in weights] != [tuple(w.shape) for w in generator.weights]:
        raise TrainingError(f"{name}: is another network than --model and its size ask for")
    generator.set_weights(weights)


def _start_file(name: str) -> Path:
    from models.shipped import SHIPPED, shipped_file

    file = shipped_file(name, (".keras",)) or Path(name)
    if not file.is_file():
        known = ", ".join(SHIPPED)
        raise TrainingError(
            f"--start_from {name}: no such file, nor a network that ships ({known})"
            f"{did_you_mean(name, SHIPPED)}"
        )
    return file


def _adam(config: TrainConfig, rate: float, network):
    import keras

    schedule: Any = rate
    if config.schedule == "cosine":
        schedule = keras.optimizers.schedules.CosineDecay(rate, config.steps)
    optimizer = keras.optimizers.Adam(schedule, epsilon=config.adam_epsilon)
    optimizer.build(network.trainable_variables)
    return optimizer


@contextlib.contextmanager
def _precision(keras, policy: str):
    """Let the layers made in the block compute by this Keras dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
