"""The convolutions in a model file, to be read and given new weights."""

import copy
import dataclasses

import numpy as np

from export.flatbuffer import OPERATORS, TYPES, Model, Operator, add_buffer, kind_of, reader_counts


@dataclasses.dataclass(frozen=True)
class Convolution:
    """A CONV_2D in 32-bit floats whose kernel no other operator reads.

    Attributes:
        operator: in the model.
        name: of the kernel's tensor.
        source: index of the input tensor.
        result: name of the output tensor.
        kernel: `(filters, height, width, channels)` float32.
        bias: `(filters,)` float32.
        dilation: along y and x.
    """

    operator: Operator
    name: str
    source: int
    result: str
    kernel: np.ndarray
    bias: np.ndarray
    dilation: tuple[int, int]


def find_convolutions(model: Model) -> list[Convolution]:
    """Return the first subgraph's convolutions with a bias and one group, in computation order."""
    graph = model.subgraphs[0]
    readers = reader_counts(graph)
    found = []
    for operator in graph.operators:
        if kind_of(model, operator) != OPERATORS.CONV_2D or len(operator.inputs) < 3:
            continue
        source, kernel, bias = operator.inputs
        values, biases = (_float_constant(model, index) for index in (kernel, bias))
        if values is None or biases is None or readers[kernel] > 1:
            continue
        if graph.tensors[source].shape[-1] != values.shape[-1]:
            continue  # a convolution in several groups
        options = operator.builtinOptions
        found.append(
            Convolution(
                operator=operator,
                name=graph.tensors[kernel].name,
                source=source,
                result=graph.tensors[operator.outputs[0]].name,
                kernel=values,
                bias=biases,
                dilation=(options.dilationHFactor, options.dilationWFactor),
            )
        )
    return found


def replace_weights(
    model: Model, convolution: Convolution, kernel: np.ndarray, bias: np.ndarray
) -> None:
    """Give one of `find_convolutions(model)` new weights of the same shapes.

    In a file, equal constants may share a buffer, and equal biases a tensor. The weights of other
    operators stay as they are.
    """
    graph = model.subgraphs[0]
    for place, values in ((1, kernel), (2, bias)):
        index = convolution.operator.inputs[place]
        if sum(index in operator.inputs for operator in graph.operators) > 1:
            tensor = copy.copy(graph.tensors[index])
            tensor.name = f"{tensor.name}/{convolution.name}"
            index = len(graph.tensors)
            graph.tensors.append(tensor)
            convolution.operator.inputs[place] = index
        tensor = graph.tensors[index]
        data = np.asarray(values, np.float32).tobytes()
        everything = [tensor for graph in model.subgraphs for tensor in graph.tensors]
        if sum(other.buffer == tensor.buffer for other in everything) > 1:
            tensor.buffer = add_buffer(model, data)
        else:
            model.buffers[tensor.buffer].data = np.frombuffer(data, np.uint8)


def _float_constant(model: Model, index: int) -> np.ndarray | None:
    """Return a tensor's values if the file holds them as 32-bit floats."""
    if index < 0:
        return None
    tensor = model.subgraphs[0].tensors[index]
    data = model.buffers[tensor.buffer].data
    if tensor.type != TYPES.FLOAT32 or data is None or not len(data):
        return None
    return np.frombuffer(bytes(data), np.float32).reshape(tensor.shape)
