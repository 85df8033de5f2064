"""A `.tflite` file as Python objects that can be changed, and back as bytes.

A `.tflite` file is a FlatBuffer. LiteRT's generated classes declare every field as optional, and
an operator's options as a union of 130 classes. The protocols here name the fields that the export
uses; a file that the converter wrote has all of them. `read` is the one place that asserts so.
"""

from collections import Counter
from typing import Any, Protocol, cast

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

from inference.aligned_buffer import AlignedBuffer

FIRST_SIZE = 64  # pixels
OPERATORS = schema.BuiltinOperator
TYPES = schema.TensorType

# The names of these fields are the schema's, hence mixed case.
# ruff: noqa: N815


class Quantization(Protocol):
    """How integers stand for values: value = scale · (integer − zero point)."""

    scale: list[float] | None
    zeroPoint: list[int] | None


class Tensor(Protocol):
    """One tensor. A `shapeSignature` has -1 for a side of any length; None: all sides are fixed."""

    name: str
    type: int  # one of TYPES
    shape: list[int]
    shapeSignature: list[int] | None
    buffer: int  # index into Model.buffers
    quantization: Quantization | None


class Operator(Protocol):
    """One operation on tensors, given by their indices; an absent input is -1."""

    opcodeIndex: int
    inputs: list[int]
    outputs: list[int]
    builtinOptions: Any  # the class depends on the operation


class Graph(Protocol):
    """One subgraph; the operators are in the order of computation."""

    tensors: list[Tensor]
    operators: list[Operator]
    inputs: list[int]
    outputs: list[int]


class Buffer(Protocol):
    """The bytes of one constant, or None for a tensor that is computed."""

    data: Any  # uint8 NumPy array, bytes or None


class SignatureTensor(Protocol):
    """One named end of a signature."""

    name: str
    tensorIndex: int


class Signature(Protocol):
    """A function of the file: named inputs and outputs of one subgraph."""

    signatureKey: str
    subgraphIndex: int
    inputs: list[SignatureTensor]
    outputs: list[SignatureTensor]


class Metadata(Protocol):
    """A named buffer of metadata."""

    name: bytes
    buffer: int


class Model(Protocol):
    """A whole file."""

    subgraphs: list[Graph]
    buffers: list[Buffer]
    signatureDefs: list[Signature]
    operatorCodes: list[Any]
    metadata: list[Metadata] | None
    description: bytes


def read(content: bytes) -> Model:
    """Return the objects in the bytes of a `.tflite` file. Names of tensors become strings."""
    model = cast(Model, flatbuffer_utils.read_model_from_bytearray(bytearray(content)))
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            tensor.name = _text(tensor.name)
    for signature in model.signatureDefs or []:
        signature.signatureKey = _text(signature.signatureKey)
        for end in (*signature.inputs, *signature.outputs):
            end.name = _text(end.name)
    return model


def write(model: Model) -> bytes:
    """Return the bytes of the `.tflite` file of a model."""
    model.buffers = [AlignedBuffer(buffer.data) for buffer in model.buffers]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(cast(Any, model)))


def add_buffer(model: Model, data: bytes) -> int:
    """Append a buffer to a model and return its index."""
    model.buffers.append(AlignedBuffer(np.frombuffer(data, np.uint8)))
    return len(model.buffers) - 1


def kind_of(model: Model, operator: Operator) -> int:
    """Return which of `OPERATORS` an operator is."""
    code = model.operatorCodes[operator.opcodeIndex]
    return flatbuffer_utils.get_builtin_code_from_operator_code(code)


def is_constant(model: Model, tensor: Tensor) -> bool:
    """Return whether the file holds the tensor's values."""
    data = model.buffers[tensor.buffer].data
    return data is not None and len(data) > 0


def makers(graph: Graph) -> dict[int, Operator]:
    """Return the operator that computes each tensor, by the tensor's index."""
    return {index: operator for operator in graph.operators for index in operator.outputs}


def reader_counts(graph: Graph) -> Counter[int]:
    """Return how many inputs of operators read each tensor, by the tensor's index."""
    return Counter(index for operator in graph.operators for index in operator.inputs)


def rename_ends(model: Model) -> None:
    """Give input and output tensors the names that their signature has for them.

    Viewers, and runtimes without signatures, show the tensors' own names, which the converter
    makes up ("StatefulPartitionedCall_1:0").
    """
    for signature in model.signatureDefs:
        tensors = model.subgraphs[signature.subgraphIndex].tensors
        for end in (*signature.inputs, *signature.outputs):
            tensors[end.tensorIndex].name = end.name


def set_first_size(model: Model) -> None:
    """Let inputs of any size start at 64×64 pixels instead of 1×1.

    Not every network runs on one pixel, and a program may allocate the tensors before it resizes
    them.
    """
    for graph in model.subgraphs:
        for index in graph.inputs:
            tensor = graph.tensors[index]
            if tensor.shapeSignature is not None and -1 in tensor.shapeSignature[1:3]:
                sides = [FIRST_SIZE if side == -1 else side for side in tensor.shapeSignature[1:3]]
                tensor.shape = [tensor.shape[0], *sides, tensor.shape[3]]


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name
