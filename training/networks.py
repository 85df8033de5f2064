"""The networks that a configuration asks for."""

import contextlib

from common.backend import import_keras
from training.backends.workers import Workers
from training.config import TrainConfig, TrainingError


def build(config: TrainConfig, workers: Workers | None = None):
    """The networks of a run with their step, as a `models.gan.GanTraining`.

    Args:
        config: what to build.
        workers: who shares the step; None for this process alone.

    Raises:
        TrainingError: the workers do not find together, or --start_from is another network.
        models.WeightsError: VGG weights are missing or damaged.
    """
    keras = import_keras()
    workers = workers or Workers()
    workers.start()  # multi-worker strategies must precede all other work of TensorFlow
    from losses.presets import preset
    from models.discriminator import build_iccv_discriminator, build_thesis_discriminator
    from models.vgg import build_vgg19
    from training.backends.choose import gan_training

    keras.utils.set_random_seed(config.seed)
    objective = preset(config.preset, config.content_layer, config.batch_size)
    discriminator = features = None
    precision = "mixed_bfloat16" if config.mixed_precision else "float32"
    with workers.scope(), _precision(keras, precision):
        generator = _generator(config, objective.norm)
        if config.start_from is not None and not config.resume:
            _start_from(generator, config.start_from)
        if objective.discriminator is not None:
            builders = {"thesis": build_thesis_discriminator, "iccv": build_iccv_discriminator}
            discriminator = builders[objective.discriminator](width=config.discriminator_width)
        if "content" in objective.weights:
            features = build_vgg19(config.content_layer, config.vgg_weights)
    with _precision(keras, "float32"):
        published = _generator(config, objective.norm)
    own_rate = config.discriminator_learning_rate or objective.discriminator_learning_rate
    rates = [config.learning_rate, own_rate]
    if config.schedule == "cosine":
        rates = [keras.optimizers.schedules.CosineDecay(rate, config.steps) for rate in rates]
    return gan_training(
        generator,
        objective,
        discriminator,
        features,
        *rates,
        published=published,
        weight_average=config.weight_average,
        jit_compile=config.jit_compile,
        strategy=workers.strategy,
    )


def _generator(config: TrainConfig, normalization: str):
    from models.networks import build_network

    return build_network(
        config.model,
        normalization=normalization,
        channels=config.channels,
        blocks=config.blocks,
    )


def _start_from(generator, path: str) -> None:
    from models import load_generator

    weights = load_generator(path).get_weights()
    if [w.shape for w in weights] != [tuple(w.shape) for w in generator.weights]:
        raise TrainingError(f"{path}: is another network than --model and its size ask for")
    generator.set_weights(weights)


@contextlib.contextmanager
def _precision(keras, policy: str):
    """Layers made in the block compute by this Keras dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
