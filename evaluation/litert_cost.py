"""Weights and multiply-adds of a `.tflite` file, read from its graph."""

import math
from collections.abc import Callable
from pathlib import Path

# Operators that weigh each position of their output, or of their input, with a kernel.
_AT_OUTPUT = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_AT_INPUT = ("TRANSPOSE_CONV",)
# How many positions of the output there are for one of the input.
_DENSITY: dict[str, Callable] = {
    "CONV_2D": lambda options: 1 / (options.strideH * options.strideW),
    "DEPTHWISE_CONV_2D": lambda options: 1 / (options.strideH * options.strideW),
    "TRANSPOSE_CONV": lambda options: options.strideH * options.strideW,
    "AVERAGE_POOL_2D": lambda options: 1 / (options.strideH * options.strideW),
    "MAX_POOL_2D": lambda options: 1 / (options.strideH * options.strideW),
    "SPACE_TO_DEPTH": lambda options: 1 / options.blockSize**2,
    "DEPTH_TO_SPACE": lambda options: options.blockSize**2,
    "MEAN": lambda options: 0,  # of the whole image: what follows costs nothing by the pixel
}
# Operators after which positions cannot be counted from the graph alone.
_RESHAPING = ("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "RESHAPE", "STRIDED_SLICE", "CUSTOM")


def litert_cost(path: str | Path) -> tuple[int, int | None]:
    """Cost of the network in a file.

    Args:
        path: a `.tflite` file, whose first subgraph is the network.

    Returns:
        Number of weights, biases included and each counted once; and multiply-adds of the
        convolutions for one pixel of the input, or None where the graph does not tell.

    Raises:
        ValueError: not such a file.
    """
    from ai_edge_litert import schema_py_generated as schema

    operators = {
        code: name for name, code in vars(schema.BuiltinOperator).items() if name.isupper()
    }
    types = schema.TensorType
    weighty = {types.FLOAT32, types.FLOAT16, types.INT8, types.INT4}
    try:
        model = schema.ModelT.InitFromPackedBuf(Path(path).read_bytes(), 0)
    except Exception as error:  # a damaged buffer raises almost anything
        raise ValueError(f"{path}: not a .tflite model") from error
    graph = model.subgraphs[0]  # the whole network; others are parts of it, with its weights
    # What is made of a thumbnail costs nothing by the pixel, as what follows a mean.
    density = {i: int(b"thumbnail" not in graph.tensors[i].name) for i in graph.inputs}
    weights, total = {}, 0
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
        lost = before is None or (name in _RESHAPING and before != 0)
        after = None if lost else before * change
        # Constants stay out: they lie at no position. A dequantized weight is one of them.
        if before != 0 or any(index in density for index in inputs):
            density.update(dict.fromkeys(operator.outputs, after))
        if name in (*_AT_OUTPUT, *_AT_INPUT) and total is not None:
            kernel = math.prod(map(int, graph.tensors[inputs[1]].shape))
            times = before if name in _AT_INPUT else after
            total = None if times is None else total + kernel * times
    return sum(weights.values()), None if total is None else round(total)


def _densest(density, inputs):
    known = [density[index] for index in inputs if index in density]
    return None if None in known else max(known, default=0)
