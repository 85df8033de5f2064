"""Training pairs from unpaired photos: patches, and the output of teacher networks for them."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from common.long_work import counted
from data import unpaired
from data.pack_files import open_pack
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
    """Return patches of photos as inputs, and the mean output of the teachers as targets.

    The teachers are slow, so the pairs are kept in the cache folder, as a pack. A call with the
    same teachers, photos, count and seed reads the pairs from there, if the pack is not damaged.

    Args:
        teachers: `.keras` generators, or the authors' TensorFlow 1 checkpoints by their prefix.
        photos: As for `data.unpaired.sample_patches`.
        count: The number of pairs.
        cache_dir: As for `data.packed.open_pairs`.
        seed: The seed of the patches.

    Raises:
        DatasetError: A photo is too small.
        OSError: The pairs cannot be written.
        models.WeightsError: A teacher cannot be read.
    """
    facts = [unpaired.VERSION, count, seed, unpaired.digest(photos), *map(_digest, teachers)]
    name = hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
    pack = Path(cache_dir) / f"distilled-{name}"

    def make() -> Iterator[np.ndarray]:
        patches = unpaired.sample_patches(photos, count, seed)
        yield patches
        yield _outputs([_load(teacher) for teacher in teachers], patches)

    arrays = open_pack(pack, name, count, make)
    if arrays is None:
        raise TrainingError(f"{pack}: changed while it was being made; run the command again")
    return PatchPairs(*arrays)


def _outputs(teachers, patches: np.ndarray) -> np.ndarray:
    outputs = np.empty_like(patches)
    chunks = range(0, len(patches), CHUNK)
    for start in counted(chunks, "teachers' output", "chunk"):
        images = patches[start : start + CHUNK].astype(np.float32) / 255
        mean = sum(np.asarray(teacher.predict_on_batch(images)) for teacher in teachers)
        mean = np.clip(mean / len(teachers), 0, 1)
        outputs[start : start + CHUNK] = np.rint(255 * mean)
    return outputs


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
