"""The constants of a `.tflite` file, read from the file without running it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np


def constants_of(path: Path) -> Iterator[np.ndarray]:
    """Yield each floating-point constant of a model file, and the scales of its integers, 1-D.

    Args:
        path: A `.tflite` file that LiteRT opens.
    """
    from ai_edge_litert import schema_py_generated as schema  # 0.15 s

    types = {schema.TensorType.FLOAT32: np.float32, schema.TensorType.FLOAT16: np.float16}
    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    for graph in model.subgraphs or []:
        for tensor in graph.tensors or []:
            if tensor.quantization is not None and tensor.quantization.scale is not None:
                yield np.asarray(tensor.quantization.scale, np.float32)
            data = (model.buffers or [])[tensor.buffer].data
            if tensor.type in types and data is not None:
                yield np.frombuffer(bytes(data), types[tensor.type])
