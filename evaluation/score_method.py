"""The pictures and the metrics of a method, kept in a cache.

The key of a result is made of the pairs, the method's fingerprint, the metrics and the machine. A
method that was scored before is not computed again.
"""

import dataclasses
import hashlib
import io
import json
from pathlib import Path

import numpy as np

import metrics
from common.atomic_files import write_whole
from common.long_work import Bar, waiting
from data.packed import PatchPairs
from evaluation.methods import EvaluationError, LoadedMethod, Method
from evaluation.network_cost import machine, measure_cost
from evaluation.perceptual_distance import PerceptualDistance

VERSION = 2  # of the computation: raise the number when a metric or a cost changes
CHUNK = 16  # pairs between two steps of the progress bar


@dataclasses.dataclass(frozen=True, eq=False)
class Scored:
    """The results of a method on all pairs.

    Attributes:
        pictures: uint8 `(N, H, W, 3)`.
        per_image: `(N,)` float64 by metric, see `metrics.per_image`.
        cost: see `measure_cost`.
    """

    pictures: np.ndarray
    per_image: dict[str, np.ndarray]
    cost: dict[str, float | int | None] | None


def score_method(
    method: Method,
    pairs: PatchPairs,
    cache: Path,
    perceptual: PerceptualDistance | None = None,
) -> Scored:
    """Score a method, or read the result of an earlier run.

    Args:
        method: the method.
        pairs: the pairs.
        cache: folder of earlier results.
        perceptual: the perceptual distance, which is left out if this is None.

    Raises:
        EvaluationError: the method's pictures contain NaN or infinite values.
    """
    path = cache / f"{_key(method, pairs, perceptual)}.npz"
    found = _read(path)
    if found is not None:
        return found
    phone, target = pairs.scaled()
    loaded, enhanced = run_method(method, phone)
    with waiting(f"measuring {method.name}"):
        values = metrics.per_image(enhanced, target)
        if perceptual:
            values["perceptual"] = perceptual(enhanced, target)
        result = Scored(as_pictures(enhanced), values, measure_cost(loaded))
    _write(path, result)
    return result


def run_method(method: Method, phone: np.ndarray) -> tuple[LoadedMethod, np.ndarray]:
    """Load a method and enhance the phone's patches.

    Args:
        method: the method.
        phone: `(N, H, W, 3)` float32 RGB in [0, 1].

    Returns:
        The loaded method, and its results, float32 as `phone`, not clipped.

    Raises:
        EvaluationError: the results contain NaN or infinite values.
    """
    with waiting(f"loading {method.name}"):
        loaded = method.load()
    enhanced = _enhanced(loaded, phone, method.name)
    if not np.isfinite(enhanced).all():
        raise EvaluationError(f"method {method.name}: its pictures hold NaN or infinite values")
    return loaded, enhanced


def as_pictures(enhanced: np.ndarray) -> np.ndarray:
    """Return results in [0, 1] as clipped and rounded uint8 pictures."""
    return np.rint(np.clip(enhanced, 0, 1) * 255).astype(np.uint8)


def _enhanced(loaded: LoadedMethod, phone: np.ndarray, name: str) -> np.ndarray:
    if loaded.needs_all_images:
        return loaded.enhance(phone)
    enhanced = np.empty_like(phone)
    with Bar(name, len(phone), "pair", leave=False) as bar:
        for start in range(0, len(phone), CHUNK):
            chunk = slice(start, start + CHUNK)
            enhanced[chunk] = loaded.enhance(phone[chunk])
            bar.update(len(phone[chunk]))
    return enhanced


def _key(method: Method, pairs: PatchPairs, perceptual: PerceptualDistance | None) -> str:
    facts = [VERSION, method.fingerprint, list(metrics.METRICS), machine()]
    if perceptual:
        facts.append(perceptual.fingerprint)
    digest = hashlib.sha256(json.dumps(facts).encode())
    for side in (pairs.phone, pairs.target):
        digest.update(np.ascontiguousarray(side).data)
    return digest.hexdigest()[:32]


def _read(path: Path) -> Scored | None:
    """Return the kept scores, or None if they are missing or damaged."""
    try:
        with np.load(path) as arrays:
            per_image = {
                name.removeprefix("metric_"): arrays[name]
                for name in arrays.files
                if name.startswith("metric_")
            }
            # An archive has no checksum of its names.
            if sorted(per_image) != json.loads(str(arrays["names"])):
                return None
            cost = json.loads(str(arrays["cost"]))
            return Scored(arrays["pictures"], per_image, cost)
    except Exception:  # missing, or damaged, which raises almost anything
        return None


def _write(path: Path, result: Scored) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {f"metric_{name}": values for name, values in result.per_image.items()}
    names = np.array(json.dumps(sorted(result.per_image)))
    cost = np.array(json.dumps(result.cost))
    arrays |= {"pictures": result.pictures, "names": names, "cost": cost}
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    write_whole(path, content.getvalue())
