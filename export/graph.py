"""Small edits of a model file: names of its tensors, a size to start at, no islands of floats."""

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

ALIGNMENT = 16  # bytes, of constants; what the schema asks for and the Python writer forgets
FIRST_SIZE = 64  # pixels
OPERATORS = schema.BuiltinOperator
TYPES = schema.TensorType


def read(content: bytes) -> schema.ModelT:
    """The model in the bytes of a `.tflite` file, to be changed."""
    return flatbuffer_utils.read_model_from_bytearray(bytearray(content))


def written(model: schema.ModelT) -> bytes:
    """The `.tflite` file of a model."""
    for buffer in model.buffers:
        buffer.__class__ = _AlignedBuffer
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


class _AlignedBuffer(schema.BufferT):
    def Pack(self, builder):  # noqa: N802  overrides
        if self.data is None or not len(self.data):
            return super().Pack(builder)
        # Not CreateNumpyVector, which aligns to the element's size, one byte.
        data = np.frombuffer(bytes(self.data), np.uint8)
        builder.StartVector(1, len(data), ALIGNMENT)
        builder.head -= len(data)
        builder.Bytes[builder.Head() : builder.Head() + len(data)] = data.tobytes()
        vector = builder.EndVector()
        schema.BufferStart(builder)
        schema.BufferAddData(builder, vector)
        return schema.BufferEnd(builder)


def signature(model: schema.ModelT) -> str:
    """The key of a model's first signature."""
    return model.signatureDefs[0].signatureKey.decode()


def name_tensors(model: schema.ModelT) -> None:
    """Give inputs and outputs the names that their signature has for them.

    A runtime that knows no signatures, and every viewer, shows the tensors' own names, which the
    converter makes up ("StatefulPartitionedCall_1:0").
    """
    for signature in model.signatureDefs:
        tensors = model.subgraphs[signature.subgraphIndex].tensors
        for entry in (*signature.inputs, *signature.outputs):
            tensors[entry.tensorIndex].name = entry.name


def give_size(model: schema.ModelT) -> None:
    """Let inputs of any size start at 64×64 pixels, not at 1×1, which not every network takes.

    A program that allocates the tensors before it resizes them would fail otherwise.
    """
    for graph in model.subgraphs:
        for index in graph.inputs:
            tensor = graph.tensors[index]
            if tensor.shapeSignature is not None and -1 in list(tensor.shapeSignature[1:3]):
                sides = [FIRST_SIZE if side == -1 else side for side in tensor.shapeSignature[1:3]]
                tensor.shape = [tensor.shape[0], *map(int, sides), tensor.shape[3]]


def made_of(model: schema.ModelT, name: str) -> list[str]:
    """The tensors that are computed from one input of the signature alone, and it, by name."""
    graph = model.subgraphs[0]
    found = {
        entry.tensorIndex
        for entry in model.signatureDefs[0].inputs
        if entry.name in (name, name.encode())
    }
    for operator in graph.operators:  # in the order of computation
        sources = {int(index) for index in operator.inputs if index >= 0}
        sources = {index for index in sources if not _is_constant(model, graph.tensors[index])}
        if sources and sources <= found:
            found |= {int(index) for index in operator.outputs}
    return [graph.tensors[index].name.decode() for index in sorted(found)]


def _is_constant(model: schema.ModelT, tensor) -> bool:
    data = model.buffers[tensor.buffer].data
    return data is not None and len(data) > 0


def keep_open(model: schema.ModelT) -> None:
    """Say of the tensors beside QUANTIZE and DEQUANTIZE which sides are open, as of the others.

    The quantizer lays new tensors there of the size that was written, 1×1 for one of any size.
    """
    for graph in model.subgraphs:
        for operator in graph.operators:
            if kind_of(model, operator) in (OPERATORS.QUANTIZE, OPERATORS.DEQUANTIZE):
                ends = [graph.tensors[index] for index in (operator.inputs[0], operator.outputs[0])]
                for tensor, other in (ends, ends[::-1]):
                    if tensor.shapeSignature is None and other.shapeSignature is not None:
                        tensor.shapeSignature = [*map(int, other.shapeSignature)]


def fold_islands(model: schema.ModelT) -> None:
    """Let operations that only move values move integers.

    The quantizer does not know DEPTH_TO_SPACE, and lays floats around it: DEQUANTIZE,
    DEPTH_TO_SPACE, QUANTIZE. The integers are moved instead; if the QUANTIZE was to the very same
    scale it goes, too.
    """
    for graph in model.subgraphs:
        makers = {int(op.outputs[0]): op for op in graph.operators if len(op.outputs) == 1}
        users = {}
        for op in graph.operators:
            for index in op.inputs:
                users.setdefault(int(index), []).append(op)
        gone = []
        for operator in graph.operators:
            if kind_of(model, operator) != OPERATORS.DEPTH_TO_SPACE:
                continue
            before = makers.get(int(operator.inputs[0]))
            after = users.get(int(operator.outputs[0]), [])
            if before is None or kind_of(model, before) != OPERATORS.DEQUANTIZE:
                continue
            if len(after) != 1 or kind_of(model, after[0]) != OPERATORS.QUANTIZE:
                continue
            if int(operator.outputs[0]) in map(int, graph.outputs):
                continue
            source, target = int(before.inputs[0]), int(after[0].outputs[0])
            moved = graph.tensors[int(operator.outputs[0])]
            operator.inputs = [source]
            moved.type = graph.tensors[source].type
            moved.quantization = graph.tensors[source].quantization
            if len(users[int(before.outputs[0])]) == 1:
                gone.append(before)
            if _same_steps(moved, graph.tensors[target]):
                operator.outputs = [target]
                gone.append(after[0])
        graph.operators = [op for op in graph.operators if not any(op is other for other in gone)]


def kind_of(model: schema.ModelT, operator: schema.OperatorT) -> int:
    """One of `OPERATORS`."""
    code = model.operatorCodes[operator.opcodeIndex]
    return flatbuffer_utils.get_builtin_code_from_operator_code(code)


def _same_steps(a, b) -> bool:
    """Whether two quantized tensors mean the same by the same integers."""
    if a.type != b.type or a.quantization is None or b.quantization is None:
        return False
    return all(
        np.array_equal(getattr(a.quantization, name), getattr(b.quantization, name))
        for name in ("scale", "zeroPoint")
    )
