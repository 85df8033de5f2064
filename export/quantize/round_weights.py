"""Weights rounded to 8 bits together, so that their errors cancel.

`litert-quantizer` rounds each weight of a convolution to its nearest 8-bit value. (Its GPTQ is for
fully connected layers only.) The errors of a filter are then independent. On a flat area a filter
sees equal values, so the errors add up: filters that make neighboring pixels of one color differ
by some levels, and the eye finds the pattern. Here the weights are rounded one after the other.
Each makes up for the errors before it, weighted by the inputs that the network really gets.
"""

from collections.abc import Sequence

import numpy as np

from export import flatbuffer
from export.quantize.convolutions import find_convolutions, replace_weights
from export.quantize.observe import WindowSums

TOP = 127  # a filter's 8-bit grid is symmetric: -127 to 127 times the filter's scale
DAMPING = 0.01  # of the mean variance; weights of inputs that hardly vary go to the nearest


def round_weights(
    content: bytes, windows: dict[str, WindowSums], kept: Sequence[str] = ()
) -> bytes:
    """Return the same network, still in floats, with kernels of 8-bit values.

    A filter's scale is its greatest magnitude / 127, and stays: the quantizer then finds the same
    grid, and has nothing left to round. The mean error of a filter's output is taken from its bias
    (Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction",
    ICCV 2019, section 4.2).

    Args:
        content: a `.tflite` file of 32-bit floats, of any size.
        windows: inputs of the convolutions, by the kernels' names.
        kept: names of tensors that the network computes in floats; their kernels stay.

    Returns:
        The content of the new file. Convolutions without an entry in `windows` stay.
    """
    model = flatbuffer.read(content)
    for convolution in find_convolutions(model):
        sums = windows.get(convolution.name)
        if sums is None or not sums.count or convolution.result in kept:
            continue
        filters = convolution.kernel.reshape(len(convolution.kernel), -1).astype(np.float64)
        values = round_filters(filters, sums.covariance())
        bias = convolution.bias + (filters - values) @ sums.mean()
        replace_weights(model, convolution, values.reshape(convolution.kernel.shape), bias)
    return flatbuffer.write(model)


def round_filters(filters: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Round filters to their 8-bit grids with little change of their outputs.

    Values are rounded one after the other, those of the most varied inputs first. The following
    values take up each error as far as their inputs correlate: Frantar et al., "GPTQ: Accurate
    Post-Training Quantization for Generative Pre-trained Transformers", ICLR 2023, algorithm 1.

    Args:
        filters: `(F, K)`.
        covariance: of the filters' inputs, `(K, K)`.

    Returns:
        `(F, K)` float64: integers from -127 to 127 times each filter's greatest magnitude / 127.
        The greatest magnitude itself is among the values.
    """
    scales = np.abs(filters).max(1) / TOP
    scales[scales == 0] = 1
    values = np.asarray(filters, np.float64) / scales[:, None]
    greatest = np.abs(values).argmax(1)
    variances = np.diag(covariance)
    damping = DAMPING * variances.mean() or 1.0  # constant inputs: each value to the nearest
    order = np.argsort(-variances, kind="stable")
    values = values[:, order]
    damped = covariance[np.ix_(order, order)] + damping * np.eye(len(order))
    # Row k: how the values after k make up for an error of k while the values before stay fixed.
    factor = np.linalg.cholesky(np.linalg.inv(damped)).T
    result = np.empty_like(values)
    for k, column in enumerate(order):
        integers = np.clip(np.rint(values[:, k]), -TOP, TOP)
        held = greatest == column  # a smaller greatest value would give another grid
        integers[held] = np.where(filters[held, column] < 0, -TOP, TOP)
        integers[~filters.any(1)] = 0
        error = (values[:, k] - integers) / factor[k, k]
        values[:, k:] -= np.outer(error, factor[k, k:])
        result[:, column] = integers
    return result * scales[:, None]
