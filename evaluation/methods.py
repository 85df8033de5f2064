"""What can be scored: the input, classical enhancement, networks in files, pictures from elsewhere.

A method is known by its name in tables and by its content: two runs of `evaluate.py` share results
only of the same content.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from common.run_folder import BEST, LAST
from data.packed import read_patch
from evaluation.litert_cost import litert_cost
from inference.one_click import TUNED, enhance_one_click

INPUT, AUTO = "input", "auto"
TIMED = 512  # pixels; the overhead of a call is small against such a square


class EvaluationError(ValueError):
    """A method that cannot be scored."""


@dataclasses.dataclass(frozen=True, eq=False)
class Opened:
    """A method ready to run.

    Attributes:
        enhance: float32 RGB `(N, H, W, 3)` in [0, 1] to the same shape, not clipped.
        parameters: number of weights; None where that means nothing.
        multiply_adds: for each pixel; None where it is not known.
        timed: height and width of the square that its speed is measured on, pixels; 0 for methods
            that compute nothing.
        by_chunks: whether it may be given the images a few at a time.
    """

    enhance: Callable[[np.ndarray], np.ndarray]
    parameters: int | None = None
    multiply_adds: int | None = None
    timed: int = TIMED
    by_chunks: bool = True


@dataclasses.dataclass(frozen=True, eq=False)
class Method:
    """A method by its name.

    Attributes:
        name: in tables.
        content: SHA-256 of what decides its pictures.
        open: loads it.
    """

    name: str
    content: str
    open: Callable[[], Opened]


def find_methods(words: Iterable[str], phone: str, runs: Mapping[str, Path]) -> dict[str, Method]:
    """Methods by name.

    Args:
        words: "input", "auto", names of runs, .keras and .tflite files, prefixes of TF1
            checkpoints.
        phone: name of the phone, for messages.
        runs: the phone's best networks by the run's name.

    Raises:
        EvaluationError: a word means nothing, a file is missing, or a name comes twice.
    """
    methods, named = {}, set()
    for word in words:
        path = Path(word)
        if word == INPUT:
            method = Method(INPUT, _digest(INPUT), lambda: Opened(lambda images: images, timed=0))
        elif word == AUTO:
            method = Method(AUTO, _digest(AUTO, str(TUNED)), lambda: Opened(_auto, 0))
        elif word in runs:
            method = _keras(word, runs[word])
        elif path.suffix in (".keras", ".tflite"):
            if not path.is_file():
                raise EvaluationError(f"method {word!r}: no such file")
            # Every run's best is best.keras: the run is what tells them apart.
            names = {BEST: path.parent.name, LAST: f"{path.parent.name}_last"}
            kind = _keras if path.suffix == ".keras" else _tflite
            method = kind(names.get(path.name, path.stem), path)
        elif Path(f"{word}.index").exists():
            method = _checkpoint(path)
        else:
            known = ", ".join([INPUT, AUTO, *runs])
            raise EvaluationError(
                f"method {word!r}: not {known}, nor a .keras, .tflite or TF1 checkpoint file; "
                f"`python train.py --phone {phone}` makes a run"
            )
        if method.name in methods and word not in named:  # x.keras and x.tflite
            method = dataclasses.replace(method, name=path.name)
        if method.name in methods:
            raise EvaluationError(f"method {word!r}: {method.name!r} is named twice")
        named.add(word)
        methods[method.name] = method
    return methods


def external_method(word: str, files: tuple[Path, ...]) -> Method:
    """Pictures that another program or a person made, one for each test patch.

    Args:
        word: NAME=DIR; the pictures are named as the patches, of any suffix.
        files: the phone's patches.

    Raises:
        EvaluationError: no such folder, pictures are missing, or not of a patch's size.
        DatasetError: a picture cannot be read.
    """
    name, _, folder = word.partition("=")
    if not name or not folder or not Path(folder).is_dir():
        raise EvaluationError(f"--external {word}: expected NAME=DIR with an existing folder")
    found = {path.stem: path for path in sorted(Path(folder).iterdir())}
    missing = [path.name for path in files if path.stem not in found]
    if missing:
        raise EvaluationError(f"{folder}: {len(missing)} pictures missing, e.g. {missing[0]}")
    pictures = np.stack([read_patch(found[path.stem]) for path in files])

    def open_pictures():
        return Opened(lambda _: pictures.astype(np.float32) / 255, timed=0, by_chunks=False)

    return Method(name, _digest("external", pictures.tobytes()), open_pictures)


def _auto(images):
    with ThreadPoolExecutor() as pool:
        eight_bit = np.rint(np.clip(images, 0, 1) * 255).astype(np.uint8)
        return np.stack(list(pool.map(enhance_one_click, eight_bit))).astype(np.float32) / 255


def _keras(name, path):
    def open_file():
        from models import load_generator

        return _opened(load_generator(path))

    return Method(name, _digest("keras", path.read_bytes()), open_file)


def _checkpoint(prefix):
    def open_file():
        from models.checkpoints import import_checkpoint

        return _opened(import_checkpoint(prefix))

    parts = sorted(prefix.parent.glob(f"{prefix.name}.*"))
    return Method(prefix.name, _digest("tf1", *(path.read_bytes() for path in parts)), open_file)


def _opened(model):
    from models.inspect_network import multiply_adds

    def enhance(images):
        return model.predict(images, batch_size=16, verbose=0)

    return Opened(enhance, int(model.count_params()), int(multiply_adds(model)))


def _tflite(name, path):
    def open_file():
        from inference.litert_engine import LiteRTEngine

        # Whole patches, unclipped as the pooled PSNR wants them: the engine resizes a fixed input.
        engine = LiteRTEngine(path)
        return Opened(
            lambda images: np.concatenate([engine(image[None]) for image in images]),
            *litert_cost(path),
            timed=engine.tile or TIMED,
        )

    return Method(name, _digest("tflite", path.read_bytes()), open_file)


def _digest(*parts: str | bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()
