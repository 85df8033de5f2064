"""The convolutions in a model file: what they take, and their weights, to be read and changed."""

import copy
import dataclasses
from collections import Counter

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from export.graph import OPERATORS, kind_of


@dataclasses.dataclass(frozen=True)
class Convolution:
    """A CONV_2D of 32-bit floats whose kernel is its own."""

    operator: schema.OperatorT
    name: str  # of the kernel's tensor
    source: int  # index of the tensor that it is given
    result: str  # name of the tensor that it makes
    kernel: np.ndarray  # (filters, height, width, channels) float32
    bias: np.ndarray  # (filters,) float32
    dilation: tuple[int, int]


def convolutions(model: schema.ModelT) -> list[Convolution]:
    """Those of a model's first graph with a bias and one group, in the order of computation."""
    graph = model.subgraphs[0]
    readers = Counter(int(index) for operator in graph.operators for index in operator.inputs)
    found = []
    for operator in graph.operators:
        if kind_of(model, operator) != OPERATORS.CONV_2D or len(operator.inputs) < 3:
            continue
        source, kernel, bias = map(int, operator.inputs)
        values, biases = (_constant(model, index) for index in (kernel, bias))
        if values is None or biases is None or readers[kernel] > 1:
            continue
        if int(graph.tensors[source].shape[-1]) != values.shape[-1]:
            continue  # in groups
        found.append(
            Convolution(
                operator,
                graph.tensors[kernel].name.decode(),
                source,
                graph.tensors[int(operator.outputs[0])].name.decode(),
                values,
                biases,
                (operator.builtinOptions.dilationHFactor, operator.builtinOptions.dilationWFactor),
            )
        )
    return found


def change(
    model: schema.ModelT, convolution: Convolution, kernel: np.ndarray, bias: np.ndarray
) -> None:
    """Give one of `convolutions(model)` other weights, of the same shapes.

    Equal constants may be one buffer, and equal biases one tensor: what others read stays.
    """
    graph = model.subgraphs[0]
    for place, values in ((1, kernel), (2, bias)):
        index = int(convolution.operator.inputs[place])
        if sum(index in operator.inputs for operator in graph.operators) > 1:
            shared = graph.tensors[index]
            tensor = copy.copy(shared)
            tensor.name = shared.name + b"/" + convolution.name.encode()
            index = len(graph.tensors)
            graph.tensors.append(tensor)
            convolution.operator.inputs[place] = index
        tensor = graph.tensors[index]
        everything = [tensor for graph in model.subgraphs for tensor in graph.tensors]
        if sum(other.buffer == tensor.buffer for other in everything) > 1:
            tensor.buffer = len(model.buffers)
            model.buffers.append(schema.BufferT())
        data = np.asarray(values, np.float32).tobytes()
        model.buffers[tensor.buffer].data = np.frombuffer(data, np.uint8)


def _constant(model: schema.ModelT, index: int) -> np.ndarray | None:
    """A tensor's values, if they are 32-bit floats in the file."""
    if index < 0:
        return None
    tensor = model.subgraphs[0].tensors[index]
    data = model.buffers[tensor.buffer].data
    if tensor.type != schema.TensorType.FLOAT32 or data is None or not len(data):
        return None
    return np.frombuffer(bytes(data), np.float32).reshape([int(side) for side in tensor.shape])
