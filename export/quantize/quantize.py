"""Eight-bit weights, and eight-bit arithmetic, by LiteRT's quantizer.

It is the one that is maintained, and works on a converted file, whatever that was made from: what
is quantized is what was checked.
"""

import re

from litert_quantizer import algorithm_manager, qtyping, quantizer, recipe

from common.backend import native_output_hidden
from common.tensor_names import THUMBNAIL
from export import graph
from export.quantize.observation import Observed
from export.quantize.ranges import ranges
from export.quantize.rounding import rounded


def dynamic(content: bytes, observed: Observed | None = None) -> bytes:
    """Weights of the convolutions in 8 bits, one scale a filter; everything else in floats.

    The runtime quantizes what goes into a convolution as it goes, by its own range.

    Args:
        content: a `.tflite` file of 32-bit floats.
        observed: of the same network; without it weights are rounded each to its nearest.

    Returns:
        Another one, of the same inputs and outputs, about a quarter as large.
    """
    if observed is not None:
        content = rounded(content, observed.windows)
    return _quantized(content, recipe.dynamic_wi8_afp32(), None)


def int8(content: bytes, observed: Observed) -> bytes:
    """All arithmetic in 8 bits, the pictures that go in and come out in plain bytes.

    Inputs and outputs are uint8 with scale 1/255 and zero point 0, so that 0 to 255 are [0, 1] and
    what a network returns beyond is clipped. Inside, int8, one scale a filter for weights.

    Args:
        content: as for `dynamic`, with one signature.
        observed: of the same network.

    Returns:
        Another file. Floats are what it computes of the thumbnail alone, if it takes one, and
        what surrounds operations that the quantizer does not know.
    """
    kept = graph.made_of(graph.read(content), THUMBNAIL)
    content = rounded(content, observed.windows, kept)
    quantized = _quantized(content, recipe.static_wi8_ai8(), ranges(content, observed), kept)
    edited = graph.read(quantized)
    graph.keep_open(edited)
    graph.fold_islands(edited)
    return graph.written(edited)


def _quantized(content: bytes, rules, known: dict | None, kept: list[str] = ()) -> bytes:
    network = quantizer.Quantizer(bytearray(content))
    network.load_quantization_recipe(rules)
    if known is not None:
        byte = qtyping.TensorQuantizationConfig(
            num_bits=8, symmetric=False, dtype=qtyping.TensorDataType.UINT
        )
        pictures = qtyping.OpQuantizationConfig(
            activation_tensor_config=byte, compute_precision=qtyping.ComputePrecision.INTEGER
        )
        for end in (qtyping.TFLOperationName.INPUT, qtyping.TFLOperationName.OUTPUT):
            network.update_quantization_recipe(".*", end, pictures)
        for name in kept:
            network.update_quantization_recipe(
                f"^{re.escape(name)}",
                qtyping.TFLOperationName.ALL_SUPPORTED,
                algorithm_key=algorithm_manager.AlgorithmName.NO_QUANTIZE,
            )
    with native_output_hidden():
        result = network.quantize(known, enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)
