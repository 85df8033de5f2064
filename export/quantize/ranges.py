"""The range of every tensor for 8 bits: what was seen, less what makes no difference.

One scale serves all channels of a tensor, so values that nobody needs cost all others steps.
"""

from collections import Counter

import numpy as np

from export import graph
from export.graph import OPERATORS, kind_of
from export.quantize.observation import Observed


def ranges(content: bytes, observed: Observed) -> dict[str, dict]:
    """Ranges as the quantizer takes them.

    Least and greatest value of all: what the quantizer does by itself, an average over the inputs
    in which the last ones count most, cuts off bright and dark photos: a third of a decibel. But

    - pictures that go in and come out have [0, 1], and so has what merely becomes one by moving
      values: what leaves that is clipped in any case;
    - values that a ReLU makes 0, whatever they are, need no steps between them.

    Args:
        content: a `.tflite` file of 32-bit floats, of any size.
        observed: of the same network.

    Returns:
        {tensor's name: {"min": …, "max": …}}
    """
    model = graph.read(content)
    tensors = model.subgraphs[0].tensors
    indices = {tensor.name.decode(): index for index, tensor in enumerate(tensors)}
    least = {**observed.least, **_needed(model, observed)}
    pictures = {tensors[index].name.decode() for index in _pictures(model)}
    found = {}
    for name in least.keys() & indices.keys():
        low, high = least[name].min(), observed.greatest[name].max()
        low, high = (0, 1) if name in pictures else (min(low, high), high)
        shape = np.ones(len(tensors[indices[name]].shape), int)
        found[name] = {
            "min": np.full(shape, low, np.float32),
            "max": np.full(shape, high, np.float32),
        }
    return found


def _pictures(model) -> list[int]:
    """Inputs, outputs, and what outputs are made of by moving values alone."""
    network = model.subgraphs[0]
    makers, readers = _makers(network), _readers(network)
    found = [*map(int, network.inputs), *map(int, network.outputs)]
    for index in found:  # grows
        maker = makers.get(index)
        if maker is not None and kind_of(model, maker) == OPERATORS.DEPTH_TO_SPACE:
            source = int(maker.inputs[0])
            if readers[source] == 1:
                found.append(source)
    return found


def _needed(model, observed: Observed) -> dict[str, np.ndarray]:
    """Least values, by channel, of what is added up under a ReLU, or multiplied before that.

    A term below minus the greatest value of the other gives 0, as that would. A factor gives such
    a term below a bound of its own, if what it is multiplied with is positive.
    """
    network, found = model.subgraphs[0], {}
    names = [tensor.name.decode() for tensor in network.tensors]
    makers, readers = _makers(network), _readers(network)

    def narrow(index: int, bound: np.ndarray) -> None:
        found[names[index]] = np.maximum(observed.least[names[index]], bound)

    def known(indices) -> bool:
        return all(readers[i] == 1 and names[i] in observed.least for i in indices)

    for operator in network.operators:
        if not _rectified_sum(model, operator):
            continue
        terms = [int(index) for index in operator.inputs]
        if not known(terms):
            continue
        for term, other in (terms, terms[::-1]):
            most = observed.greatest[names[other]]
            narrow(term, -most)
            maker = makers.get(term)
            if maker is None or kind_of(model, maker) != OPERATORS.MUL:
                continue
            factors = [int(index) for index in maker.inputs]
            if not known(factors):
                continue
            for factor, gain in (factors, factors[::-1]):
                narrow(factor, _bound(most, observed, names[gain]))
    return found


def _bound(most: np.ndarray, observed: Observed, gain: str) -> np.ndarray:
    """Below which a factor's product with any of the gains seen is at most -`most`."""
    low, high = observed.least[gain], observed.greatest[gain]
    divisor = np.where(most > 0, low, high)
    positive = (low > 0) & (divisor > 0)
    return np.where(positive, -most / np.where(positive, divisor, 1), -np.inf)


def _rectified_sum(model, operator) -> bool:
    options = operator.builtinOptions
    if kind_of(model, operator) != OPERATORS.ADD or options is None:
        return False
    return options.fusedActivationFunction == graph.schema.ActivationFunctionType.RELU


def _makers(network) -> dict:
    return {int(index): operator for operator in network.operators for index in operator.outputs}


def _readers(network) -> Counter:
    return Counter(int(index) for operator in network.operators for index in operator.inputs)
