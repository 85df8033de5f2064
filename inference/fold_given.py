"""A network in which all that depends on the whole photo alone is computed once, not in each tile.

Beside each tile, a network may take tensors that are the same for all tiles: the photo's thumbnail,
or statistics of the photo. All that follows from these tensors alone becomes a constant. Constant
factors and shifts then go into the weights of the convolutions beside them (`fold_rules.py`).
"""

from typing import Any

import numpy as np

from inference.fold_rules import RULES
from inference.litert_graph import CODES, Graph, signature_of

# Operations that need more than their inputs.
_STATEFUL = {CODES.CALL, CODES.CALL_ONCE, CODES.IF, CODES.WHILE, CODES.VAR_HANDLE}


def fold_given(model: Any, name: str | None, given: dict[str, np.ndarray]) -> bytes | None:
    """Return a network of a model for one photo.

    The results differ from the model's own by the rounding of float32.

    Args:
        model: The result of `read_model`.
        name: The signature of the network; None for the first one.
        given: The tensors that are the same for all tiles, float32. Names that the network does not
            take are ignored.

    Returns:
        A `.tflite` file whose only network has the signature's other inputs; None if the model has
        no such signature, takes or gives integers, or calls other networks or keeps variables.

    Raises:
        ValueError: LiteRT cannot compute the constants.
        RuntimeError: LiteRT cannot compute the constants.
    """
    signature = signature_of(model, name)
    if signature is None:
        return None
    graph = Graph(model, signature)
    if _is_quantized(graph) or any(graph.code(one) in _STATEFUL for one in graph.operations):
        return None
    given = {key: values for key, values in given.items() if key in graph.inputs}
    _compute_constants(model, signature, graph, given)
    while any(rule(graph, operation) for operation in graph.operations for rule in RULES):
        pass
    return graph.content()


def _is_quantized(graph: Graph) -> bool:
    return any(graph.is_integer(t) for t in (*graph.inputs.values(), *graph.outputs.values()))


def _compute_constants(
    model: Any, signature: Any, graph: Graph, given: dict[str, np.ndarray]
) -> None:
    """Replace the operations of `graph` that depend on `given` alone by their results.

    Operations that depend on nothing stay: they turn float16 weights into float32 weights, which
    LiteRT does once.
    """
    varying = {tensor for name, tensor in graph.inputs.items() if name not in given}
    known = {graph.inputs[name] for name in given}
    part = Graph(model, signature)
    part.operations, rest = [], []
    for operation in graph.operations:
        inputs = set(operation.inputs)
        if inputs & varying:
            varying.update(operation.outputs)
        elif inputs & known:
            known.update(operation.outputs)
            part.operations.append(operation)
            continue
        else:
            part.operations.append(operation)
        rest.append(operation)
    wanted = sorted(known & {tensor for operation in rest for tensor in operation.inputs})
    for name, values in given.items():
        graph.set_constant(graph.inputs[name], values)
    graph.operations = rest
    graph.inputs = {name: t for name, t in graph.inputs.items() if name not in given}
    graph.drop_unread()
    computed = [tensor for tensor in wanted if graph.constant(tensor) is None]
    if computed:
        part.inputs = {name: part.inputs[name] for name in given}
        part.outputs = {str(tensor): tensor for tensor in computed}
        part.drop_unread()
        for tensor, values in _run(part.content(), given).items():
            graph.set_constant(int(tensor), values)


def _run(content: bytes, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Run a network of one signature."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=1)
    (name,) = interpreter.get_signature_list()
    runner = interpreter.get_signature_runner(name)
    return runner(**inputs)
