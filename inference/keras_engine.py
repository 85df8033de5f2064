"""The engine that runs a Keras model."""

from typing import Any, Protocol

import numpy as np

from common.stages import StagePlan
from common.tensor_names import ENHANCED, IMAGE, THUMBNAIL
from inference.engine import GlobalInput, Network
from inference.whole_frame import run_whole_frame


class StagedModel(Protocol):
    """A Keras model cut into stages, as `models.split_stages.split_stages` returns it."""

    @property
    def plan(self) -> StagePlan:
        """The description of the stages."""
        ...

    @property
    def networks(self) -> dict[str, Any]:
        """The Keras models of the stages, by signature."""
        ...


class KerasEngine:
    """A loaded Keras network that takes images of any size; see `inference.engine.Engine`.

    Args:
        model: Maps `(N, H, W, 3)` to the same shape. A network that takes a thumbnail has the form
            of `models.thumbnail_input.with_thumbnail_input`.
        norm: "batch", "instance", "thumbnail" or "none": the result of
            `models.inspect_network.manifest_norm`.
        halo: The network's receptive radius, pixels.
        staged: The stages of a network with instance norm.
        multiple: The sides of images must be multiples of this number of pixels.
        name: The model's name in error messages.
    """

    tile = None
    workers = 1  # The backend has its own threads.
    bytes_per_pixel = 3000  # measured with 64 channels in TensorFlow

    def __init__(
        self,
        model: Any,
        norm: str,
        halo: int,
        staged: StagedModel | None = None,
        multiple: int = 1,
        name: str = "the Keras model",
    ):
        self._model, self._staged = model, staged
        self.name = name
        self.global_input = GlobalInput.of_norm(norm)
        self.halo = halo
        self.multiple = multiple
        takes_thumbnail = self.global_input is GlobalInput.THUMBNAIL
        self.thumbnail: int | None = model.input[THUMBNAIL].shape[1] if takes_thumbnail else None
        self.stages = staged.plan if staged else None

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        """Run the network on a whole image; see `inference.engine.Engine`."""
        return run_whole_frame(self, self._run, batch)

    def _run(self, **inputs: np.ndarray) -> np.ndarray:
        result = self._model.predict_on_batch(inputs if self.thumbnail else inputs[IMAGE])
        return np.asarray(result[ENHANCED] if self.thumbnail else result, dtype=np.float32)

    def networks(
        self, signature: str | None = None, given: dict[str, np.ndarray] | None = None
    ) -> list[Network]:
        """Return one network; see `inference.engine.Engine`."""
        fixed = given or {}
        if signature is None:
            return [lambda **inputs: {ENHANCED: self._run(**fixed, **inputs)}]
        assert self._staged is not None, "only a network in stages has signatures"
        network = self._staged.networks[signature]
        names = network.input.keys()

        def run(**inputs: np.ndarray) -> dict[str, np.ndarray]:
            inputs = fixed | inputs
            outputs = network.predict_on_batch({name: inputs[name] for name in names})
            return {name: np.asarray(values) for name, values in outputs.items()}

        return [run]
