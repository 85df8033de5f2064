"""Pairs of unpaired photos' patches and what teacher networks make of them."""

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from tqdm import tqdm

from data import unpaired
from data.packed import PatchPairs
from training.config import TrainingError

CHUNK = 64  # patches


def distilled_pairs(
    teachers: list[Path],
    photos: Mapping[str, np.ndarray],
    count: int,
    cache_dir: str | Path,
    seed: int = 0,
) -> PatchPairs:
    """Patches of photos, and the mean of what the teachers answer to each.

    The answers, for a hundred thousand pixels of a teacher's time each, are kept in the cache
    folder: the same teachers, photos, count and seed take them from there.

    Args:
        teachers: `.keras` generators, or the authors' TensorFlow 1 checkpoints by their prefix.
        photos: as for `data.unpaired.sample_patches`.
        count: of pairs.
        cache_dir: as for `data.packed.open_pairs`.
        seed: of the patches.

    Raises:
        DatasetError: a photo is too small.
        models.WeightsError: a teacher cannot be read.
    """
    facts = [unpaired.VERSION, count, seed, unpaired.digest(photos), *map(_digest, teachers)]
    name = hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
    folder = Path(cache_dir) / f"distilled-{name}"
    if not folder.is_dir():
        patches = unpaired.sample_patches(photos, count, seed)
        _write(folder, patches, _answers([_load(teacher) for teacher in teachers], patches))
    return PatchPairs(*(np.load(folder / f"{side}.npy", mmap_mode="r") for side in _SIDES))


_SIDES = ("phone", "target")


def _answers(teachers, patches: np.ndarray) -> np.ndarray:
    answers = np.empty_like(patches)
    chunks = range(0, len(patches), CHUNK)
    for start in tqdm(chunks, "asking the teachers", disable=None):
        images = patches[start : start + CHUNK].astype(np.float32) / 255
        mean = sum(np.asarray(teacher.predict_on_batch(images)) for teacher in teachers)
        mean = np.clip(mean / len(teachers), 0, 1)
        answers[start : start + CHUNK] = np.rint(255 * mean)
    return answers


def _write(folder: Path, *sides: np.ndarray) -> None:
    """The folder appears whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, array in zip(_SIDES, sides, strict=True):
            np.save(temporary / f"{name}.npy", array)
        try:
            temporary.replace(folder)
        except OSError:  # another run that asked the same was faster
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _load(teacher: Path):
    if teacher.suffix == ".keras":
        from models import load_generator

        return load_generator(teacher)
    from models.checkpoints import import_checkpoint

    return import_checkpoint(teacher)


def _digest(teacher: Path) -> str:
    files = [teacher] if teacher.is_file() else sorted(teacher.parent.glob(f"{teacher.name}.*"))
    if not files:
        raise TrainingError(
            f"{teacher}: no such teacher; give a .keras file or a checkpoint's prefix"
        )
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
