"""Repairs of a quantized graph: open sides, and operations left in floats without need."""

from export.flatbuffer import (
    OPERATORS,
    Graph,
    Model,
    Operator,
    Quantization,
    Tensor,
    is_constant,
    kind_of,
    makers,
)


def tensors_from_input(model: Model, name: str) -> list[str]:
    """Return the names of one input and of all tensors computed from that input alone."""
    graph = model.subgraphs[0]
    found = {end.tensorIndex for end in model.signatureDefs[0].inputs if end.name == name}
    for operator in graph.operators:
        sources = {index for index in operator.inputs if index >= 0}
        sources = {index for index in sources if not is_constant(model, graph.tensors[index])}
        if sources and sources <= found:
            found |= set(operator.outputs)
    return [graph.tensors[index].name for index in sorted(found)]


def open_sides(model: Model) -> None:
    """Mark the open sides of the tensors beside QUANTIZE and DEQUANTIZE in files of any size.

    The quantizer gives its new tensors the size that is stored in the file, 1×1, as a fixed size.
    """
    for graph in model.subgraphs:
        for operator in graph.operators:
            if kind_of(model, operator) in (OPERATORS.QUANTIZE, OPERATORS.DEQUANTIZE):
                ends = [graph.tensors[operator.inputs[0]], graph.tensors[operator.outputs[0]]]
                for tensor, other in (ends, ends[::-1]):
                    if tensor.shapeSignature is None and other.shapeSignature is not None:
                        tensor.shapeSignature = [*other.shapeSignature]


def fold_islands(model: Model) -> None:
    """Let DEPTH_TO_SPACE move integers, where the quantizer surrounds it with floats.

    The quantizer does not know DEPTH_TO_SPACE and writes DEQUANTIZE, DEPTH_TO_SPACE, QUANTIZE. The
    operation only moves values, so it can move the integers. The DEQUANTIZE then goes, and so does
    a QUANTIZE to the same scale.
    """
    for graph in model.subgraphs:
        made_by, readers = makers(graph), _readers(graph)
        removed: list[Operator] = []
        for operator in graph.operators:
            if kind_of(model, operator) != OPERATORS.DEPTH_TO_SPACE:
                continue
            before = made_by.get(operator.inputs[0])
            after = readers.get(operator.outputs[0], [])
            if before is None or kind_of(model, before) != OPERATORS.DEQUANTIZE:
                continue
            if len(after) != 1 or kind_of(model, after[0]) != OPERATORS.QUANTIZE:
                continue
            if operator.outputs[0] in graph.outputs:
                continue
            source, target = before.inputs[0], after[0].outputs[0]
            moved = graph.tensors[operator.outputs[0]]
            operator.inputs = [source]
            moved.type = graph.tensors[source].type
            moved.quantization = graph.tensors[source].quantization
            if len(readers[before.outputs[0]]) == 1:
                removed.append(before)
            if _same_integers(moved, graph.tensors[target]):
                operator.outputs = [target]
                removed.append(after[0])
        graph.operators = [
            operator
            for operator in graph.operators
            if not any(operator is other for other in removed)
        ]


def _readers(graph: Graph) -> dict[int, list[Operator]]:
    """Return the operators that read each tensor, by the tensor's index."""
    readers: dict[int, list[Operator]] = {}
    for operator in graph.operators:
        for index in operator.inputs:
            readers.setdefault(index, []).append(operator)
    return readers


def _same_integers(a: Tensor, b: Tensor) -> bool:
    """Return whether equal integers in two quantized tensors stand for equal values."""
    if a.type != b.type or a.quantization is None or b.quantization is None:
        return False
    return _steps(a.quantization) == _steps(b.quantization)


def _steps(quantization: Quantization) -> tuple[list[float], list[int]]:
    return [*(quantization.scale or [])], [*(quantization.zeroPoint or [])]
