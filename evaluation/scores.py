"""Each method's pictures and metrics, computed once for a content.

The cache knows a result by its pairs, method and machine: what was scored once is not computed
again, whatever is evaluated beside it.
"""

import dataclasses
import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np
from tqdm import tqdm

import metrics
from common.atomic_files import replacing
from data.packed import PatchPairs
from evaluation.cost import machine, measure_cost
from evaluation.methods import EvaluationError, Method

VERSION = 2  # of what is computed: raise it when a metric or a cost changes
CHUNK = 16  # pairs between two steps of the progress bar


@dataclasses.dataclass(frozen=True, eq=False)
class Scored:
    """A method's results on all pairs.

    Attributes:
        pictures: uint8 `(N, H, W, 3)`.
        per_image: `(N,)` float64 by metric, see `metrics.per_image`.
        cost: see `measure_cost`.
    """

    pictures: np.ndarray
    per_image: dict[str, np.ndarray]
    cost: dict[str, float | int | None] | None


def scored(method: Method, pairs: PatchPairs, cache: Path) -> Scored:
    """Score a method, or take what an earlier run found.

    Args:
        method: the method.
        pairs: the pairs.
        cache: folder of earlier results.

    Raises:
        EvaluationError: the method gives values that are not numbers.
    """
    path = cache / f"{_key(method, pairs)}.npz"
    found = _read(path)
    if found is not None:
        return found
    opened = method.open()
    phone, target = pairs.scaled()
    enhanced = _enhanced(opened, phone, method.name)
    if not np.isfinite(enhanced).all():
        raise EvaluationError(
            f"method {method.name}: its pictures hold values that are not numbers"
        )
    result = Scored(
        np.rint(np.clip(enhanced, 0, 1) * 255).astype(np.uint8),
        metrics.per_image(enhanced, target),
        measure_cost(opened),
    )
    _write(path, result)
    return result


def _enhanced(opened, phone, name):
    if not opened.by_chunks:
        return opened.enhance(phone)
    enhanced = np.empty_like(phone)
    with tqdm(desc=name, total=len(phone), unit="pair", leave=False, disable=None) as bar:
        for start in range(0, len(phone), CHUNK):
            chunk = slice(start, start + CHUNK)
            enhanced[chunk] = opened.enhance(phone[chunk])
            bar.update(len(phone[chunk]))
    return enhanced


def _key(method, pairs):
    digest = hashlib.sha256(json.dumps([VERSION, method.content, machine()]).encode())
    for side in (pairs.phone, pairs.target):
        digest.update(np.ascontiguousarray(side))
    return digest.hexdigest()[:32]


def _read(path):
    try:
        with np.load(path) as arrays:
            per_image = {
                name.removeprefix("metric_"): arrays[name]
                for name in arrays.files
                if name.startswith("metric_")
            }
            cost = json.loads(str(arrays["cost"]))
            return Scored(arrays["pictures"], per_image, cost)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _write(path, result):
    path.parent.mkdir(parents=True, exist_ok=True)
    named = {f"metric_{name}": values for name, values in result.per_image.items()}
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, pictures=result.pictures, cost=json.dumps(result.cost), **named)
