"""The constants of a `.tflite` file."""

from collections.abc import Iterator
from typing import Any

import numpy as np


def constants_of(model: Any) -> Iterator[np.ndarray]:
    """Yield each floating-point constant of a model, and the scales of its integers, 1-D.

    Args:
        model: The result of `inference.litert_graph.read_model`.
    """
    from ai_edge_litert import schema_py_generated as schema  # 0.02 s

    types = {schema.TensorType.FLOAT32: np.float32, schema.TensorType.FLOAT16: np.float16}
    seen = set()  # networks of one file share the buffers of their weights
    for graph in model.subgraphs or []:
        for tensor in graph.tensors or []:
            if tensor.quantization is not None and tensor.quantization.scale is not None:
                yield np.asarray(tensor.quantization.scale, np.float32)
            data = model.buffers[tensor.buffer].data
            if tensor.type in types and data is not None and tensor.buffer not in seen:
                seen.add(tensor.buffer)
                yield np.frombuffer(bytes(data), types[tensor.type])
