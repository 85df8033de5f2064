"""Engines that run a network on one array, and the policy that fits a photo to them."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from backend import native_output_hidden
from inference.tiling import Progress, balanced_tile, run_blended, run_tiled

DEFAULT_HALO = 32  # for a model file without a manifest; the generators here reach 18 pixels


class ModelFileError(ValueError):
    """A model file that cannot be used; the message is one line naming the file."""


class LiteRTEngine:
    """A `.tflite` network from RGB images to RGB images of the same size.

    Attributes:
        tile: height and width of the input, or None for a network that takes any size.
        halo: pixels by which a result depends on its surroundings.
        norm: "batch", "instance", "none" or "unknown": whose statistics the network takes.
    """

    def __init__(self, path: str | Path, threads: int | None = None):
        """Load a model, and the manifest `<name>.json` beside it where there is one.

        Args:
            path: a `.tflite` file.
            threads: for the computation; None takes every core this process may use.

        Raises:
            ModelFileError: no such file, damaged, another kind of network, or a bad manifest.
        """
        from ai_edge_litert.interpreter import Interpreter

        self._path = Path(path)
        if not self._path.is_file():
            raise ModelFileError(f"{path}: no such model file")
        try:
            with native_output_hidden():
                self._interpreter = Interpreter(str(path), num_threads=threads or _cores())
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelFileError(f"{path}: not a usable .tflite model ({_line(error)})") from error
        self._connect()
        self._read_manifest()

    def _connect(self) -> None:
        inputs = self._interpreter.get_input_details()
        outputs = self._interpreter.get_output_details()
        shapes = [tuple(map(int, d["shape_signature"])) for d in (*inputs, *outputs)]
        if [len(shape) for shape in shapes] != [4, 4] or {s[3] for s in shapes} - {3, -1}:
            raise ModelFileError(f"{self._path}: not a network from RGB images to RGB images")
        height, width = shapes[0][1:3]
        if height != width:
            raise ModelFileError(f"{self._path}: takes {width}×{height} pixels, not square tiles")
        if shapes[1][1:3] != (height, width):
            raise ModelFileError(f"{self._path}: changes the size of an image")
        self.tile = None if height == -1 else height
        self._input, self._output = inputs[0], outputs[0]

    def _read_manifest(self) -> None:
        room = DEFAULT_HALO if self.tile is None else self.tile // 4
        self.halo, self.norm = min(DEFAULT_HALO, room), "unknown"
        path = self._path.with_suffix(".json")
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
            checksum = manifest.get("sha256")
            self.halo = int(manifest.get("halo", self.halo))
            self.norm = str(manifest.get("norm", self.norm))
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise ModelFileError(f"{path}: not a usable manifest ({_line(error)})") from error
        if checksum not in (None, hashlib.sha256(self._path.read_bytes()).hexdigest()):
            raise ModelFileError(f"{path}: is the manifest of another {self._path.name}")
        if self.halo < 0 or (self.tile is not None and self.tile <= 2 * self.halo):
            raise ModelFileError(f"{path}: halo {self.halo} does not fit a tile of {self.tile}")

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        """Run the network.

        Args:
            batch: float32 RGB `(1, H, W, 3)` in [0, 1]; `H` and `W` are `tile` where that is set.

        Returns:
            float32 RGB `(1, H, W, 3)`, about [0, 1], not clipped.

        Raises:
            ModelFileError: the network does not run at this size.
        """
        source, target = self._input["index"], self._output["index"]
        try:
            if self._interpreter.get_input_details()[0]["shape"].tolist() != list(batch.shape):
                self._interpreter.resize_tensor_input(source, batch.shape)
                self._interpreter.allocate_tensors()
            self._interpreter.set_tensor(source, _quantized(batch, self._input))
            self._interpreter.invoke()
            return _dequantized(self._interpreter.get_tensor(target), self._output)
        except (ValueError, RuntimeError) as error:
            size = f"{batch.shape[2]}×{batch.shape[1]}"
            message = f"{self._path}: fails at {size} pixels ({_line(error)})"
            raise ModelFileError(message) from error


class KerasEngine:
    """A loaded Keras network that takes images of any size; attributes as `LiteRTEngine`.

    Args:
        model: maps `(N, H, W, 3)` to the same shape.
        norm: "batch", "instance" or "none".
        halo: the network's receptive radius, pixels.
    """

    tile = None

    def __init__(self, model, norm: str, halo: int):
        self._model = model
        self.norm = norm
        self.halo = halo

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        """Run the network; arguments and result as `LiteRTEngine.__call__`."""
        return np.asarray(self._model.predict_on_batch(batch), dtype=np.float32)


def enhance_image(
    engine: Callable[[np.ndarray], np.ndarray],
    image: np.ndarray,
    tile: int = 512,
    progress: Progress | None = None,
    max_memory: int | None = None,
    in_place: bool = False,
) -> np.ndarray:
    """Enhance a photo of any size.

    A network without whole-image statistics runs in tiles: exactly the whole frame's result,
    except at two edges of a photo that is smaller than a model's fixed tile. One with instance
    norm, or of which nothing is known, gets the whole frame, in memory that grows with the photo;
    where its tile is fixed it gets fading tiles, an approximation (see `tiling.run_blended`).

    Args:
        engine: `LiteRTEngine`, `KerasEngine` or a callable with their attributes.
        image: RGB `(H, W, 3)`: uint8, uint16, or float in [0, 1].
        tile: largest side of a tile, pixels, for engines that take any size.
        progress: called with (tiles done, tiles in all).
        max_memory: bytes that may be taken beyond `image` itself.
        in_place: write the result over `image`.

    Returns:
        Same shape: the dtype of an integer image, otherwise float32 clipped to [0, 1].

    Raises:
        ModelFileError: the network does not run at this size.
    """
    photo = image.astype(np.float32)
    top = np.iinfo(image.dtype).max if np.issubdtype(image.dtype, np.integer) else None
    if top:
        photo /= top
    local = engine.norm in ("batch", "none")
    if not local and engine.tile is not None:
        result = run_blended(engine, photo, engine.tile, engine.halo, progress)
    else:
        result = run_tiled(engine, photo, _tile_size(engine, photo, tile), engine.halo, 1, progress)
    result = np.clip(result, 0, 1)
    if top:
        result = np.rint(result * top).astype(image.dtype)
    if in_place:
        image[:] = result
        return image
    return result


def _tile_size(engine, photo: np.ndarray, tile: int) -> int | tuple[int, int]:
    if engine.tile is not None:
        return engine.tile
    if engine.norm not in ("batch", "none"):
        return photo.shape[:2]
    tile = max(tile, 4 * engine.halo)  # below that most of the work would go into halos
    return tuple(balanced_tile(length, tile, engine.halo) for length in photo.shape[:2])


def _quantized(values: np.ndarray, details: dict) -> np.ndarray:
    if np.issubdtype(details["dtype"], np.floating):
        return values.astype(details["dtype"])
    scale, zero_point = _quantization(details)
    limits = np.iinfo(details["dtype"])
    steps = np.rint(values / scale) + zero_point
    return np.clip(steps, limits.min, limits.max).astype(details["dtype"])


def _dequantized(values: np.ndarray, details: dict) -> np.ndarray:
    if np.issubdtype(details["dtype"], np.floating):
        return values.astype(np.float32)
    scale, zero_point = _quantization(details)
    return (values.astype(np.float32) - zero_point) * np.float32(scale)


def _quantization(details: dict) -> tuple[float, int]:
    scale, zero_point = details["quantization"]
    return (scale, zero_point) if scale else (1 / 255, 0)  # integers that mean plain 8-bit levels


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
