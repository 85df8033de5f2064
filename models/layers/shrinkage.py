"""First weights of a layer that removes noise by shrinkage in overlapping windows.

A photo without noise needs few coefficients of a cosine transform, and noise needs all of them
equally. So small coefficients are mostly noise. Shrinkage subtracts from each window what its small
coefficients and the small parts of its large ones amount to, here with windows of 6×6 pixels at
every second pixel (the idea: Donoho 1995; with learned filters, Schmidt and Roth, CVPR 2014).

In the network, a convolution over blocks of 2×2 pixels computes the coefficients, a ReLU6 cuts them
to the small part, and a second convolution turns the small parts into pixels. These weights are
where the training starts; it changes all of them.
"""

import numpy as np

SIDE = 6  # pixels of a window: three blocks of 2×2
BLOCK = 2  # pixels
WINDOWS = (SIDE // BLOCK) ** 2  # that cover a pixel
LUMA, RED_BLUE, GREEN = 35, 15, 14  # filters of each color direction; 35 are all but the mean
DIRECTIONS = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])


def shrinkage_filters() -> np.ndarray:
    """Return the filters, `(SIDE, SIDE, 3, 64)`, orthonormal.

    The products of cosines stand in the order of rising frequency, without the mean. Brightness has
    all of them, and the two color directions have the lowest ones.
    """
    frequency, place = np.arange(SIDE)[:, None], np.arange(SIDE)[None]
    cosines = np.cos(np.pi * frequency * (2 * place + 1) / (2 * SIDE)) * np.sqrt(2 / SIDE)
    cosines[0] /= np.sqrt(2)
    pairs = sorted(np.ndindex(SIDE, SIDE), key=lambda pair: (sum(pair), pair))[1:]
    counts = LUMA, RED_BLUE, GREEN
    return np.stack(
        [
            np.einsum("i,j,c->ijc", cosines[y], cosines[x], direction)
            for direction, count in zip(DIRECTIONS, counts, strict=True)
            for y, x in pairs[:count]
        ],
        axis=-1,
    )


def analysis_kernel() -> np.ndarray:
    """Return the kernel from blocks of pixels to coefficients, `(3, 3, 12, 64)`."""
    filters = shrinkage_filters()
    blocks = SIDE // BLOCK
    kernel = filters.reshape(blocks, BLOCK, blocks, BLOCK, 3, -1).transpose(0, 2, 1, 3, 4, 5)
    return kernel.reshape(blocks, blocks, BLOCK * BLOCK * 3, -1)


def synthesis_kernel() -> np.ndarray:
    """Return the kernel from coefficients to blocks of pixels, `(3, 3, 64, 12)`.

    Both convolutions together give each pixel of brightness less the means of the windows that
    cover the pixel.
    """
    return analysis_kernel()[::-1, ::-1].transpose(0, 1, 3, 2) / WINDOWS
