"""A run of a network on calibration inputs, which records ranges and inputs of convolutions."""

import dataclasses
import warnings

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from common.backend import native_output_hidden
from export import flatbuffer
from export.quantize.convolutions import Convolution, find_convolutions

THREADS = 2
EXACT = 1e-10  # precision of sums of 64-bit floats, relative to a mean square
PLACES = 32  # rows and columns of windows that are recorded, per sample and convolution


@dataclasses.dataclass
class WindowSums:
    """Sums over the windows of K values that a convolution multiplies with its filters.

    The values of a window are in the order row, column, channel.

    Attributes:
        count: number of windows.
        total: sum of the windows, `(K,)` float64.
        products: sum of the windows' outer products, `(K, K)` float64.
    """

    count: int
    total: np.ndarray
    products: np.ndarray

    def mean(self) -> np.ndarray:
        """Return the mean window, `(K,)`."""
        return self.total / self.count

    def covariance(self) -> np.ndarray:
        """Return the covariance of a window's values, `(K, K)`.

        The precision of the sums is added to each variance, so that none comes out negative.
        """
        covariance = self.products / self.count - np.outer(self.mean(), self.mean())
        exact = EXACT * np.trace(self.products) / self.count / len(self.total)
        return covariance + exact * np.eye(len(self.total))


@dataclasses.dataclass
class Observations:
    """What a network computed, by names of tensors: files of other sizes have the same names.

    Attributes:
        least: smallest value of each channel, `(channels,)` float32.
        greatest: largest value of each channel, `(channels,)` float32.
        windows: inputs of each convolution, by the name of the kernel.
    """

    least: dict[str, np.ndarray]
    greatest: dict[str, np.ndarray]
    windows: dict[str, WindowSums]


def observe(content: bytes, samples: list[dict[str, np.ndarray]]) -> Observations:
    """Run a network on samples and record every tensor that the network computes.

    Args:
        content: a `.tflite` file of 32-bit floats for fixed tiles, with one signature.
        samples: inputs by name, of the tiles' size.
    """
    model = flatbuffer.read(content)
    graph = model.subgraphs[0]
    computed = [index for operator in graph.operators for index in operator.outputs]
    with native_output_hidden(), warnings.catch_warnings():
        # The runtime warns that keeping all tensors takes memory.
        warnings.simplefilter("ignore", UserWarning)
        interpreter = Interpreter(
            model_content=content,
            num_threads=THREADS,
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
    run = interpreter.get_signature_runner(model.signatureDefs[0].signatureKey)
    observations = Observations({}, {}, {})
    for sample in samples:
        run(**sample)
        for index in (*graph.inputs, *computed):
            if graph.tensors[index].type == flatbuffer.TYPES.FLOAT32:
                name = graph.tensors[index].name
                _widen_range(observations, name, interpreter.get_tensor(index))
        for convolution in find_convolutions(model):
            _add_windows(observations, convolution, interpreter.get_tensor(convolution.source))
    return observations


def _widen_range(observations: Observations, name: str, values: np.ndarray) -> None:
    channels = values.reshape(-1, values.shape[-1] if values.ndim else 1)
    for known, reduce in ((observations.least, np.minimum), (observations.greatest, np.maximum)):
        extremes = reduce.reduce(channels)
        known[name] = reduce(known[name], extremes) if name in known else extremes


def _add_windows(observations: Observations, convolution: Convolution, image: np.ndarray) -> None:
    windows = _windows(image, convolution)
    nothing = WindowSums(0, np.zeros(()), np.zeros(()))
    sums = observations.windows.setdefault(convolution.name, nothing)
    sums.count += len(windows)
    sums.total = sums.total + windows.sum(0)
    sums.products = sums.products + windows.T @ windows


def _windows(image: np.ndarray, convolution: Convolution) -> np.ndarray:
    """Return some windows of a convolution, `(N, K)` float64, without windows that are padded."""
    sides, steps = convolution.kernel.shape[1:3], convolution.dilation
    reach = [(side - 1) * step + 1 for side, step in zip(sides, steps, strict=True)]
    if image.shape[1] < reach[0] or image.shape[2] < reach[1]:
        return np.empty((0, convolution.kernel[0].size))
    views = np.lib.stride_tricks.sliding_window_view(image, reach, (1, 2))
    every = [-(-count // PLACES) for count in views.shape[1:3]]
    views = views[:, :: every[0], :: every[1], :, :: steps[0], :: steps[1]]
    return views.transpose(0, 1, 2, 4, 5, 3).reshape(-1, convolution.kernel[0].size).astype(float)
