"""The two kinds of 8-bit file, made from a file of 32-bit floats by LiteRT's quantizer.

`litert-quantizer` is the maintained quantizer, and works on a converted file: the file that is
quantized is the file that was checked. The export does three things better than the quantizer
does by default, and each has its module: `round_weights`, `choose_ranges`, `repair_graph`.
"""

import re
from collections.abc import Sequence
from typing import Any

from litert_quantizer import algorithm_manager, qtyping, quantizer, recipe

from common.backend import native_output_hidden
from common.tensor_names import THUMBNAIL
from export import flatbuffer
from export.quantize.choose_ranges import choose_ranges
from export.quantize.observe import Observations
from export.quantize.repair_graph import fold_islands, open_sides, tensors_from_input
from export.quantize.round_weights import round_weights


def to_dynamic(content: bytes, observations: Observations | None = None) -> bytes:
    """Store the convolutions' weights in 8 bits, with one scale for each filter.

    Everything else stays in floats. At run time the runtime quantizes the input of each
    convolution by the range of that input.

    Args:
        content: a `.tflite` file of 32-bit floats.
        observations: of the same network. Without them each weight is rounded to its nearest.

    Returns:
        A file with the same inputs and outputs, about a quarter as large.
    """
    if observations is not None:
        content = round_weights(content, observations.windows)
    return _quantize(content, recipe.dynamic_wi8_afp32())


def to_int8(content: bytes, observations: Observations) -> bytes:
    """Compute everything in 8 bits; images go in and come out as plain bytes.

    Inputs and outputs are uint8 with scale 1/255 and zero point 0: bytes 0 to 255 are [0, 1], and
    results beyond that range are clipped. Inside, tensors are int8, with one scale for each filter
    of weights.

    Args:
        content: a `.tflite` file of 32-bit floats with one signature.
        observations: of the same network.

    Returns:
        The quantized file. Tensors computed from the thumbnail alone stay in floats: they say how
        bright the whole photo becomes. Operations that the quantizer does not know compute floats.
    """
    kept = tensors_from_input(flatbuffer.read(content), THUMBNAIL)
    content = round_weights(content, observations.windows, kept)
    ranges = choose_ranges(content, observations)
    quantized = flatbuffer.read(_quantize(content, recipe.static_wi8_ai8(), ranges, kept))
    open_sides(quantized)
    fold_islands(quantized)
    return flatbuffer.write(quantized)


def _quantize(
    content: bytes, rules, ranges: dict[str, Any] | None = None, kept: Sequence[str] = ()
) -> bytes:
    """Run LiteRT's quantizer; tensors in `kept` stay in floats."""
    network = quantizer.Quantizer(bytearray(content))
    network.load_quantization_recipe(rules)
    if ranges is not None:
        byte = qtyping.TensorQuantizationConfig(
            num_bits=8, symmetric=False, dtype=qtyping.TensorDataType.UINT
        )
        images = qtyping.OpQuantizationConfig(
            activation_tensor_config=byte, compute_precision=qtyping.ComputePrecision.INTEGER
        )
        for end in (qtyping.TFLOperationName.INPUT, qtyping.TFLOperationName.OUTPUT):
            network.update_quantization_recipe(".*", end, images)
        for name in kept:
            network.update_quantization_recipe(
                f"^{re.escape(name)}",
                qtyping.TFLOperationName.ALL_SUPPORTED,
                algorithm_key=algorithm_manager.AlgorithmName.NO_QUANTIZE,
            )
    with native_output_hidden():
        result = network.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    if result.quantized_model is None:
        raise RuntimeError("litert-quantizer returned no model")
    return bytes(result.quantized_model)
