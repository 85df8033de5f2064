"""What flows through a network over some inputs: ranges of values, and what convolutions see."""

import dataclasses
import warnings

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from common.backend import native_output_hidden
from export import graph
from export.quantize.convolutions import Convolution, convolutions

THREADS = 2
EXACT = 1e-10  # sums of 64-bit floats, relative to a mean square
PLACES = 32  # rows and columns of windows that are looked at, per sample and convolution


@dataclasses.dataclass
class Windows:
    """What a convolution is given: sums over windows of K values, by row, column and channel."""

    count: int
    total: np.ndarray  # (K,) float64
    products: np.ndarray  # (K, K) float64

    def mean(self) -> np.ndarray:
        """Of a window, (K,)."""
        return self.total / self.count

    def covariance(self) -> np.ndarray:
        """Of a window's values, (K, K); of none less variance than the sums are exact to."""
        covariance = self.products / self.count - np.outer(self.mean(), self.mean())
        exact = EXACT * np.trace(self.products) / self.count / len(self.total)
        return covariance + exact * np.eye(len(self.total))


@dataclasses.dataclass
class Observed:
    """By tensors' names, which are the same in files of other sizes."""

    least: dict[str, np.ndarray]  # (channels,) float32
    greatest: dict[str, np.ndarray]
    windows: dict[str, Windows]  # by the kernel's name


def observe(content: bytes, samples: list[dict[str, np.ndarray]]) -> Observed:
    """Look at every tensor that a network computes, over some inputs.

    Args:
        content: a `.tflite` file of 32-bit floats with one signature, for fixed tiles.
        samples: what its inputs are, by name, of the tiles' size.
    """
    model = graph.read(content)
    network = model.subgraphs[0]
    computed = [int(i) for operator in network.operators for i in operator.outputs]
    looked_at = [*map(int, network.inputs), *computed]
    with native_output_hidden(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that keeping all tensors takes memory
        interpreter = Interpreter(
            model_content=content,
            num_threads=THREADS,
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
    run = interpreter.get_signature_runner(graph.signature(model))
    found = Observed({}, {}, {})
    for sample in samples:
        run(**sample)
        for index in looked_at:
            if network.tensors[index].type == graph.TYPES.FLOAT32:
                name = network.tensors[index].name.decode()
                _widen(found, name, interpreter.get_tensor(index))
        for convolution in convolutions(model):
            _add(found, convolution, interpreter.get_tensor(convolution.source))
    return found


def _widen(found: Observed, name: str, values: np.ndarray) -> None:
    channels = values.reshape(-1, values.shape[-1] if values.ndim else 1)
    for known, reduce in ((found.least, np.minimum), (found.greatest, np.maximum)):
        extremes = reduce.reduce(channels)
        known[name] = reduce(known[name], extremes) if name in known else extremes


def _add(found: Observed, convolution: Convolution, image: np.ndarray) -> None:
    windows = _windows(image, convolution)
    known = found.windows.setdefault(convolution.name, Windows(0, np.zeros(()), np.zeros(())))
    known.count += len(windows)
    known.total = known.total + windows.sum(0)
    known.products = known.products + windows.T @ windows


def _windows(image: np.ndarray, convolution: Convolution) -> np.ndarray:
    """Some of the windows that a convolution walks over, `(N, K)` float64, padded ones left out."""
    sides, steps = convolution.kernel.shape[1:3], convolution.dilation
    reach = [(side - 1) * step + 1 for side, step in zip(sides, steps, strict=True)]
    if image.shape[1] < reach[0] or image.shape[2] < reach[1]:
        return np.empty((0, convolution.kernel[0].size))
    views = np.lib.stride_tricks.sliding_window_view(image, reach, (1, 2))
    every = [-(-count // PLACES) for count in views.shape[1:3]]
    views = views[:, :: every[0], :: every[1], :, :: steps[0], :: steps[1]]
    return views.transpose(0, 1, 2, 4, 5, 3).reshape(-1, convolution.kernel[0].size).astype(float)
