"""Weights rounded to 8 bits so that their errors cancel.

Rounded each by itself, the weights of a filter err by chance, and on a flat area, where all that a
filter sees is alike, the errors add up: filters that make neighboring pixels of one colour then
differ by some levels, a pattern that the eye finds. Rounded one after the other, each may make up
for what the ones before did, weighed by what the network really sees.
"""

import numpy as np

from export import graph
from export.quantize.convolutions import change, convolutions
from export.quantize.observation import Windows

TOP = 127  # the 8-bit grid of a filter is symmetric: -127 to 127 times its scale
DAMPING = 0.01  # of the mean variance: what was hardly seen is rounded to the nearest


def rounded(content: bytes, seen: dict[str, Windows], floats: list[str] = ()) -> bytes:
    """The same network, still in floats, with kernels that have 8-bit values exactly.

    A filter's scale is its greatest magnitude / 127, and stays: the quantizer finds the same grid,
    and has nothing left to round. What the errors come to for the mean window is taken from the
    bias (Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction",
    ICCV 2019, section 4.2).

    Args:
        content: a `.tflite` file of 32-bit floats, of any size.
        seen: what the convolutions are given, by the kernels' names.
        floats: names of tensors that are to be computed in floats: their kernels stay.

    Returns:
        Another file. Convolutions that `seen` does not have are as they were.
    """
    model = graph.read(content)
    for convolution in convolutions(model):
        known = seen.get(convolution.name)
        if known is None or not known.count or convolution.result in floats:
            continue
        filters = convolution.kernel.reshape(len(convolution.kernel), -1).astype(np.float64)
        values = round_filters(filters, known.covariance())
        bias = convolution.bias + (filters - values) @ known.mean()
        change(model, convolution, values.reshape(convolution.kernel.shape), bias)
    return graph.written(model)


def round_filters(filters: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Filters on their 8-bit grids, with little change of what they compute of what they see.

    Values are rounded one after the other, those that vary most first, and the values that follow
    take up each error as far as what they see goes along with it: Frantar et al., "GPTQ: Accurate
    Post-Training Quantization for Generative Pre-trained Transformers", ICLR 2023, algorithm 1.

    Args:
        filters: `(F, K)`.
        covariance: of what they see, `(K, K)`.

    Returns:
        `(F, K)` float64: whole numbers from -127 to 127 times each filter's greatest magnitude /
        127, which is among them.
    """
    scales = np.abs(filters).max(1) / TOP
    scales[scales == 0] = 1
    values = np.asarray(filters, np.float64) / scales[:, None]
    greatest = np.abs(values).argmax(1)
    variances = np.diag(covariance)
    damping = DAMPING * variances.mean() or 1.0  # all that it saw was constant: to the nearest
    order = np.argsort(-variances, kind="stable")
    values = values[:, order]
    damped = covariance[np.ix_(order, order)] + damping * np.eye(len(order))
    # Row k: how the values after k make up for an error of k, given that those before are fixed.
    factor = np.linalg.cholesky(np.linalg.inv(damped)).T
    result = np.empty_like(values)
    for k, column in enumerate(order):
        whole = np.clip(np.rint(values[:, k]), -TOP, TOP)
        held = greatest == column  # or the grid would be another
        whole[held] = np.where(filters[held, column] < 0, -TOP, TOP)
        whole[~filters.any(1)] = 0
        error = (values[:, k] - whole) / factor[k, k]
        values[:, k:] -= np.outer(error, factor[k, k:])
        result[:, column] = whole
    return result * scales[:, None]
