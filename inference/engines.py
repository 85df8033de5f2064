"""Engines that run a network on arrays: LiteRT files and Keras models."""

import hashlib
import json
from pathlib import Path

import numpy as np

from common.backend import native_output_hidden
from common.cores import cores
from inference.enhance_image import enhance_image
from inference.model_file_error import ModelFileError
from inference.photo_thumbnail import thumbnail_of
from inference.quantized_tensors import dequantized, quantized
from inference.sessions import Network
from inference.stage_manifest import Stages
from inference.tiling import continued

__all__ = ["KerasEngine", "LiteRTEngine", "ModelFileError", "enhance_image"]

DEFAULT_HALO = 32  # for a model file without a manifest; the generators here reach 18 pixels
FIRST_SIZE = 64  # pixels
THUMBNAIL = "thumbnail"


class LiteRTEngine:
    """A `.tflite` network from RGB images to RGB images of the same size.

    Attributes:
        path: of the file.
        tile: height and width of the input, or None for a network that takes any size.
        halo: pixels by which a result depends on its surroundings.
        norm: "batch", "instance", "thumbnail", "none" or "unknown": what the network takes of the
            whole photo.
        thumbnail: side of the photo's thumbnail that it takes, or None.
        multiple: of what the sides and places of tiles must be multiples.
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
                self._give_size()
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelFileError(f"{path}: not a usable .tflite model ({_line(error)})") from error
        self._check_shapes()
        self._read_manifest()

    def _open(self, threads: int):
        from ai_edge_litert.interpreter import Interpreter

        return Interpreter(str(self.path), num_threads=threads)

    def _give_size(self) -> None:
        """Any image is of one pixel until it is given a size, which not every network can take."""
        for details in self._interpreter.get_input_details():
            if -1 in details["shape_signature"][1:3]:
                shape = [1, FIRST_SIZE, FIRST_SIZE, int(details["shape"][3])]
                self._interpreter.resize_tensor_input(details["index"], shape)

    def _check_shapes(self) -> None:
        inputs = self._interpreter.get_input_details()
        outputs = self._interpreter.get_output_details()
        # The names that conversion gives contain those of the signature.
        thumbnails = [details for details in inputs if THUMBNAIL in details["name"]][:1]
        inputs = [details for details in inputs if THUMBNAIL not in details["name"]]
        self.thumbnail = int(thumbnails[0]["shape"][1]) if thumbnails else None
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
        self.halo = min(DEFAULT_HALO, room)
        self.norm = THUMBNAIL if self.thumbnail else "unknown"
        self.multiple = 2 if self.thumbnail else 1
        self.stages = self.bytes_per_pixel = None
        path = self.path.with_suffix(".json")
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
            checksum = manifest.get("sha256")
            self.halo = int(manifest.get("halo", self.halo))
            self.multiple = int(manifest.get("multiple", self.multiple))
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
        if self.multiple < 1 or self.halo % self.multiple or (self.tile or 0) % self.multiple:
            raise ModelFileError(f"{path}: halo and tile are no multiples of {self.multiple}")

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        """Run the network at once, on all threads.

        Args:
            batch: a whole image, float32 RGB `(1, H, W, 3)` in [0, 1]; for a fixed tile too, other
                sizes work as far as the runtime can change the input's.

        Returns:
            float32 RGB `(1, H, W, 3)`, about [0, 1], not clipped.

        Raises:
            ModelFileError: the network does not run at this size.
        """
        return _on_multiples(self, lambda **inputs: self._run(self._interpreter, inputs), batch)

    def networks(self, signature: str | None = None) -> list[Network]:
        """`workers` equal networks for one thread each, which free their memory with themselves.

        One thread for each of several tiles loses no time at the barriers between layers.

        Args:
            signature: one of `stages`; None is the whole network, from `image`, and `thumbnail` if
                it takes one, to `enhanced`.

        Returns:
            Functions of named float32 tensors `(1, H, W, C)`, which ignore what they do not know;
            they raise ModelFileError as `__call__` does.
        """
        return [self._network(signature) for _ in range(self.workers)]

    def _network(self, signature: str | None) -> Network:
        with native_output_hidden():
            interpreter = self._open(1)
        if signature is None:
            return lambda **inputs: {"enhanced": self._run(interpreter, inputs)}
        runner = interpreter.get_signature_runner(signature)
        names = runner.get_input_details().keys()

        def run(**inputs):
            try:
                return runner(**{name: inputs[name] for name in names})
            except (KeyError, ValueError, RuntimeError) as error:
                raise ModelFileError(f"{self.path}: {signature} fails ({_line(error)})") from error

        return run

    def _run(self, interpreter, inputs: dict[str, np.ndarray]) -> np.ndarray:
        image, sources = inputs["image"], interpreter.get_input_details()
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


class KerasEngine:
    """A loaded Keras network that takes images of any size; attributes as `LiteRTEngine`.

    Args:
        model: maps `(N, H, W, 3)` to the same shape; if it takes a thumbnail, in the form of
            `models.thumbnail_input.with_thumbnail_input`.
        norm: "batch", "instance", "thumbnail" or "none".
        halo: the network's receptive radius, pixels.
        staged: the `models.split_stages.StagedNetwork` of a network with instance norm.
        multiple: of what the sides of images must be multiples.
    """

    tile = None
    workers = 1  # the backend has threads of its own
    bytes_per_pixel = 3000  # measured with 64 channels in TensorFlow

    def __init__(self, model, norm: str, halo: int, staged=None, multiple: int = 1):
        self._model, self._staged = model, staged
        self.norm = norm
        self.halo = halo
        self.multiple = multiple
        self.thumbnail = model.input[THUMBNAIL].shape[1] if norm == THUMBNAIL else None
        self.stages = staged and Stages.from_json(staged.as_json())

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        """Run the network; arguments and result as `LiteRTEngine.__call__`."""
        return _on_multiples(self, self._run, batch)

    def _run(self, **inputs: np.ndarray) -> np.ndarray:
        taken = inputs if self.thumbnail else inputs["image"]
        result = self._model.predict_on_batch(taken)
        result = result["enhanced"] if self.thumbnail else result
        return np.asarray(result, dtype=np.float32)

    def networks(self, signature: str | None = None) -> list[Network]:
        """As `LiteRTEngine.networks`, one."""
        if signature is None:
            return [lambda **inputs: {"enhanced": self._run(**inputs)}]
        network = self._staged.networks[signature]
        names = network.input.keys()

        def run(**inputs):
            outputs = network.predict_on_batch({name: inputs[name] for name in names})
            return {name: np.asarray(values) for name, values in outputs.items()}

        return [run]


def _on_multiples(engine, run, batch: np.ndarray) -> np.ndarray:
    """Run a network on a whole image, continued to the sides that the network takes."""
    height, width = batch.shape[1:3]
    missing = -height % engine.multiple, -width % engine.multiple
    inputs = {"image": batch if missing == (0, 0) else continued(batch[0], *missing)[None]}
    if engine.thumbnail:
        inputs[THUMBNAIL] = thumbnail_of(batch[0], engine.thumbnail)[None]
    return run(**inputs)[:, :height, :width]


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
