"""Number of weights and multiply-adds of a `.tflite` file, counted from its graph."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Operators that apply a kernel at each position of their output, or of their input.
_AT_OUTPUT = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_AT_INPUT = ("TRANSPOSE_CONV",)
# Positions of the output for each position of the input.
_DENSITY: dict[str, Callable] = {
    "CONV_2D": lambda options: 1 / (options.strideH * options.strideW),
    "DEPTHWISE_CONV_2D": lambda options: 1 / (options.strideH * options.strideW),
    "TRANSPOSE_CONV": lambda options: options.strideH * options.strideW,
    "AVERAGE_POOL_2D": lambda options: 1 / (options.strideH * options.strideW),
    "MAX_POOL_2D": lambda options: 1 / (options.strideH * options.strideW),
    "SPACE_TO_DEPTH": lambda options: 1 / options.blockSize**2,
    "DEPTH_TO_SPACE": lambda options: options.blockSize**2,
    "MEAN": lambda options: 0,  # over the whole image: later work does not grow with the image
}
# Operators whose number of output positions the graph alone does not tell.
_RESHAPING = ("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "RESHAPE", "STRIDED_SLICE", "CUSTOM")


def litert_cost(path: str | Path) -> tuple[int, int | None]:
    """Count the weights and the multiply-adds of the network in a file.

    Args:
        path: a `.tflite` file, whose first subgraph is the network.

    Returns:
        The number of weights with biases, each counted once; and the multiply-adds of the
        convolutions for one pixel of the input, or None if the graph does not tell.

    Raises:
        ValueError: the file is no `.tflite` model.
    """
    from ai_edge_litert import schema_py_generated as schema

    operators = {
        code: name for name, code in vars(schema.BuiltinOperator).items() if name.isupper()
    }
    types = schema.TensorType
    weighty = {types.FLOAT32, types.FLOAT16, types.INT8, types.INT4}
    try:
        model: Any = schema.ModelT.InitFromPackedBuf(Path(path).read_bytes(), 0)
    except Exception as error:  # a damaged buffer raises errors of many types
        raise ValueError(f"{path}: not a .tflite model") from error
    # The first subgraph is the whole network. Further ones are stages of it with the same weights.
    graph = model.subgraphs[0]
    # Work on a thumbnail does not grow with the image: its density is 0, as after a mean.
    density = {i: int(b"thumbnail" not in graph.tensors[i].name) for i in graph.inputs}
    weights: dict[int, int] = {}
    total: float | None = 0
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        name = operators[max(code.builtinCode, code.deprecatedBuiltinCode)]
        inputs = [index for index in operator.inputs if index >= 0]
        for position, index in enumerate(inputs):
            tensor = graph.tensors[index]
            constant = model.buffers[tensor.buffer].data is not None
            bias = position == 2 and name in _AT_OUTPUT
            if constant and len(tensor.shape) and (tensor.type in weighty or bias):
                weights[tensor.buffer] = math.prod(map(int, tensor.shape))
        before = _densest(density, inputs)
        change = 1 if name not in _DENSITY else _DENSITY[name](operator.builtinOptions)
        after = None if before is None else before * change
        if name in _RESHAPING and before != 0:
            after = None
        # Constants, such as dequantized weights, have no positions and get no density.
        if before != 0 or any(index in density for index in inputs):
            density.update(dict.fromkeys(operator.outputs, after))
        if name in (*_AT_OUTPUT, *_AT_INPUT) and total is not None:
            kernel = math.prod(map(int, graph.tensors[inputs[1]].shape))
            times = before if name in _AT_INPUT else after
            total = None if times is None else total + kernel * times
    return sum(weights.values()), None if total is None else round(total)


def _densest(density, inputs):
    """Return the largest density of the inputs, or None if the density of one is not known."""
    known = [density[index] for index in inputs if index in density]
    return None if None in known else max(known, default=0)
