"""The methods that can be scored: the input, one-click enhancement, networks, external pictures.

A method has a name, for tables, and a fingerprint of everything that decides its pictures. Two runs
of `evaluate.py` share results only if the fingerprints are equal.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from common.did_you_mean import did_you_mean
from common.run_folder import BEST, LAST
from data.packed import read_patch
from data.pair_files import by_stem
from evaluation.litert_cost import litert_cost
from inference.one_click import TUNED, enhance_one_click
from models.shipped import SHIPPED, shipped_file
from photos import photos_in

INPUT, ONE_CLICK = "input", "one_click"
OLD_ONE_CLICK = "auto"  # the older name of the classical method
UNTRAINED = (INPUT, ONE_CLICK, OLD_ONE_CLICK, *SHIPPED)  # the methods that anyone has
TIMING_SIDE = 512  # pixels; in a square of this side the overhead of a call hardly counts


class EvaluationError(ValueError):
    """A method that cannot be scored."""


@dataclasses.dataclass(frozen=True, eq=False)
class LoadedMethod:
    """A method that is ready to run.

    Attributes:
        enhance: from float32 RGB `(N, H, W, 3)` in [0, 1] to the same shape, not clipped.
        parameters: number of weights; None if the number has no meaning.
        multiply_adds: multiply-adds for each pixel; None if the number is not known.
        timing_side: height and width of the square on which the speed is measured, pixels. None if
            the method computes nothing.
        needs_all_images: whether `enhance` must be called once, with all images.
    """

    enhance: Callable[[np.ndarray], np.ndarray]
    parameters: int | None = None
    multiply_adds: int | None = None
    timing_side: int | None = TIMING_SIDE
    needs_all_images: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class Method:
    """A method that can be loaded.

    Attributes:
        name: name in tables.
        fingerprint: SHA-256 of everything that decides the method's pictures.
        load: makes the method ready to run.
    """

    name: str
    fingerprint: str
    load: Callable[[], LoadedMethod]


def find_methods(words: Iterable[str], phone: str, runs: Mapping[str, Path]) -> dict[str, Method]:
    """Find the methods that a user names.

    Args:
        words: "input", "one_click", names of runs and of networks that ship, .keras and .tflite
            files, prefixes of TensorFlow 1 checkpoints.
        phone: name of the phone, for messages.
        runs: the phone's best networks, by the name of the run.

    Returns:
        Methods by name, in the order of `words`.

    Raises:
        EvaluationError: a word names no method, a file is missing, or a name comes twice.
    """
    methods, used = {}, set()
    for word in words:
        method = _find(word, phone, runs)
        if method.name in methods and word not in used:  # x.keras and x.tflite have the stem x
            method = dataclasses.replace(method, name=Path(word).name)
        if method.name in methods:
            raise EvaluationError(f"method {word!r}: {method.name!r} is named twice")
        used.add(word)
        methods[method.name] = method
    return methods


def external_method(word: str, files: tuple[Path, ...]) -> Method:
    """Make a method of pictures that another program or a person made, one for each test patch.

    Args:
        word: NAME=DIR; the pictures in DIR have the names of the patches, with any suffix.
        files: the phone's patches.

    Raises:
        EvaluationError: the folder or a picture is missing.
        DatasetError: a picture cannot be read, or has another size than a patch.
    """
    name, _, folder = word.partition("=")
    if not name or not folder or not Path(folder).is_dir():
        raise EvaluationError(f"--external {word}: expected NAME=DIR with an existing folder")
    found = by_stem(photos_in(Path(folder)))
    missing = [path.name for path in files if path.stem not in found]
    if missing:
        raise EvaluationError(f"{folder}: {len(missing)} pictures missing, e.g. {missing[0]}")
    pictures = np.stack([read_patch(found[path.stem]) for path in files])

    def load():
        return LoadedMethod(
            lambda _: pictures.astype(np.float32) / 255, timing_side=None, needs_all_images=True
        )

    return Method(name, _fingerprint("external", pictures.tobytes()), load)


def _find(word: str, phone: str, runs: Mapping[str, Path]) -> Method:
    path = Path(word)
    if word == INPUT:
        return _input()
    if word in (ONE_CLICK, OLD_ONE_CLICK):
        return _one_click(word)
    if word in runs:
        return _keras_file(word, runs[word])
    if path.suffix in (".keras", ".tflite"):
        if not path.is_file():
            raise EvaluationError(f"method {word!r}: no such file")
        # The best network of every run is best.keras, so the folder gives the name.
        names = {BEST: path.parent.name, LAST: f"{path.parent.name}_last"}
        make = _keras_file if path.suffix == ".keras" else _tflite_file
        return make(names.get(path.name, path.stem), path)
    if Path(f"{word}.index").exists():
        return _checkpoint(path)
    if shipped := shipped_file(word, (".keras",)):
        return _keras_file(word, shipped)
    known = [INPUT, ONE_CLICK, *SHIPPED, *runs]
    raise EvaluationError(
        f"method {word!r}: not {', '.join(known)}, nor a .keras, .tflite or TF1 checkpoint file"
        f"{did_you_mean(word, known) or f'; `python train.py --phone {phone}` makes a run'}"
    )


def _input() -> Method:
    def load():
        return LoadedMethod(lambda images: images, timing_side=None)

    return Method(INPUT, _fingerprint(INPUT), load)


def _one_click(name: str) -> Method:
    def enhance(images):
        with ThreadPoolExecutor() as pool:
            eight_bit = np.rint(np.clip(images, 0, 1) * 255).astype(np.uint8)
            return np.stack(list(pool.map(enhance_one_click, eight_bit))).astype(np.float32) / 255

    return Method(name, _fingerprint(ONE_CLICK, str(TUNED)), lambda: LoadedMethod(enhance, 0))


def _keras_file(name: str, path: Path) -> Method:
    def load():
        from models.network_files import load_generator

        return _keras_network(load_generator(path))

    return Method(name, _fingerprint("keras", path.read_bytes()), load)


def _checkpoint(prefix: Path) -> Method:
    def load():
        from models.checkpoints import import_checkpoint

        return _keras_network(import_checkpoint(prefix))

    parts = sorted(prefix.parent.glob(f"{prefix.name}.*"))
    return Method(prefix.name, _fingerprint("tf1", *(part.read_bytes() for part in parts)), load)


def _keras_network(model) -> LoadedMethod:
    from models.inspect_network import multiply_adds

    def enhance(images):
        return model.predict(images, batch_size=16, verbose=0)

    return LoadedMethod(enhance, int(model.count_params()), int(multiply_adds(model)))


def _tflite_file(name: str, path: Path) -> Method:
    def load():
        from inference.litert_engine import LiteRTEngine

        # The engine takes a whole patch, whatever its tile, and does not clip: pooled PSNR is
        # defined on values that are not clipped.
        engine = LiteRTEngine(path)

        def enhance(images):
            return np.concatenate([engine(image[None]) for image in images])

        return LoadedMethod(enhance, *litert_cost(path), timing_side=engine.tile or TIMING_SIDE)

    return Method(name, _fingerprint("tflite", path.read_bytes()), load)


def _fingerprint(*parts: str | bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()
