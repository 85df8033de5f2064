"""One network as model files of every precision and tile size."""

import functools

import keras
import numpy as np

from export.calibration import calibration_inputs
from export.convert import FLOAT_PRECISIONS, convert, convert_staged
from export.precisions import Precision
from export.quantize.observe import Observations, observe
from export.quantize.quantize_file import to_dynamic, to_int8
from models.inspect_network import normalization_of
from models.split_stages import StagedNetwork
from models.thumbnail_input import thumbnail_size

OBSERVED_SIDE = 256  # pixels; observations at one size hold for the network at every size


class Exporter:
    """Makes the files of one network; computes only once what several files need."""

    def __init__(self, model: keras.Model, patches: np.ndarray):
        """Prepare the exporter.

        Args:
            model: as for `export.convert.convert`.
            patches: real patches to observe the network on, `(N, P, P, 3)` float32 in [0, 1].
        """
        self._model, self._patches = model, patches
        self._staged = normalization_of(model) == "instance"

    def refusal(self, precision: Precision) -> str | None:
        """Return why the network is not exported in a precision, or None if it is.

        Instance norm divides by a standard deviation that 8 bits measure badly. The authors'
        network keeps only 22.6 dB to its own result in 32-bit floats, about as much as it has to
        the DSLR's photo.
        """
        if precision == Precision.INT8 and self._staged:
            return "a network with instance norm loses too much in 8-bit arithmetic: take dynamic"
        return None

    def is_calibrated(self, precision: Precision) -> bool:
        """Return whether a file in a precision depends on the patches."""
        return precision == Precision.INT8 or (precision == Precision.DYNAMIC and not self._staged)

    def file(
        self, precision: Precision | str, tile: int | None
    ) -> tuple[bytes, StagedNetwork | None]:
        """Make one file.

        Args:
            precision: of the file.
            tile: side of the image input in pixels, or None for images of any size.

        Returns:
            The content of the `.tflite` file, and the stages of a network with instance norm.

        Raises:
            ValueError: an unknown precision, or one that the network refuses.
        """
        precision = Precision(precision)
        if reason := self.refusal(precision):
            raise ValueError(f"precision {precision}: {reason}")
        if precision in FLOAT_PRECISIONS:
            return self._float_file(precision, tile)
        content, staged = self._float_file(Precision.FP32, tile)
        if precision == Precision.INT8:
            return to_int8(content, self._observations), staged
        calibrated = self.is_calibrated(precision)
        return to_dynamic(content, self._observations if calibrated else None), staged

    @functools.cache  # noqa: B019  the object lives as long as the one export
    def _float_file(
        self, precision: Precision, tile: int | None
    ) -> tuple[bytes, StagedNetwork | None]:
        if self._staged:
            return convert_staged(self._model, precision)
        return convert(self._model, precision, tile), None

    @functools.cached_property
    def _observations(self) -> Observations:
        inputs = calibration_inputs(self._patches, OBSERVED_SIDE, thumbnail_size(self._model))
        return observe(self._float_file(Precision.FP32, OBSERVED_SIDE)[0], inputs)
