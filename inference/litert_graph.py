"""One network of a `.tflite` file as a list of operations that can be changed and written again."""

import contextlib
import copy
import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from inference.aligned_buffer import AlignedBuffer

IDENTIFIER = b"TFL3"  # of the file format
CODES = schema.BuiltinOperator
NO_ACTIVATION = schema.ActivationFunctionType.NONE
RELU = schema.ActivationFunctionType.RELU


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    """Pause the search for cycles, which would go through all new objects several times."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def read_model(path: Path) -> Any:
    """Read a `.tflite` file that LiteRT opens.

    Returns:
        The schema's `ModelT`. Its arrays are views of the file's bytes.
    """
    with _collector_paused():
        return schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)


def signature_of(model: Any, name: str | None) -> Any | None:
    """Return the `SignatureDefT` of a name, the first one for None, or None if there is none."""
    found = (one for one in model.signatureDefs or [] if name in (None, one.signatureKey.decode()))
    return next(found, None)


class Graph:
    """A copy of one network of a model; the model itself stays as it is.

    A tensor is a number. The operations stand in the order of computation.

    Attributes:
        operations: The schema's `OperatorT` objects.
        inputs: The network's inputs by name.
        outputs: The network's outputs by name.
    """

    def __init__(self, model: Any, signature: Any):
        """Copy a network.

        Args:
            model: The result of `read_model`.
            signature: The result of `signature_of`.
        """
        graph = model.subgraphs[signature.subgraphIndex]
        self._model, self._signature, self._graph = model, signature, graph
        self._tensors, self._buffers = list(graph.tensors), list(model.buffers)
        self.operations = [copy.copy(operation) for operation in graph.operators]
        for operation in self.operations:
            operation.builtinOptions = copy.copy(operation.builtinOptions)
            operation.inputs = [int(tensor) for tensor in operation.inputs]
            operation.outputs = [int(tensor) for tensor in operation.outputs]
        self.inputs = {one.name.decode(): int(one.tensorIndex) for one in signature.inputs}
        self.outputs = {one.name.decode(): int(one.tensorIndex) for one in signature.outputs}

    def code(self, operation: Any) -> int:
        """Return the kind of an operation, one of `CODES`."""
        code = self._model.operatorCodes[operation.opcodeIndex]
        return max(code.builtinCode, code.deprecatedBuiltinCode)

    def is_float(self, tensor: int) -> bool:
        """Return whether a tensor is float32."""
        return self._tensors[tensor].type == schema.TensorType.FLOAT32

    def is_integer(self, tensor: int) -> bool:
        """Return whether a tensor holds quantized values."""
        floats = (schema.TensorType.FLOAT32, schema.TensorType.FLOAT16)
        return self._tensors[tensor].type not in floats

    def constant(self, tensor: int) -> np.ndarray | None:
        """Return the values of a float32 constant, or None for any other tensor."""
        if tensor < 0 or not self.is_float(tensor):
            return None
        data = self._buffers[self._tensors[tensor].buffer].data
        if data is None or not len(data):
            return None
        shape = self._tensors[tensor].shape
        return np.asarray(data).view(np.float32).reshape(() if shape is None else tuple(shape))

    def add_constant(self, values: np.ndarray) -> int:
        """Add float32 values; return their tensor."""
        tensor: Any = schema.TensorT()
        tensor.type = schema.TensorType.FLOAT32
        tensor.name = f"constant_{len(self._tensors)}"
        self._tensors.append(tensor)
        self.set_constant(len(self._tensors) - 1, np.asarray(values, np.float32))
        return len(self._tensors) - 1

    def set_constant(self, tensor: int, values: np.ndarray) -> None:
        """Make a tensor a constant with these values."""
        buffer: Any = schema.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
        self._buffers.append(buffer)
        changed = copy.copy(self._tensors[tensor])
        changed.buffer, changed.shape = len(self._buffers) - 1, list(values.shape)
        changed.shapeSignature = None
        self._tensors[tensor] = changed

    def maker(self, tensor: int) -> Any | None:
        """Return the operation that computes a tensor, or None."""
        return next((one for one in self.operations if tensor in one.outputs), None)

    def only_reader(self, tensor: int) -> Any | None:
        """Return the operation that reads a tensor, or None if not exactly one reads it, once.

        A tensor that is an output of the network has another reader, the caller.
        """
        readers = [one for one in self.operations for read in one.inputs if read == tensor]
        return readers[0] if len(readers) == 1 and tensor not in self.outputs.values() else None

    def drop_unread(self) -> None:
        """Remove the operations that the outputs do not need."""
        read, kept = set(self.outputs.values()), []
        for operation in reversed(self.operations):
            if not read.isdisjoint(operation.outputs):
                read.update(operation.inputs)
                kept.append(operation)
        self.operations = kept[::-1]

    def content(self) -> bytes:
        """Return the network as a `.tflite` file with one network and one signature."""
        read = {t for one in self.operations for t in (*one.inputs, *one.outputs) if t >= 0}
        tensors = sorted(read | {*self.inputs.values(), *self.outputs.values()})
        place = {tensor: number for number, tensor in enumerate(tensors)} | {-1: -1}
        graph, model = copy.copy(self._graph), copy.copy(self._model)
        graph.tensors, model.buffers = [], [schema.BufferT()]
        for tensor in tensors:
            written = copy.copy(self._tensors[tensor])
            data = self._buffers[written.buffer].data
            written.buffer = 0
            if data is not None and len(data):
                written.buffer = len(model.buffers)
                model.buffers.append(AlignedBuffer(data))
            graph.tensors.append(written)
        graph.operators = []
        for operation in self.operations:
            written = copy.copy(operation)
            written.inputs = [place[t] for t in operation.inputs]
            written.outputs = [place[t] for t in operation.outputs]
            graph.operators.append(written)
        graph.inputs = [place[t] for t in self.inputs.values()]
        graph.outputs = [place[t] for t in self.outputs.values()]
        signature = copy.copy(self._signature)
        signature.subgraphIndex = 0
        signature.inputs = _named(self.inputs, place)
        signature.outputs = _named(self.outputs, place)
        model.subgraphs, model.signatureDefs = [graph], [signature]
        model.metadata = model.metadataBuffer = None
        builder = flatbuffers.Builder()
        with _collector_paused():
            builder.Finish(model.Pack(builder), IDENTIFIER)
        return bytes(builder.Output())


def _named(tensors: dict[str, int], place: dict[int, int]) -> list[Any]:
    """Return the schema's list of named tensors."""
    found = []
    for name, tensor in tensors.items():
        one: Any = schema.TensorMapT()
        one.name, one.tensorIndex = name, place[tensor]
        found.append(one)
    return found
