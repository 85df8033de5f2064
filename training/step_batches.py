"""The arrays that a step takes, by the number of the step."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from common.run_folder import START
from data.batches import Batches
from data.photo_folder import PhotoFolder
from training.adaptive_batches import AdaptiveBatches, make_rehearsal
from training.build_gan import takes_other_batch
from training.config import ADAPTIVE, TrainConfig, TrainingError
from training.look import fit_look
from training.pairs import two_batches

if TYPE_CHECKING:  # loads Keras, which takes seconds
    from models.gan import Gan


def step_batches(
    config: TrainConfig, gan: Gan, batches: Batches
) -> Callable[[int], tuple[np.ndarray, ...]]:
    """Return the function from the number of a step to the arrays that the step takes.

    For the network `adaptive`, the function first fits the look of the pairs. Then the function
    makes the photos to rehearse, and saves the network, whose results the training rehearses.

    Args:
        config: The resolved configuration.
        gan: The networks of the run.
        batches: This worker's share of every batch.

    Raises:
        TrainingError: A run to resume lacks the network whose results it rehearses.
        models.WeightsError: The network cannot be read.
    """
    if takes_other_batch(config):
        return functools.partial(two_batches, batches)
    if not any(getattr(config, name) for name in ADAPTIVE):
        return batches.__getitem__
    make = AdaptiveBatches(batches, config.mosaics, config.seed)
    if config.look_steps and not config.resume:
        fit_look(config, gan, make)
    if not config.rehearsed:
        return make
    start = _start(config, gan)
    print("making the photos to rehearse", flush=True)
    photos = PhotoFolder(config.unpaired_photos) if config.unpaired_photos else None
    rehearsal = make_rehearsal(lambda x: start.predict(x, verbose=0), batches, config.seed, photos)
    return AdaptiveBatches(batches, config.mosaics, config.seed, config.rehearsed, rehearsal)


def _start(config: TrainConfig, gan: Gan) -> Any:
    """Return the network before the first step: save it, or load it to resume."""
    from models import load_generator, save_model

    path = config.folder / START
    if not config.resume:
        save_model(gan.generator, path)
        return gan.generator
    if not path.is_file():
        raise TrainingError(f"{path}: missing, so the run cannot be resumed; start another run")
    return load_generator(path)
