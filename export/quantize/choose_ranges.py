"""The range of every tensor in 8 bits: the observed range, less values that change no result.

One scale serves all channels of a tensor, so unneeded values in one channel cost precision in all.
"""

import numpy as np

from export import flatbuffer
from export.flatbuffer import OPERATORS, Model, Operator, kind_of, makers, reader_counts
from export.quantize.observe import Observations

# For a tensor that never changes, such as the result of a ReLU that is always 0. Kernels abort the
# process if the steps of a result are many times finer than those of the inputs.
NARROWEST = 1e-3


def choose_ranges(content: bytes, observations: Observations) -> dict[str, dict]:
    """Return a range for every observed tensor, in the form that the quantizer takes.

    A range goes from the least to the greatest value of all samples. The quantizer's own default,
    an average in which the last samples count most, cuts off bright and dark photos and costs a
    third of a decibel. There are three exceptions:

    - Images that go in or come out have the range [0, 1]. A tensor that becomes the result merely
      by moving values has it too, since the result is clipped to that range.
    - Values that a ReLU turns into 0 in any case need no steps between them.
    - No range is narrower than `NARROWEST`.

    Args:
        content: a `.tflite` file of 32-bit floats, of any size.
        observations: of the same network.

    Returns:
        {tensor's name: {"min": …, "max": …}}
    """
    model = flatbuffer.read(content)
    graph = model.subgraphs[0]
    ranks = {tensor.name: len(tensor.shape) for tensor in graph.tensors}
    observations = with_joined_names(observations, list(ranks))
    least = {**observations.least, **_least_above_relu(model, observations)}
    images = {graph.tensors[index].name for index in _images(model)}
    found = {}
    for name in least.keys() & ranks.keys():
        low, high = least[name].min(), observations.greatest[name].max()
        low, high = (0, 1) if name in images else (min(low, high), max(high, low + NARROWEST))
        shape = np.ones(ranks[name], int)
        found[name] = {
            "min": np.full(shape, low, np.float32),
            "max": np.full(shape, high, np.float32),
        }
    return found


def with_joined_names(observations: Observations, names: list[str]) -> Observations:
    """Return the observations, with further entries for tensors whose names differ.

    The converter fuses operations and joins their names with ";". The joined names can differ
    between files of different sizes. The first name is that of the last operation, which computes
    the tensor, so equal first names mean equal tensors.

    Args:
        observations: of the same network, from a file of any size.
        names: the names of the file's tensors.
    """
    observed_by_first = {name.split(";")[0]: name for name in observations.least}
    least, greatest = dict(observations.least), dict(observations.greatest)
    for name in names:
        observed = observed_by_first.get(name.split(";")[0])
        if ";" in name and name not in least and observed is not None:
            least[name] = observations.least[observed]
            greatest[name] = observations.greatest[observed]
    return Observations(least, greatest, observations.windows)


def _images(model: Model) -> list[int]:
    """Return inputs, outputs, and tensors that become an output only by moving values."""
    graph = model.subgraphs[0]
    made_by, readers = makers(graph), reader_counts(graph)
    found = [*graph.inputs, *graph.outputs]
    for index in found:  # the list grows while the loop runs
        maker = made_by.get(index)
        if maker is not None and kind_of(model, maker) == OPERATORS.DEPTH_TO_SPACE:
            source = maker.inputs[0]
            if readers[source] == 1:
                found.append(source)
    return found


def _least_above_relu(model: Model, observations: Observations) -> dict[str, np.ndarray]:
    """Return the least value that can matter, by channel, of terms and factors before a ReLU.

    For relu(a + b), a value of `a` below -max(b) gives 0, as -max(b) itself does. For
    relu(c · gain + b) with a positive gain, a value of `c` below a bound gives such a term.
    """
    graph = model.subgraphs[0]
    bounds: dict[str, np.ndarray] = {}
    names = [tensor.name for tensor in graph.tensors]
    made_by, readers = makers(graph), reader_counts(graph)

    def narrow(index: int, bound: np.ndarray) -> None:
        bounds[names[index]] = np.maximum(observations.least[names[index]], bound)

    def only_read_here(indices: list[int]) -> bool:
        return all(readers[i] == 1 and names[i] in observations.least for i in indices)

    for operator in graph.operators:
        terms = operator.inputs
        if not _is_sum_with_relu(model, operator) or not only_read_here(terms):
            continue
        for term, other in (terms, terms[::-1]):
            most = observations.greatest[names[other]]
            narrow(term, -most)
            factors = _factors(model, made_by.get(term))
            if factors is None or not only_read_here(factors):
                continue
            for factor, gain in (factors, factors[::-1]):
                narrow(factor, _factor_bound(most, observations, names[gain]))
    return bounds


def _factor_bound(most: np.ndarray, observations: Observations, gain: str) -> np.ndarray:
    """Return a bound below which a factor times any observed gain is at most -`most`."""
    low, high = observations.least[gain], observations.greatest[gain]
    divisor = np.where(most > 0, low, high)
    positive = (low > 0) & (divisor > 0)
    return np.where(positive, -most / np.where(positive, divisor, 1), -np.inf)


def _is_sum_with_relu(model: Model, operator: Operator) -> bool:
    options = operator.builtinOptions
    if kind_of(model, operator) != OPERATORS.ADD or options is None:
        return False
    return options.fusedActivationFunction == flatbuffer.schema.ActivationFunctionType.RELU


def _factors(model: Model, maker: Operator | None) -> list[int] | None:
    """Return both inputs of a multiplication, or None for any other operator."""
    if maker is None or kind_of(model, maker) != OPERATORS.MUL:
        return None
    return maker.inputs
