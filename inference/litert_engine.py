"""The engine that runs a `.tflite` file by LiteRT."""

import hashlib
from pathlib import Path

import numpy as np

from common.backend import native_output_hidden
from common.cores import cores
from common.finite_weights import BROKEN, are_finite
from common.plain_file import read_json
from common.stages import StagePlan
from common.tensor_names import ENHANCED, IMAGE, THUMBNAIL
from inference.engine import GlobalInput, ModelFileError, Network
from inference.litert_weights import constants_of
from inference.quantized_tensors import dequantized, quantized
from inference.whole_frame import run_whole_frame

DEFAULT_HALO = 32  # for a model file without a manifest; the project's generators reach 18 pixels
FIRST_SIZE = 64  # pixels
MOST_BYTES = 10**9  # that a manifest may say a pixel takes


class LiteRTEngine:
    """A loaded `.tflite` network; see `inference.engine.Engine`.

    Attributes:
        path: The path of the file.
    """

    def __init__(self, path: str | Path, threads: int | None = None):
        """Load a model, and the manifest `NAME.json` beside it where there is one.

        Args:
            path: A `.tflite` file.
            threads: The number of threads. None takes every core that this process may use.

        Raises:
            ModelFileError: The file is missing or damaged, a weight is not finite, the network does
                not map RGB images to RGB images, or the manifest is bad.
        """
        from inference.litert_graph import read_model  # 0.02 s

        self.path = Path(path)
        self.workers = threads or cores()
        if not self.path.is_file():
            raise ModelFileError(f"{path}: no such model file")
        try:
            with native_output_hidden():
                self._interpreter = self._open(self.workers)
                self._set_first_size()
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelFileError(f"{path}: not a usable .tflite model ({_line(error)})") from error
        self._model = read_model(self.path)
        if not are_finite(constants_of(self._model)):
            raise ModelFileError(f"{path}: has weights {BROKEN}")
        self.thumbnail, self.tile = self._read_shapes()
        self.halo = min(DEFAULT_HALO, DEFAULT_HALO if self.tile is None else self.tile // 4)
        self.global_input = GlobalInput.THUMBNAIL if self.thumbnail else GlobalInput.UNKNOWN
        self.multiple = 2 if self.thumbnail else 1
        self.stages: StagePlan | None = None
        self.bytes_per_pixel: int | None = None
        self._read_manifest(self.path.with_suffix(".json"))

    @property
    def name(self) -> str:
        """The path of the file."""
        return str(self.path)

    def _open(self, threads: int, content: bytes | None = None):
        from ai_edge_litert.interpreter import Interpreter

        if content is not None:
            return Interpreter(model_content=content, num_threads=threads)
        return Interpreter(str(self.path), num_threads=threads)

    def _set_first_size(self) -> None:
        """Resize inputs of any size, which start with one pixel: not every network takes that."""
        for details in self._interpreter.get_input_details():
            if -1 in details["shape_signature"][1:3]:
                shape = [1, FIRST_SIZE, FIRST_SIZE, int(details["shape"][3])]
                self._interpreter.resize_tensor_input(details["index"], shape)

    def _read_shapes(self) -> tuple[int | None, int | None]:
        """Return the sides of the thumbnail and of the tile; None where there is none."""
        inputs = self._interpreter.get_input_details()
        outputs = self._interpreter.get_output_details()
        # The converter's names of tensors contain the names of the signature.
        thumbnails = [details for details in inputs if THUMBNAIL in details["name"]][:1]
        inputs = [details for details in inputs if THUMBNAIL not in details["name"]]
        shapes = [tuple(map(int, d["shape_signature"])) for d in (*inputs, *outputs)]
        if [len(shape) for shape in shapes] != [4, 4] or {s[3] for s in shapes} - {3, -1}:
            raise ModelFileError(f"{self.path}: not a network from RGB images to RGB images")
        height, width = shapes[0][1:3]
        if height != width:
            raise ModelFileError(f"{self.path}: takes {width}×{height} pixels, not square tiles")
        if shapes[1][1:3] != (height, width):
            raise ModelFileError(f"{self.path}: changes the size of an image")
        thumbnail = int(thumbnails[0]["shape"][1]) if thumbnails else None
        return thumbnail, None if height == -1 else height

    def _read_manifest(self, path: Path) -> None:
        try:
            manifest = read_json(path)
            checksum = manifest.get("sha256")
            self.halo = int(manifest.get("halo", self.halo))
            self.multiple = int(manifest.get("multiple", self.multiple))
            if "norm" in manifest:
                self.global_input = GlobalInput.of_norm(str(manifest["norm"]))
            if "stages" in manifest:
                self.stages = StagePlan.from_json(manifest["stages"])
            if "bytes_per_pixel" in manifest:
                self.bytes_per_pixel = int(manifest["bytes_per_pixel"])
                if not 0 < self.bytes_per_pixel <= MOST_BYTES:
                    raise ValueError(f"bytes_per_pixel: from 1 to {MOST_BYTES}")
        except FileNotFoundError:
            return
        except (OSError, ArithmeticError, ValueError, TypeError, AttributeError, KeyError) as error:
            raise ModelFileError(f"{path}: not a usable manifest ({_line(error)})") from error
        if checksum not in (None, hashlib.sha256(self.path.read_bytes()).hexdigest()):
            raise ModelFileError(f"{path}: the manifest of another {self.path.name}")
        if self.halo < 0 or (self.tile is not None and self.tile <= 2 * self.halo):
            raise ModelFileError(f"{path}: halo {self.halo} does not fit a tile of {self.tile}")
        if self.multiple < 1 or self.halo % self.multiple or (self.tile or 0) % self.multiple:
            raise ModelFileError(f"{path}: halo and tile are no multiples of {self.multiple}")

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        """Run the network on a whole image; see `inference.engine.Engine`."""

        def run(**inputs: np.ndarray) -> np.ndarray:
            return self._run(self._interpreter, inputs)

        return run_whole_frame(self, run, batch)

    def networks(
        self, signature: str | None = None, given: dict[str, np.ndarray] | None = None
    ) -> list[Network]:
        """Return `workers` networks; see `inference.engine.Engine`."""
        from inference.fold_given import fold_given

        given = given or {}
        content = None
        if given or signature is not None:
            try:
                with native_output_hidden():
                    content = fold_given(self._model, signature, given)
            except (ValueError, RuntimeError) as error:
                name = signature or "the network"
                raise ModelFileError(f"{self.path}: {name} fails ({_line(error)})") from error
        return [self._network(signature, given, content) for _ in range(self.workers)]

    def _network(
        self, signature: str | None, given: dict[str, np.ndarray], content: bytes | None
    ) -> Network:
        """Return one network, from a file's `content` or, for None, from the engine's own file."""
        with native_output_hidden():
            interpreter = self._open(1, content)
        if signature is None:
            return lambda **inputs: {ENHANCED: self._run(interpreter, given | inputs)}
        runner = interpreter.get_signature_runner(signature)
        names = runner.get_input_details().keys()

        def run(**inputs: np.ndarray) -> dict[str, np.ndarray]:
            inputs = given | inputs
            try:
                return runner(**{name: inputs[name] for name in names})
            except (KeyError, ValueError, RuntimeError) as error:
                raise ModelFileError(f"{self.path}: {signature} fails ({_line(error)})") from error

        return run

    def _run(self, interpreter, inputs: dict[str, np.ndarray]) -> np.ndarray:
        image, sources = inputs[IMAGE], interpreter.get_input_details()
        target = interpreter.get_output_details()[0]
        try:
            for source in sources:
                if THUMBNAIL not in source["name"] and source["shape"].tolist() != [*image.shape]:
                    interpreter.resize_tensor_input(source["index"], image.shape)
            interpreter.allocate_tensors()
            for source in sources:
                values = inputs[THUMBNAIL] if THUMBNAIL in source["name"] else image
                interpreter.set_tensor(source["index"], quantized(values, source))
            interpreter.invoke()
            return dequantized(interpreter.get_tensor(target["index"]), target)
        except (ValueError, RuntimeError) as error:
            size = f"{image.shape[2]}×{image.shape[1]}"
            message = f"{self.path}: fails at {size} pixels ({_line(error)})"
            raise ModelFileError(message) from error


def _line(error: Exception) -> str:
    """Return an error's message in one line."""
    return " ".join(str(error).split()) or type(error).__name__
