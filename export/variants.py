"""A network as model files of any precision and size."""

import functools

import keras
import numpy as np

from export.calibration import calibration_samples
from export.convert import FLOATS, convert, convert_staged
from export.quantize import quantize
from export.quantize.observation import Observed, observe
from models.inspect_network import normalization_of
from models.split_stages import StagedNetwork
from models.thumbnail_input import thumbnail_size

PRECISIONS = (*FLOATS, "dynamic", "int8")
SAMPLE_SIDE = 256  # pixels; what is observed at one size holds for the network at every size


class Variants:
    """The files of one network; what several of them need is computed once."""

    def __init__(self, model: keras.Model, patches: np.ndarray):
        """Prepare.

        Args:
            model: as for `export.convert.convert`.
            patches: real ones to observe the network on, `(N, P, P, 3)` float32 in [0, 1].
        """
        self._model, self._patches = model, patches
        self._whole = normalization_of(model) == "instance"

    def refusal(self, precision: str) -> str | None:
        """Why the network is not exported in one of `PRECISIONS`, or None if it is.

        Instance norm divides by a spread that 8 bits measure badly: the authors' network is left
        with 22.6 dB to its own result in 32-bit floats, about what it has to the DSLR's photo.
        """
        if precision == "int8" and self._whole:
            return "a network with instance norm loses too much in 8-bit arithmetic: take dynamic"
        return None

    def observes(self, precision: str) -> bool:
        """Whether a file of a precision depends on the patches."""
        return precision == "int8" or (precision == "dynamic" and not self._whole)

    def file(self, precision: str, tile: int | None) -> tuple[bytes, StagedNetwork | None]:
        """One file.

        Args:
            precision: one of `PRECISIONS`.
            tile: side of its input, pixels, or None for images of any size.

        Returns:
            The `.tflite` file, and the stages of a network with instance norm.

        Raises:
            ValueError: another precision, or one that is refused.
        """
        if precision not in PRECISIONS or self.refusal(precision):
            raise ValueError(f"precision {precision!r}: {self.refusal(precision) or 'unknown'}")
        if precision in FLOATS:
            return self._floats(precision, tile)
        content, staged = self._floats("fp32", tile)
        if precision == "dynamic":
            return quantize.dynamic(
                content, self._observed if self.observes(precision) else None
            ), staged
        return quantize.int8(content, self._observed), staged

    @functools.cache  # noqa: B019  lives as long as the one export
    def _floats(self, precision: str, tile: int | None) -> tuple[bytes, StagedNetwork | None]:
        if self._whole:
            return convert_staged(self._model, precision)
        return convert(self._model, precision, tile), None

    @functools.cached_property
    def _observed(self) -> Observed:
        samples = calibration_samples(self._patches, SAMPLE_SIDE, thumbnail_size(self._model))
        return observe(self._floats("fp32", SAMPLE_SIDE)[0], samples)
