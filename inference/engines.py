"""Engines that run a network on arrays: LiteRT files and Keras models."""

import hashlib
import json
from pathlib import Path

import numpy as np

from backend import native_output_hidden
from inference.enhancing import enhance_image
from inference.errors import ModelFileError
from inference.quantization import dequantized, quantized
from inference.sessions import Network, cores
from inference.stages import Stages

__all__ = ["KerasEngine", "LiteRTEngine", "ModelFileError", "enhance_image"]

DEFAULT_HALO = 32  # for a model file without a manifest; the generators here reach 18 pixels


class LiteRTEngine:
    """A `.tflite` network from RGB images to RGB images of the same size.

    Attributes:
        path: of the file.
        tile: height and width of the input, or None for a network that takes any size.
        halo: pixels by which a result depends on its surroundings.
        norm: "batch", "instance", "none" or "unknown": whose statistics the network takes.
        stages: how to run a network with whole-image statistics in tiles, or None.
        bytes_per_pixel: memory of the whole network at work, about, or None if not known.
        workers: tiles that are computed at the same time.
    """

    def __init__(self, path: str | Path, threads: int | None = None):
        """Load a model, and the manifest `<name>.json` beside it where there is one.

        Args:
            path: a `.tflite` file.
            threads: for the computation; None takes every core this process may use.

        Raises:
            ModelFileError: no such file, damaged, another kind of network, or a bad manifest.
        """
        self.path = Path(path)
        self.workers = threads or cores()
        if not self.path.is_file():
            raise ModelFileError(f"{path}: no such model file")
        try:
            with native_output_hidden():
                self._interpreter = self._open(self.workers)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelFileError(f"{path}: not a usable .tflite model ({_line(error)})") from error
        self._check_shapes()
        self._read_manifest()

    def _open(self, threads: int):
        from ai_edge_litert.interpreter import Interpreter

        return Interpreter(str(self.path), num_threads=threads)

    def _check_shapes(self) -> None:
        inputs = self._interpreter.get_input_details()
        outputs = self._interpreter.get_output_details()
        shapes = [tuple(map(int, d["shape_signature"])) for d in (*inputs, *outputs)]
        if [len(shape) for shape in shapes] != [4, 4] or {s[3] for s in shapes} - {3, -1}:
            raise ModelFileError(f"{self.path}: not a network from RGB images to RGB images")
        height, width = shapes[0][1:3]
        if height != width:
            raise ModelFileError(f"{self.path}: takes {width}×{height} pixels, not square tiles")
        if shapes[1][1:3] != (height, width):
            raise ModelFileError(f"{self.path}: changes the size of an image")
        self.tile = None if height == -1 else height

    def _read_manifest(self) -> None:
        room = DEFAULT_HALO if self.tile is None else self.tile // 4
        self.halo, self.norm = min(DEFAULT_HALO, room), "unknown"
        self.stages = self.bytes_per_pixel = None
        path = self.path.with_suffix(".json")
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
            checksum = manifest.get("sha256")
            self.halo = int(manifest.get("halo", self.halo))
            self.norm = str(manifest.get("norm", self.norm))
            if "stages" in manifest:
                self.stages = Stages.from_json(manifest["stages"])
            if "bytes_per_pixel" in manifest:
                self.bytes_per_pixel = int(manifest["bytes_per_pixel"])
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
            raise ModelFileError(f"{path}: not a usable manifest ({_line(error)})") from error
        if checksum not in (None, hashlib.sha256(self.path.read_bytes()).hexdigest()):
            raise ModelFileError(f"{path}: is the manifest of another {self.path.name}")
        if self.halo < 0 or (self.tile is not None and self.tile <= 2 * self.halo):
            raise ModelFileError(f"{path}: halo {self.halo} does not fit a tile of {self.tile}")

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        """Run the network at once, on all threads.

        Args:
            batch: float32 RGB `(1, H, W, 3)` in [0, 1]; for a fixed tile too, other sizes work as
                far as the runtime can change the input's.

        Returns:
            float32 RGB `(1, H, W, 3)`, about [0, 1], not clipped.

        Raises:
            ModelFileError: the network does not run at this size.
        """
        return self._run(self._interpreter, batch)

    def networks(self, signature: str | None = None) -> list[Network]:
        """`workers` equal networks for one thread each, which free their memory with themselves.

        One thread for each of several tiles loses no time at the barriers between layers.

        Args:
            signature: one of `stages`; None is the whole network, from `image` to `enhanced`.

        Returns:
            Functions of named float32 tensors `(1, H, W, C)`, which ignore what they do not know;
            they raise ModelFileError as `__call__` does.
        """
        return [self._network(signature) for _ in range(self.workers)]

    def _network(self, signature: str | None) -> Network:
        with native_output_hidden():
            interpreter = self._open(1)
        if signature is None:
            return lambda image: {"enhanced": self._run(interpreter, image)}
        runner = interpreter.get_signature_runner(signature)
        names = runner.get_input_details().keys()

        def run(**inputs):
            try:
                return runner(**{name: inputs[name] for name in names})
            except (KeyError, ValueError, RuntimeError) as error:
                raise ModelFileError(f"{self.path}: {signature} fails ({_line(error)})") from error

        return run

    def _run(self, interpreter, batch: np.ndarray) -> np.ndarray:
        source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        try:
            if source["shape"].tolist() != list(batch.shape):
                interpreter.resize_tensor_input(source["index"], batch.shape)
            interpreter.allocate_tensors()
            interpreter.set_tensor(source["index"], quantized(batch, source))
            interpreter.invoke()
            return dequantized(interpreter.get_tensor(target["index"]), target)
        except (ValueError, RuntimeError) as error:
            size = f"{batch.shape[2]}×{batch.shape[1]}"
            message = f"{self.path}: fails at {size} pixels ({_line(error)})"
            raise ModelFileError(message) from error


class KerasEngine:
    """A loaded Keras network that takes images of any size; attributes as `LiteRTEngine`.

    Args:
        model: maps `(N, H, W, 3)` to the same shape.
        norm: "batch", "instance" or "none".
        halo: the network's receptive radius, pixels.
        staged: the `models.stages.StagedNetwork` of a network with instance norm.
    """

    tile = None
    workers = 1  # the backend has threads of its own
    bytes_per_pixel = 3000  # measured with 64 channels in TensorFlow

    def __init__(self, model, norm: str, halo: int, staged=None):
        self._model, self._staged = model, staged
        self.norm = norm
        self.halo = halo
        self.stages = staged and Stages.from_json(staged.as_json())

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        """Run the network; arguments and result as `LiteRTEngine.__call__`."""
        return np.asarray(self._model.predict_on_batch(batch), dtype=np.float32)

    def networks(self, signature: str | None = None) -> list[Network]:
        """As `LiteRTEngine.networks`, one."""
        if signature is None:
            return [lambda image: {"enhanced": self(image)}]
        network = self._staged.networks[signature]
        names = network.input.keys()

        def run(**inputs):
            outputs = network.predict_on_batch({name: inputs[name] for name in names})
            return {name: np.asarray(values) for name, values in outputs.items()}

        return [run]


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
