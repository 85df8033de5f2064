"""The pairs that a run trains and validates on, and the batches of a step."""

import dataclasses
from pathlib import Path

import numpy as np

from data.batches import Batches, Part, split_for_validation
from data.packed import PatchPairs, open_pairs
from data.pair_files import full_size_photos, training_pairs
from data.photo_folder import PhotoFolder
from training.config import TrainConfig, TrainingError


def training_batches(config: TrainConfig) -> tuple[Batches, PatchPairs]:
    """Open the batches of the training pairs, and the pairs to validate on.

    With `--dataset both`, half of every batch comes from the data set and half is simulated. With
    `--distill`, a share of every batch is unpaired photos with the teachers' output. Validation
    takes the data set's own pairs alone.

    Args:
        config: A resolved configuration.

    Raises:
        DatasetError: The pairs are missing or damaged.
        SimulationError: The pairs cannot be simulated, or there are no unpaired photos.
        TrainingError: There are fewer than two pairs, or a teacher does not exist.
        models.WeightsError: A teacher cannot be read.
    """
    distilled = 0
    if config.distill:
        distilled = max(round(config.batch_size * config.distilled_share), 1)
    own = config.batch_size - distilled
    sizes = {config.dataset: own}
    if config.dataset == "both":
        sizes = {"dped": own // 2, "simulated": -(-own // 2)}
    opened = {dataset: _open(config, dataset) for dataset in sizes}
    parts = [(opened[dataset][0], size) for dataset, size in sizes.items()]
    if distilled:
        parts.append((_distilled(config), distilled))
    augment = config.augment == "symmetries"
    # Each part has its own seed. One seed for all would rotate their patches in the same way.
    batches = Batches(
        [
            Part(pairs, size, config.seed + number, augment)
            for number, (pairs, size) in enumerate((p, size) for p, size in parts if size)
        ]
    )
    held_out = opened[next(iter(sizes))][1]
    return batches, held_out


def two_batches(batches: Batches, number: int) -> tuple[np.ndarray, ...]:
    """Return the arrays of one step of `models/gan_released.py`.

    Args:
        batches: The batches of the run.
        number: The number of the step.

    Returns:
        The generator's phone and target patches, the discriminator's phone and target patches, and
        for each of the discriminator's pairs whether the discriminator sees the target.
    """
    return *batches[2 * number], *batches[2 * number + 1], batches.coins(number)


def _distilled(config: TrainConfig) -> PatchPairs:
    from training.distillation import distilled_pairs

    teachers = [Path(word) for word in (config.distill or "").split(",") if word]
    if not teachers:
        raise TrainingError("--distill: give at least one teacher")
    folder = config.unpaired_photos
    if folder is None:
        photos = full_size_photos(config.data_dir, config.phone)
        if not photos:
            raise TrainingError(
                f"{config.data_dir}: holds no full-size photos of {config.phone} to distill with; "
                "give --unpaired_photos DIR"
            )
        folder = photos[0].parent
    return distilled_pairs(
        teachers, PhotoFolder(folder), config.distilled_pairs, config.cache_dir, config.seed
    )


def _open(config: TrainConfig, dataset: str) -> tuple[PatchPairs, PatchPairs]:
    """Open the pairs of a data set, simulated first where asked, split for validation."""
    root = Path(config.data_dir)
    if dataset == "simulated":
        from data.shipped_photos import shipped_photos
        from simulation.simulate_patches import simulate_dataset

        root = Path(config.simulated_dir or root / "simulated")
        photos = PhotoFolder(config.photos) if config.photos else shipped_photos()
        simulate_dataset(photos, _camera(config), root, train_patches=config.simulated_pairs)
    pairs = open_pairs(training_pairs(root, config.phone), config.cache_dir)
    training, validation = split_for_validation(pairs)
    if not len(validation):
        raise TrainingError(f"{root / config.phone}: at least two training pairs are needed")
    return training, validation


def _camera(config: TrainConfig):
    """Return the virtual phone, under the name of the phone for which it stands."""
    from simulation.cameras import PHONES, phone_camera

    known = config.phone if config.phone in PHONES else "generic"
    return dataclasses.replace(phone_camera(config.virtual_phone or known), name=config.phone)
