"""Shift loss: a penalty for patterns that come from the network's blocks and not from the photo."""

from typing import Any

from common.backend import keras

ops: Any = keras.ops  # Keras annotates operations as if they could return None

BORDER = 18  # pixels that do not count: a shifted image continues on its other side


def shifted(images):
    """Shift images by one pixel: the first half of the batch down, the other half to the right.

    What leaves an image at one side enters at the other.

    Args:
        images: `(N, H, W, C)`.

    Returns:
        As `images`.
    """
    half = images.shape[0] // 2
    down = ops.roll(images[:half], 1, axis=1)
    right = ops.roll(images[half:], 1, axis=2)
    return ops.concatenate([down, right])


def shift_loss(enhanced, enhanced_shifted):
    """Return how much the fine detail of a result depends on the photo's place by one pixel.

    A network that works on blocks of pixels can answer a discriminator with a pattern of the period
    of its blocks. Such a pattern stays where it is when the photo is shifted. Grain that comes from
    the photo, and all other detail, shift with the photo. So the loss removes patterns alone.

    Formula: `mean |d - box(d)|` with `d = F(shift(x)) - shift(F(x))`, where `box` is the mean of
    5×5 pixels. A network that sees the whole photo decides the light of the shifted photo anew. The
    difference to the mean leaves such changes of light out. `BORDER` pixels at each side do not
    count.

    Args:
        enhanced: `F(x)`, `(N, H, W, C)` float RGB in [0, 1]; H and W above `2 · BORDER + 4`.
        enhanced_shifted: `F(shift(x))`, as `enhanced`, where `shift` is `shifted`.

    Returns:
        A scalar ≥ 0.
    """
    inside = slice(BORDER, -BORDER)
    difference = (enhanced_shifted - shifted(enhanced))[:, inside, inside]
    fine = difference[:, 2:-2, 2:-2] - ops.average_pool(difference, 5, strides=1)
    return ops.mean(ops.abs(fine))
