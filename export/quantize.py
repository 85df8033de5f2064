"""Eight-bit weights, and eight-bit arithmetic, by LiteRT's quantizer.

It is the one that is maintained, and works on a converted file, whatever that was made from: what
is quantized is what was checked.
"""

import re
import warnings

import numpy as np
from litert_quantizer import (
    algorithm_manager,
    calibrator,
    qtyping,
    quantizer,
    recipe,
    recipe_manager,
)
from litert_quantizer.utils import qsv_utils

from backend import native_output_hidden
from export import graph
from models.signatures import THUMBNAIL

THREADS = 2


def dynamic(content: bytes) -> bytes:
    """Weights of the convolutions in 8 bits, one scale a filter; everything else in floats.

    The runtime quantizes what goes into a convolution as it goes, by its own range.

    Args:
        content: a `.tflite` file of 32-bit floats.

    Returns:
        Another one, of the same inputs and outputs, about a quarter as large.
    """
    return _quantized(content, recipe.dynamic_wi8_afp32(), None)


def ranges(content: bytes, samples: list[dict[str, np.ndarray]]) -> dict[str, dict]:
    """The range of every tensor over some inputs, for `int8`.

    Least and greatest value of all: what the quantizer does by itself, an average over the inputs
    in which the last ones count most, cuts off bright and dark photos: a third of a decibel.

    Args:
        content: a `.tflite` file of 32-bit floats with one signature, for fixed tiles.
        samples: what its inputs are, by name, of the tiles' size; several.

    Returns:
        {tensor's name: {"min": …, "max": …}}, also right for the same network at another size.
    """
    recipes = recipe_manager.RecipeManager()
    recipes.load_quantization_recipe(recipe.static_wi8_ai8())
    with native_output_hidden(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that keeping all tensors takes memory
        observer = calibrator.Calibrator(
            content, num_threads=THREADS, qsv_update_func=qsv_utils.min_max_update
        )
        observer.calibrate({_signature(content): samples}, recipes)
    return observer.get_model_qsvs()


def int8(content: bytes, known: dict[str, dict]) -> bytes:
    """All arithmetic in 8 bits, the pictures that go in and come out in plain bytes.

    Inputs and outputs are uint8 with scale 1/255 and zero point 0, so that 0 to 255 are [0, 1] and
    what a network returns beyond is clipped. Inside, int8, one scale a filter for weights.

    Args:
        content: as for `dynamic`, with one signature.
        known: what `ranges` found.

    Returns:
        Another file. Floats are what it computes of the thumbnail alone, if it takes one, and
        what surrounds operations that the quantizer does not know.
    """
    unit = {"min": np.zeros((1, 1, 1, 1), np.float32), "max": np.ones((1, 1, 1, 1), np.float32)}
    known = _less_what_relu_drops(content, known)
    tensors = graph.read(content).subgraphs[0]
    ends = [*tensors.inputs, *tensors.outputs]
    known = {**known, **{tensors.tensors[index].name.decode(): unit for index in ends}}
    kept = graph.made_of(graph.read(content), THUMBNAIL)
    edited = graph.read(_quantized(content, recipe.static_wi8_ai8(), known, kept))
    graph.keep_open(edited)
    graph.fold_islands(edited)
    return graph.written(edited)


def _less_what_relu_drops(content: bytes, known: dict[str, dict]) -> dict[str, dict]:
    """Ranges without values of a sum's term that the ReLU after it makes 0 whatever the other is.

    A term below minus the greatest value of the other may as well be just that; the steps
    between the others become finer.
    """
    known = {name: dict(values) for name, values in known.items()}
    for pair in graph.sums_under_relu(graph.read(content)):
        if all(name in known for name in pair):
            greatest = [known[name]["max"] for name in pair]
            for name, other in zip(pair, greatest[::-1], strict=True):
                least = np.maximum(known[name]["min"], -np.max(other))
                known[name]["min"] = least.astype(np.float32)
    return known


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


def _signature(content: bytes) -> str:
    return graph.read(content).signatureDefs[0].signatureKey.decode()
