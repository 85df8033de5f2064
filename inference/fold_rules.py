"""Rules that take operations out of a network, because a convolution can do their work too.

Each rule looks at one operation. A rule changes the graph and returns True, or leaves the graph as
it is and returns False. The network computes the same, apart from the rounding of float32.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from inference.litert_graph import CODES, NO_ACTIVATION, RELU, Graph

Rule = Callable[[Graph, Any], bool]
LEAST_SCALE = 1e-10  # a shift divided by a smaller scale may be infinite


def scale_after_convolution(graph: Graph, operation: Any) -> bool:
    """`conv(x) · c` is a convolution with weights and bias times `c`."""
    found = _with_constant(graph, operation, CODES.MUL)
    if found is None or (conv := _only_convolution_before(graph, found[0])) is None:
        return False
    weights, bias = _weights(graph, conv)
    if (scale := _of_channels(found[1], len(weights))) is None:
        return False
    _set_weights(graph, conv, weights * scale[:, None, None, None], bias * scale)
    return _take_over(graph, conv, operation)


def shift_after_convolution(graph: Graph, operation: Any) -> bool:
    """`conv(x) + c` and `conv(x) − c` are convolutions with another bias."""
    sign = 1 if graph.code(operation) == CODES.ADD else -1
    found = _with_constant(graph, operation, CODES.ADD, CODES.SUB)
    if found is None or (conv := _only_convolution_before(graph, found[0])) is None:
        return False
    weights, bias = _weights(graph, conv)
    if (shift := _of_channels(found[1], len(weights))) is None:
        return False
    _set_weights(graph, conv, weights, bias + sign * shift)
    return _take_over(graph, conv, operation)


def scale_before_convolution(graph: Graph, operation: Any) -> bool:
    """`conv(x · c)` is a convolution with weights times `c`; its padding stays 0."""
    found = _with_constant(graph, operation, CODES.MUL)
    if found is None or _activation(operation) != NO_ACTIVATION:
        return False
    conv = _only_convolution_after(graph, operation)
    if conv is None:
        return False
    weights, bias = _weights(graph, conv)
    if (scale := _of_channels(found[1], weights.shape[3])) is None:
        return False
    _set_weights(graph, conv, weights * scale, bias)
    conv.inputs[0] = found[0]
    graph.operations.remove(operation)
    return True


def scale_before_relu(graph: Graph, operation: Any) -> bool:
    """`conv(relu(x · c + b))` with `c > 0` is `conv(relu(x + b / c))` with weights times `c`."""
    found = _with_constant(graph, operation, CODES.MUL)
    if found is None or _activation(operation) != NO_ACTIVATION or found[1].min() < LEAST_SCALE:
        return False
    sum_ = graph.only_reader(operation.outputs[0])
    shift = None if sum_ is None else _with_constant(graph, sum_, CODES.ADD)
    if sum_ is None or shift is None or _activation(sum_) != RELU:
        return False
    conv = _only_convolution_after(graph, sum_)
    if conv is None:
        return False
    weights, bias = _weights(graph, conv)
    scale = _of_channels(found[1], weights.shape[3])
    added = _of_channels(shift[1], weights.shape[3])
    if scale is None or added is None:
        return False
    _set_weights(graph, conv, weights * scale, bias)
    sum_.inputs = [found[0], graph.add_constant((added / scale).reshape(1, 1, 1, -1))]
    graph.operations.remove(operation)
    return True


def merge_pointwise(graph: Graph, operation: Any) -> bool:
    """Two 1×1 convolutions in a row are one, where one costs no more than two."""
    if not _is_convolution(graph, operation) or not _is_pointwise(graph, operation):
        return False
    first = _only_convolution_before(graph, operation.inputs[0])
    if first is None or not _is_pointwise(graph, first):
        return False
    (inner, inner_bias), (outer, outer_bias) = _weights(graph, first), _weights(graph, operation)
    if inner.shape[3] * len(outer) > inner.size + outer.size:
        return False
    product = outer[:, 0, 0] @ inner[:, 0, 0]
    bias = outer[:, 0, 0] @ inner_bias + outer_bias
    _set_weights(graph, operation, product[:, None, None], bias)
    operation.inputs[0] = first.inputs[0]
    graph.operations.remove(first)
    return True


def sum_of_pointwise(graph: Graph, operation: Any) -> bool:
    """`x + conv(x)` is one convolution if `conv` is a 1×1 convolution."""
    if graph.code(operation) != CODES.ADD:
        return False
    for other, tensor in (operation.inputs, operation.inputs[::-1]):
        conv = _only_convolution_before(graph, tensor)
        if conv is None or conv.inputs[0] != other or not _is_pointwise(graph, conv):
            continue
        weights, bias = _weights(graph, conv)
        if weights.shape[0] == weights.shape[3]:
            _set_weights(graph, conv, weights + np.eye(len(weights))[:, None, None], bias)
            return _take_over(graph, conv, operation)
    return False


RULES: tuple[Rule, ...] = (
    scale_after_convolution,
    shift_after_convolution,
    scale_before_convolution,
    scale_before_relu,
    merge_pointwise,
    sum_of_pointwise,
)


def _activation(operation: Any) -> int:
    return operation.builtinOptions.fusedActivationFunction


def _is_convolution(graph: Graph, operation: Any) -> bool:
    """Return whether an operation is a float32 convolution with constant weights."""
    if operation is None or graph.code(operation) != CODES.CONV_2D:
        return False
    weights, bias = (graph.constant(tensor) for tensor in operation.inputs[1:3])
    return weights is not None and bias is not None


def _is_pointwise(graph: Graph, conv: Any) -> bool:
    options, weights = conv.builtinOptions, _weights(graph, conv)[0]
    return weights.shape[1:3] == (1, 1) and (options.strideW, options.strideH) == (1, 1)


def _only_convolution_before(graph: Graph, tensor: int) -> Any | None:
    """Return the convolution without activation that makes a tensor that nothing else reads."""
    if graph.only_reader(tensor) is None:
        return None
    conv = graph.maker(tensor)
    if conv is None or not _is_convolution(graph, conv) or _activation(conv) != NO_ACTIVATION:
        return None
    return conv


def _only_convolution_after(graph: Graph, operation: Any) -> Any | None:
    """Return the convolution that alone reads an operation's result, as its image."""
    conv = graph.only_reader(operation.outputs[0])
    if not _is_convolution(graph, conv):
        return None
    return conv if conv is not None and conv.inputs[0] == operation.outputs[0] else None


def _weights(graph: Graph, conv: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return weights `(out, high, wide, in)` and bias `(out,)`, float64."""
    weights, bias = (graph.constant(tensor) for tensor in conv.inputs[1:3])
    assert weights is not None and bias is not None, "a convolution without constant weights"
    return weights.astype(np.float64), bias.astype(np.float64)


def _set_weights(graph: Graph, conv: Any, weights: np.ndarray, bias: np.ndarray) -> None:
    added = [graph.add_constant(values) for values in (weights, bias)]
    conv.inputs = [conv.inputs[0], *added]


def _with_constant(graph: Graph, operation: Any, *codes: int) -> tuple[int, np.ndarray] | None:
    """Return the varying input and the constant of an operation of two inputs, or None."""
    code = graph.code(operation)
    if code not in codes:
        return None
    for place in (1, 0) if code != CODES.SUB else (1,):
        constant = graph.constant(operation.inputs[place])
        if constant is not None and graph.constant(operation.inputs[1 - place]) is None:
            return operation.inputs[1 - place], constant.astype(np.float64)
    return None


def _of_channels(constant: np.ndarray, channels: int) -> np.ndarray | None:
    """Return a constant as one value for each channel, or None if it has another form."""
    if constant.size == 1:
        return np.full(channels, constant.item())
    if constant.size == channels and constant.shape[-1] == channels:
        return constant.reshape(-1)
    return None


def _take_over(graph: Graph, conv: Any, operation: Any) -> bool:
    """Let a convolution give the result of an operation that follows it; return True."""
    conv.builtinOptions.fusedActivationFunction = _activation(operation)
    conv.outputs = operation.outputs
    graph.operations.remove(operation)
    return True
