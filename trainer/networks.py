"""The networks that a configuration asks for."""

import contextlib

from backend import import_keras
from trainer.config import TrainConfig
from trainer.distribution import Workers


def build(config: TrainConfig, workers: Workers | None = None):
    """The networks of a run with their step, as a `models.gan.GanTraining`.

    Args:
        config: what to build.
        workers: who shares the step; None for this process alone.

    Raises:
        TrainingError: the workers do not find together.
        models.WeightsError: VGG weights are missing or damaged.
    """
    keras = import_keras()
    workers = workers or Workers()
    workers.start()  # multi-worker strategies must precede all other work of TensorFlow
    from losses.objective import preset
    from models.discriminator import build_iccv_discriminator, build_thesis_discriminator
    from models.gan import gan_training
    from models.vgg import build_vgg19

    keras.utils.set_random_seed(config.seed)
    objective = preset(config.preset, config.content_layer, config.batch_size)
    discriminator = features = None
    precision = "mixed_bfloat16" if config.mixed_precision else "float32"
    with workers.scope(), _precision(keras, precision):
        generator = _generator(config, objective.norm)
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


def _generator(config: TrainConfig, norm: str):
    from models.generator import build_generator
    from models.johnson import build_johnson
    from models.mobile import build_mobile
    from models.srcnn import build_srcnn

    width = {} if config.channels is None else {"channels": config.channels}
    if config.model == "srcnn":
        return build_srcnn()
    if config.model == "johnson":
        return build_johnson(blocks=config.blocks, **width)
    if config.model == "mobile":
        return build_mobile(blocks=config.blocks, **width)
    return build_generator(norm, blocks=config.blocks, **width)


@contextlib.contextmanager
def _precision(keras, policy: str):
    """Layers made in the block compute by this Keras dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
