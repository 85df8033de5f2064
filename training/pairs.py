"""The pairs that a run trains and validates on, and their batches."""

import dataclasses
from pathlib import Path

from data.batches import Batches, Part, split_for_validation
from data.layout import full_size_photos, training_pairs
from data.packed import PatchPairs, open_pairs
from data.photo_folder import PhotoFolder
from training.config import TrainConfig, TrainingError


def training_batches(config: TrainConfig) -> tuple[Batches, PatchPairs]:
    """Batches of the training pairs, and the pairs to validate on.

    With `--dataset both` half of every batch is of the data set's own pairs and half simulated;
    with `--distill` a share of every batch is what the teachers made of unpaired photos. Validation
    takes the data set's own alone.

    Raises:
        DatasetError: the pairs are missing or damaged.
        SimulationError: they cannot be simulated, or there are no unpaired photos.
        TrainingError: there are fewer than two pairs, or no such teacher.
        models.WeightsError: a teacher cannot be read.
    """
    distilled = 0
    if config.distill:
        distilled = max(round(config.batch_size * config.distilled_share), 1)
    own = config.batch_size - distilled
    sizes = {config.dataset: own}
    if config.dataset == "both":
        sizes = {"dped": own // 2, "simulated": -(-own // 2)}
    parts, held_out = [], None
    for dataset, size in sizes.items():
        pairs = _open(config, dataset)
        training, validation = split_for_validation(pairs)
        if not len(validation):
            raise TrainingError(f"{config.data_dir}: at least two training pairs are needed")
        held_out = validation if held_out is None else held_out
        if size:
            # Another seed for each part, or both would be turned alike.
            parts.append(Part(training, size, config.seed + len(parts)))
    if distilled:
        parts.append(Part(_distilled(config), distilled, config.seed + len(parts)))
    return Batches(parts), held_out


def _distilled(config: TrainConfig) -> PatchPairs:
    from training.distillation import distilled_pairs

    teachers = [Path(word) for word in config.distill.split(",") if word]
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


def _open(config: TrainConfig, dataset: str) -> PatchPairs:
    root = Path(config.data_dir)
    if dataset == "simulated":
        from data.shipped_photos import shipped_photos
        from simulation.simulate_patches import simulate_dataset

        root = Path(config.simulated_dir or root / "simulated")
        photos = PhotoFolder(config.photos) if config.photos else shipped_photos()
        simulate_dataset(photos, _camera(config), root, train_patches=config.simulated_pairs)
    return open_pairs(training_pairs(root, config.phone), config.cache_dir)


def _camera(config: TrainConfig):
    """The virtual phone, under the name of the phone that it stands for."""
    from simulation.cameras import PHONES, phone_camera

    known = config.phone if config.phone in PHONES else "generic"
    return dataclasses.replace(phone_camera(config.virtual_phone or known), name=config.phone)
