"""The network for photos of any phone: it corrects the photo's light first, then the detail."""

import functools
from typing import Any

import numpy as np

from common.backend import keras
from models.layers.fourth_root import FourthRoot
from models.layers.global_moments import GlobalMoments
from models.layers.initializers import small_normal
from models.layers.shrinkage import analysis_kernel, synthesis_kernel
from models.layers.space_to_depth import DepthToSpace, SpaceToDepth
from models.layers.thumbnail import Thumbnail
from models.layers.tone_curves import (
    CURVE_INPUTS,
    KNOTS,
    MATRIX_INPUTS,
    PAIRS,
    SEGMENTS,
    ColorMatrix,
    ToneCurves,
)
from models.network_files import WeightsError
from models.thumbnail_input import with_thumbnail_input

layers = keras.layers
ops: Any = keras.ops  # Keras annotates operations as if they could return None

PIXELS = 4  # in a block of 2×2
SIX = 6.0  # the largest value of a ReLU6
SLOPE = 0.1  # of the leaky ReLUs below 0
DROPPED = 0.2  # share of the facts about the photo that training leaves out at random
FILTERS = 64  # of the shrinkage
SMALL = 0.08  # coefficients up to this value are subtracted, at the start of the training
FULL = 0.6  # the gate that subtracts all of the small parts, at the start of the training
GATE = 0.1  # the gates at the start of the training
DETAIL_LIMIT = 0.2  # largest change of a value by the detail part
COARSE = 64  # side of the small thumbnail that the convolutions see, pixels
LEVELS = 16  # of the histogram
# Layers with set weights.
FIXED = ("segments", "segments_sum", "differences", "differences_sum", "thumbnail_levels")


def build_universal(wide: int = 40, thumbnail: int = 256) -> keras.Model:
    """Build a network that corrects light, and then noise, blur and the artifacts of JPEG.

    *Light.* A convolutional network on the thumbnail decides a few numbers. `ToneCurves` and
    `ColorMatrix` turn the numbers into three tone curves and a color matrix within bounds: slopes
    of at most about 3, black and white fixed, gray kept by the matrix. On the pixels, a curve is a
    sum of ReLU6 segments, `Σ slope_k · clip(x − t_k, 0, t_{k+1} − t_k)`. Convolutions with fixed
    weights and one multiplication compute the sum, with little loss in 8-bit integers.

    *Detail.* Shrinkage in overlapping windows of 6×6 pixels removes noise, and a linear filter
    sharpens or smooths. Convolutions at a quarter of the resolution decide for each place how much
    of both there is. The surroundings tell noise from texture. Bounded gains and shifts
    that depend on the thumbnail steer these convolutions. The whole changes a value by at most
    `DETAIL_LIMIT`. `models/layers/shrinkage.py` says where the filters start: a network of this
    size with random filters had learned hardly any noise reduction after 15,000 steps.

    Tiles give the same result as the whole photo, if they share the photo's thumbnail.

    Args:
        wide: width at quarter resolution.
        thumbnail: side of the thumbnail, pixels, a multiple of `COARSE`.

    Returns:
        Model from `(N, H, W, 3)` float32 RGB in [0, 1], H and W multiples of 4, to the same shape,
        about [0, 1], not clipped. With the defaults, 7,700 multiply-adds a pixel.
    """
    image = keras.Input((None, None, 3), name="image")
    view, curves, matrix = decisions(Thumbnail(thumbnail, name="thumbnail")(image))
    pixels = SpaceToDepth(name="pixels_to_channels")(image)
    lit = apply_decisions(pixels, curves, matrix)
    # The convolution is followed by its ReLU6 at once, so that 8 bits need to hold its range only.
    x = layers.ReLU(max_value=SIX, name="analysis_relu6")(_convolution(FILTERS, 3, "analysis")(lit))
    small = layers.Rescaling(2 / SIX, -1.0, name="small_parts")(x)
    x = SpaceToDepth(name="half_to_quarter")(small)
    # Leaky ReLUs and a skip: a rate that is too high for a while cannot turn this branch off.
    x = layers.LeakyReLU(SLOPE, name="narrow_relu")(_convolution(wide, 1, "narrow")(x))
    residual = _steered(_convolution(wide, 3, "quarter1")(x), view, "quarter1")
    residual = layers.LeakyReLU(SLOPE, name="quarter1_relu")(residual)
    residual = _convolution(wide, 3, "quarter2", kernel_initializer=small_normal())(residual)
    # TensorFlow's optimizer of graphs fuses a convolution, a sum and a leaky ReLU, and then takes
    # 0.2 for any slope (2.21). The optimizer does not fuse a difference.
    x = layers.Subtract(name="quarter_difference")([x, residual])
    x = layers.LeakyReLU(SLOPE, name="quarter_relu")(x)
    small = layers.Multiply(name="noise")([small, _gates(x, FILTERS, "noise_gates")])
    middle: Any = keras.initializers.Constant(SIX / 2)
    noise = layers.Conv2D(12, 3, padding="same", bias_initializer=middle, name="tail")(small)
    linear = layers.Conv2D(12, 3, padding="same", kernel_initializer=small_normal(), name="linear")(
        lit
    )
    linear = layers.Multiply(name="sharpness")([linear, _gates(x, 12, "sharpness_gates")])
    x = layers.Add(name="tail_plus_linear")([noise, linear])
    x = layers.ReLU(max_value=SIX, name="tail_relu6")(x)
    x = layers.Rescaling(2 * DETAIL_LIMIT / SIX, -DETAIL_LIMIT, name="bounded")(x)
    x = layers.Add(name="sum")([lit, x])
    model = keras.Model(image, DepthToSpace(name="enhanced")(x), name="universal")
    _set_fixed(model)
    _set_shrinkage(model)
    return model


def decisions(thumbnail):
    """Compute the decisions about light and the features of the whole photo.

    Args:
        thumbnail: `(N, size, size, 3)` in [0, 1], `size` a multiple of `COARSE`.

    Returns:
        Three tensors. Features of the whole photo, `(N, 1, 1, 128)`, steer the convolutions. Slopes
        of the tone curves, `(N, 1, 1, 12 · SEGMENTS)`, belong to the segments of each value in a
        block of pixels. Weights of the color matrix, `(N, 1, 1, 24)`, belong to the differences
        between the values of each pixel in a block.
    """
    # Means hide the darkest and the brightest pixels, which say most about haze and exposure. So
    # the convolutions see the extremes of each cell beside its mean.
    cell = thumbnail.shape[1] // COARSE
    coarse = layers.AveragePooling2D(cell, name="thumbnail_coarse")(thumbnail)
    tops = layers.MaxPooling2D(cell, name="thumbnail_tops")(thumbnail)
    negative = layers.Rescaling(-1.0, 1.0, name="thumbnail_negative")(thumbnail)
    negative = layers.MaxPooling2D(cell, name="thumbnail_negative_tops")(negative)
    bottoms = layers.Rescaling(-1.0, 1.0, name="thumbnail_bottoms")(negative)
    brightest = layers.GlobalMaxPooling2D(keepdims=True, name="thumbnail_brightest")(tops)
    negative = layers.GlobalMaxPooling2D(keepdims=True, name="thumbnail_negative_peak")(negative)
    darkest = layers.Rescaling(-1.0, 1.0, name="thumbnail_darkest")(negative)
    brightest_mean = layers.GlobalMaxPooling2D(keepdims=True, name="thumbnail_mean_top")(coarse)
    negative = layers.Rescaling(-1.0, 1.0, name="thumbnail_mean_negative")(coarse)
    negative = layers.GlobalMaxPooling2D(keepdims=True, name="thumbnail_mean_peak")(negative)
    darkest_mean = layers.Rescaling(-1.0, 1.0, name="thumbnail_mean_bottom")(negative)
    levels = layers.ReLU(max_value=SIX, name="thumbnail_levels_relu6")(
        _fixed(3 * LEVELS, "thumbnail_levels")(coarse)
    )
    levels = layers.GlobalAveragePooling2D(keepdims=True, name="thumbnail_histogram")(levels)
    levels = layers.Rescaling(1 / SIX, name="thumbnail_shares")(levels)
    levels = FourthRoot(name="thumbnail_tails")(levels)
    seen = layers.Concatenate(name="thumbnail_seen")([coarse, tops, bottoms])
    seen = layers.Rescaling(4.0, -2.0, name="thumbnail_centered")(seen)
    x = seen
    for number, width in enumerate((24, 32, 48, 64), 1):
        x = _decider(width, 3, f"thumbnail_conv{number}", strides=2)(x)
    places = GlobalMoments(name="thumbnail_places")(x)
    colors = _decider(32, 1, "thumbnail_colors1")(
        layers.AveragePooling2D(2, name="thumbnail_pooled")(seen)
    )
    colors = _decider(32, 1, "thumbnail_colors2")(colors)
    means = GlobalMoments(name="thumbnail_moments")(colors)
    peaks = layers.GlobalMaxPooling2D(keepdims=True, name="thumbnail_peaks")(colors)
    facts = [places, means, peaks, darkest_mean, brightest_mean, darkest, brightest, levels]
    x = layers.Concatenate(name="thumbnail_facts")(facts)
    x = layers.Dropout(DROPPED, name="thumbnail_dropped")(x)
    x = _decider(160, 1, "view1")(x)
    view = _decider(128, 1, "view2")(x)
    slopes = layers.Conv2D(CURVE_INPUTS, 1, kernel_initializer=small_normal(0.1), name="light")(
        view
    )
    slopes = ToneCurves(name="curves")([slopes, darkest, brightest])
    weights = layers.Conv2D(MATRIX_INPUTS, 1, kernel_initializer=small_normal(0.1), name="colors")(
        view
    )
    weights = ColorMatrix(name="matrix")(weights)
    slopes = layers.Concatenate(name="curves_of_pixels")([slopes] * PIXELS)
    weights = layers.Concatenate(name="matrix_of_pixels")([weights] * PIXELS)
    return view, slopes, weights


def apply_decisions(pixels, slopes, weights):
    """Apply tone curves and color matrix to blocks of pixels `(N, H, W, 12)`; keep the shape."""
    x = _fixed(12 * SEGMENTS, "segments")(pixels)
    x = layers.ReLU(max_value=SIX, name="segments_relu6")(x)
    x = layers.Multiply(name="segments_times_slopes")([x, slopes])
    toned = _fixed(12, "segments_sum")(x)
    x = _fixed(6 * PIXELS, "differences")(toned)
    x = layers.Multiply(name="differences_times_weights")([x, weights])
    x = _fixed(12, "differences_sum")(x)
    return layers.Add(name="lit")([toned, x])


def light_model(model: keras.Model) -> keras.Model:
    """Return the light part of the network as a model that shares the network's layers.

    Args:
        model: a network that `build_universal` made.

    Returns:
        Model from `{"image": (N, H, W, 3), "thumbnail": (N, size, size, 3)}` to the image in
        corrected light.
    """
    local = with_thumbnail_input(model)
    lit = model.get_layer("lit")._inbound_nodes[-1].outputs[0]
    return keras.Model(local.input, DepthToSpace(name="lit_image")(lit), name="light")


def keep_light(model: keras.Model) -> keras.Model:
    """Fix the decisions about light, so that a training changes the detail alone.

    Args:
        model: a network that `build_universal` made. Its variables of the light become fixed, and
            a training no longer leaves out facts about the photo.

    Returns:
        Model from `(N, H, W, 3)` to the image in corrected light, with the layers of `model`.
    """
    for variable in light_variables(model):
        variable.trainable = False
    model.get_layer("thumbnail_dropped").rate = 0.0
    lit = model.get_layer("lit")._inbound_nodes[0].outputs[0]
    return keras.Model(model.input, DepthToSpace(name="lit_image")(lit), name="light")


def keep_flat(model: keras.Model) -> None:
    """Let the detail part leave areas of one color as they are, from now on and in a training.

    The filters that see the photo get weights that sum to zero for each color, over the window and
    the pixels of a block. So an area of one color gives no small parts and no edges. The biases
    give the middle of the range. Without these constraints, a training with a discriminator draws
    patterns on white walls and in skies.

    Args:
        model: a network that `build_universal` made. The optimizer of the training must be
            one of Keras, because these apply the constraints.
    """
    analysis, linear, tail = (model.get_layer(name) for name in ("analysis", "linear", "tail"))
    constraints = [(layer.kernel, _zero_sum) for layer in (analysis, linear)]
    for layer, middle in ((analysis, SIX / 2), (linear, 0.0), (tail, SIX / 2)):
        constraints.append((layer.bias, functools.partial(ops.full_like, fill_value=middle)))
    for variable, constraint in constraints:
        variable.constraint = constraint
        variable.assign(constraint(variable))


def _zero_sum(kernel):
    """Take from each weight the mean over window and pixels of a block, for each color."""
    height, width, channels, filters = kernel.shape
    parts = ops.reshape(kernel, (height, width, channels // 3, 3, filters))
    parts = parts - ops.mean(parts, axis=(0, 1, 2), keepdims=True)
    return ops.reshape(parts, kernel.shape)


def light_variables(model: keras.Model) -> list:
    """Return the trainable variables that decide the light; all others restore detail."""
    names = ("thumbnail_", "view", "light", "colors")
    return [v for v in model.trainable_variables if v.path.split("/")[0].startswith(names)]


def take_light(model: keras.Model, other: keras.Model) -> None:
    """Give a network the light part of another network, whose detail part may be of another design.

    Raises:
        WeightsError: the other network has another light part.
    """
    found = {variable.path: variable for variable in light_variables(other)}
    for variable in light_variables(model):
        source = found.get(variable.path)
        if source is None or source.shape != variable.shape:
            raise WeightsError(f"{other.name}: has no light part of this design ({variable.path})")
        variable.assign(source)


def look_variables(model: keras.Model) -> list:
    """Return the biases of the decisions: a constant change of all curves and of the matrix."""
    return [model.get_layer(name).bias for name in ("light", "colors")]


def _decider(filters: int, side: int, name: str, strides: int = 1):
    return layers.Conv2D(
        filters,
        side,
        strides,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
        name=name,
    )


def _convolution(filters: int, side: int, name: str, kernel_initializer: Any = "he_normal"):
    return layers.Conv2D(
        filters, side, padding="same", kernel_initializer=kernel_initializer, name=name
    )


def _gates(x, channels: int, name: str):
    """Return how much of each channel there is at each place of half resolution, from 0 to 6."""
    start: Any = keras.initializers.Constant(GATE)
    x = layers.Conv2D(
        PIXELS * channels,
        1,
        padding="same",
        kernel_initializer=small_normal(),
        bias_initializer=start,
        name=name,
    )(x)
    x = layers.ReLU(max_value=SIX, name=f"{name}_relu6")(x)
    return DepthToSpace(name=f"{name}_to_half")(x)


def _fixed(filters: int, name: str):
    """Return a 1×1 convolution whose weights `_set_fixed` sets. Training keeps the weights."""
    return layers.Conv2D(
        filters, 1, padding="same", kernel_initializer="zeros", name=name, trainable=False
    )


def _set_fixed(model: keras.Model) -> None:
    """Set the weights of the layers that `FIXED` names."""
    widths, knots = np.diff(KNOTS), np.array(KNOTS[:-1])
    values = np.repeat(np.eye(12), SEGMENTS, axis=1)  # the value that each segment belongs to
    scale = np.tile(SIX / widths, 12)
    segments = values * scale, -np.tile(knots, 12) * scale
    total = values.T * np.tile(widths / SIX, 12)[:, None], np.zeros(12)
    differences, back = np.zeros((12, 6 * PIXELS)), np.zeros((6 * PIXELS, 12))
    for pixel in range(PIXELS):
        for number, (c, j) in enumerate(PAIRS):
            column = 6 * pixel + number
            differences[3 * pixel + j, column] = 1
            differences[3 * pixel + c, column] = -1
            back[column, 3 * pixel + c] = 1
    # Ramp k of a color rises from 0 to 6 between the levels k and k + 1.
    ramps = np.tile(np.eye(3), LEVELS) * SIX * LEVELS
    weights = {
        "thumbnail_levels": (ramps, -SIX * np.repeat(np.arange(LEVELS), 3)),
        "segments": segments,
        "segments_sum": total,
        "differences": (differences, np.zeros(6 * PIXELS)),
        "differences_sum": (back, np.zeros(12)),
    }
    for name, (kernel, bias) in weights.items():
        layer = model.get_layer(name)
        layer.set_weights([kernel.reshape(1, 1, *kernel.shape), bias])


def _set_shrinkage(model: keras.Model) -> None:
    """Let the training start with shrinkage: a gate of `FULL` subtracts all of the small parts."""
    bias = np.full(FILTERS, SIX / 2)
    model.get_layer("analysis").set_weights([analysis_kernel() * SIX / 2 / SMALL, bias])
    level = 2 * DETAIL_LIMIT / SIX  # of the photo, for 1 before `bounded`
    kernel = -synthesis_kernel() * SMALL / level / FULL
    model.get_layer("tail").set_weights([kernel, np.full(12, SIX / 2)])


def _steered(x, view, name: str):
    """Return `x` with a gain from 0.5 to 1.5 and a shift for each channel; `view` decides both."""
    channels = x.shape[-1]
    gain = layers.Conv2D(
        channels, 1, activation="tanh", kernel_initializer=small_normal(), name=f"{name}_gain"
    )(view)
    gain = layers.Rescaling(0.5, 1.0, name=f"{name}_gain_bounded")(gain)
    shift = layers.Conv2D(
        channels, 1, activation="tanh", kernel_initializer=small_normal(), name=f"{name}_shift"
    )(view)
    x = layers.Multiply(name=f"{name}_times_gain")([x, gain])
    return layers.Add(name=f"{name}_plus_shift")([x, shift])
