import dataclasses
import math

import numpy as np
import pytest
from scipy.ndimage import correlate1d
from scipy.stats import norm

import models  # noqa: F401 - brings Keras in without TensorFlow's chatter
from common.backend import import_keras
from losses.blur import PAPER_KERNEL, RELEASED_KERNEL, blur
from losses.color import color_loss, released_color_loss
from losses.content import content_loss, relative_content_loss
from losses.discriminator_loss import (
    discriminator_accuracy,
    discriminator_cross_entropy,
    swapped_accuracy,
    swapped_cross_entropy,
)
from losses.presets import PRESETS, TERMS, Objective, preset
from losses.shift import shift_loss
from losses.structure import structure_loss
from losses.texture import saturating_texture_loss, texture_loss
from losses.total_variation import squared_variation, total_variation_loss
from metrics import ssim

ops = import_keras().ops
OFFSETS = np.arange(-10, 11)


def column(*logits):
    return ops.convert_to_tensor(np.array(logits, np.float32)[:, None])


def random(*shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


def gradient(loss, *inputs):
    import tensorflow as tf

    inputs = [tf.convert_to_tensor(x) for x in inputs]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = loss(*inputs)
    gradients = [g.numpy() for g in tape.gradient(value, inputs)]
    return gradients[0] if len(gradients) == 1 else gradients


# --- blur ---------------------------------------------------------------------------------------


def test_the_papers_kernel_is_a_unit_gaussian_of_variance_3():
    assert PAPER_KERNEL.shape == (21,)
    assert PAPER_KERNEL.sum() == pytest.approx(1, abs=1e-12)
    assert (OFFSETS * PAPER_KERNEL).sum() == pytest.approx(0, abs=1e-12)
    # The tails beyond 10 pixels hold less than 1e-6 of the variance.
    assert (OFFSETS**2 * PAPER_KERNEL).sum() == pytest.approx(3, abs=1e-5)
    center = PAPER_KERNEL[10] ** 2
    assert center == pytest.approx(0.053, abs=5e-4)  # the paper's A
    assert center == pytest.approx(1 / (6 * math.pi), rel=1e-6)
    # exp(-k² / 2σ) with σ = 3, not exp(-k² / 2σ²).
    assert PAPER_KERNEL[13] / PAPER_KERNEL[10] == pytest.approx(math.exp(-9 / 6))


def test_the_released_kernel_is_the_root_of_a_binned_gaussian():
    edges = np.linspace(-19 / 6, 19 / 6, 22)
    bins = np.diff(norm.cdf(edges))
    expected = np.sqrt(np.outer(bins, bins))
    expected /= expected.sum()
    np.testing.assert_allclose(np.outer(RELEASED_KERNEL, RELEASED_KERNEL), expected, rtol=1e-9)
    assert RELEASED_KERNEL.sum() == pytest.approx(1, abs=1e-12)
    deviation = math.sqrt((OFFSETS**2 * RELEASED_KERNEL).sum())
    assert deviation == pytest.approx(4.3, abs=0.05)


@pytest.mark.parametrize(
    "kernel",
    # The lopsided ones tell a correlation from a convolution, and rows from columns.
    [PAPER_KERNEL, RELEASED_KERNEL, np.array([0.7, 0.2, 0.1]), np.array([0, 0, 0, 0, 1.0])],
)
@pytest.mark.parametrize("shape", [(2, 30, 23, 3), (1, 5, 40, 1), (1, 1, 1, 2)])
def test_blur_equals_two_correlations_with_zeros_outside(kernel, shape):
    images = random(*shape)
    expected = images.astype(np.float64)
    for axis in (1, 2):
        expected = correlate1d(expected, kernel, axis=axis, mode="constant", cval=0.0)
    result = ops.convert_to_numpy(blur(ops.convert_to_tensor(images), kernel))
    np.testing.assert_allclose(result, expected, atol=1e-6)


# --- color -------------------------------------------------------------------------------------


def test_color_loss_of_one_pixel_is_the_kernels_energy():
    target = random(1, 41, 45, 3)
    enhanced = target.copy()
    enhanced[0, 20, 22, 1] += 2.0
    energy = (PAPER_KERNEL**2).sum() ** 2  # of the 2-D kernel, in one channel
    assert float(color_loss(enhanced, target)) == pytest.approx(4 * energy, rel=1e-4)
    assert float(color_loss(target, enhanced)) == pytest.approx(4 * energy, rel=1e-4)


def test_color_loss_of_a_constant_shift():
    target = random(1, 30, 50, 3)
    # Towards the border a part of the kernel falls outside and the blurred shift fades.
    rows, columns = (correlate1d(np.ones(n), PAPER_KERNEL, mode="constant") for n in (30, 50))
    expected = 0.01 * 3 * (rows**2).sum() * (columns**2).sum()
    assert float(color_loss(target + 0.1, target)) == pytest.approx(expected, rel=1e-4)
    assert expected == pytest.approx(0.01 * 3 * 30 * 50, rel=0.15)


def test_color_loss_sums_over_an_image_and_averages_over_the_batch():
    target = random(3, 6, 5, 3)
    shift = np.zeros((3, 1, 1, 3), np.float32)
    shift[0, ..., 2], shift[1] = 1.0, 2.0
    identity = np.array([1.0])
    # 6·5 pixels: 1² in one channel of one image, 2² in three of another; 3 images.
    expected = 30 * (1 + 3 * 4) / 3
    assert float(color_loss(target + shift, target, identity)) == pytest.approx(expected, rel=1e-5)


def test_the_released_color_loss_is_half_the_sum_over_an_image():
    enhanced, target = random(2, 30, 30, 3), random(2, 30, 30, 3, seed=1)
    expected = 0.5 * float(color_loss(enhanced, target, RELEASED_KERNEL))
    assert float(released_color_loss(enhanced, target)) == pytest.approx(expected, rel=1e-6)


def test_color_loss_forgives_fine_texture_but_not_color():
    target = np.full((1, 40, 40, 3), 0.5, np.float32)
    y, x = np.mgrid[:40, :40]
    checkers = 0.1 * (1 - 2 * ((x + y) % 2))[None, :, :, None].astype(np.float32)
    shift = float(color_loss(target + 0.1, target))
    assert float(color_loss(target + checkers, target)) < 0.02 * shift
    assert float(color_loss(target, target)) == 0


# --- texture ------------------------------------------------------------------------------------


def softplus(x):
    return np.log1p(np.exp(np.asarray(x, np.float64)))


def test_texture_losses_at_known_logits():
    assert float(texture_loss(column(0))) == pytest.approx(math.log(2))
    assert float(saturating_texture_loss(column(0))) == pytest.approx(-math.log(2))
    logits = column(1, -2)
    # -log σ(1) = 0.313262, -log σ(-2) = 2.126928: the mean.
    assert float(texture_loss(logits)) == pytest.approx(1.220095, abs=1e-5)
    # log(1 - σ(1)) = -1.313262, log(1 - σ(-2)) = -0.126928: the mean.
    assert float(saturating_texture_loss(logits)) == pytest.approx(-0.720095, abs=1e-5)


def test_both_texture_losses_pull_the_logits_up():
    logits = column(-3, 0, 2)
    sigmoid = 1 / (1 + np.exp(-np.array([-3, 0, 2.0])))
    result = gradient(texture_loss, logits)[:, 0]
    np.testing.assert_allclose(result, -(1 - sigmoid) / 3, rtol=1e-5)
    result = gradient(saturating_texture_loss, logits)[:, 0]
    np.testing.assert_allclose(result, -sigmoid / 3, rtol=1e-5)


def test_where_the_discriminator_wins_only_one_texture_loss_still_pulls():
    sure = column(-20)
    assert gradient(texture_loss, sure).item() == pytest.approx(-1, abs=1e-6)
    assert -1e-8 < gradient(saturating_texture_loss, sure).item() < 0


@pytest.mark.parametrize("logit", [-1000, 1000])
def test_extreme_logits_stay_finite(logit):
    for loss in (texture_loss, saturating_texture_loss):
        assert math.isfinite(float(loss(column(logit))))
        assert np.isfinite(gradient(loss, column(logit))).all()
    assert math.isfinite(float(discriminator_cross_entropy(column(logit), column(-logit), 0.2)))
    assert float(texture_loss(column(-1000))) == pytest.approx(1000)
    assert float(saturating_texture_loss(column(1000))) == pytest.approx(-1000)


def test_discriminator_loss_is_the_mean_cross_entropy_of_both_halves():
    enhanced, target = (-1.0, 2.0, 0.5), (3.0, -0.5, 0.0)
    expected = np.mean([*softplus(enhanced), *softplus([-t for t in target])])
    assert float(discriminator_cross_entropy(column(*enhanced), column(*target))) == pytest.approx(
        expected
    )
    assert float(discriminator_cross_entropy(column(0), column(0))) == pytest.approx(math.log(2))
    assert float(discriminator_cross_entropy(column(0), column(0), 0.3)) == pytest.approx(
        math.log(2)
    )
    # Telling right is cheap, telling wrong is dear.
    assert float(discriminator_cross_entropy(column(-9), column(9))) < 1e-3
    assert float(discriminator_cross_entropy(column(9), column(-9))) > 8.9


@pytest.mark.parametrize("smoothing", [0.1, 0.2, 0.5])
def test_smoothed_labels_are_those_of_a_cross_entropy(smoothing):
    enhanced, target = np.array([-1.0, 2.0]), np.array([3.0, -0.5])

    def cross_entropy(logits, label):
        return label * softplus(-logits) + (1 - label) * softplus(logits)

    wrong = smoothing / 2
    expected = np.mean([cross_entropy(enhanced, wrong), cross_entropy(target, 1 - wrong)])
    result = discriminator_cross_entropy(column(*enhanced), column(*target), smoothing)
    assert float(result) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.1, 0.2, 0.5])
def test_smoothing_draws_sure_logits_back(smoothing):
    best = math.log(2 / smoothing - 1)
    assert best > 0
    flat = gradient(
        lambda e, t: discriminator_cross_entropy(e, t, smoothing), column(-best), column(best)
    )
    np.testing.assert_allclose(flat, 0, atol=1e-6)
    sure = gradient(
        lambda e, t: discriminator_cross_entropy(e, t, smoothing),
        column(-best - 3),
        column(best + 3),
    )
    # Descent raises the enhanced logit and lowers the target's.
    assert sure[0] < -0.01 and sure[1] > 0.01
    wrong = smoothing / 2
    entropy = -wrong * math.log(wrong) - (1 - wrong) * math.log(1 - wrong)
    minimum = float(discriminator_cross_entropy(column(-best), column(best), smoothing))
    assert minimum == pytest.approx(entropy, rel=1e-5)


def test_discriminator_accuracy_counts_both_halves():
    # Correct: -1 and -2 of the enhanced, 3 of the targets. A logit of 0 decides nothing.
    result = discriminator_accuracy(column(-1, -2, 0, 4), column(3, 0, -5, -6))
    assert float(result) == pytest.approx(3 / 8)


def test_swapped_samples_have_the_cross_entropy_of_the_side_they_show():
    shows_target = np.array([True, False, False, True])
    expected = np.mean(softplus([-3.0, -1.0, 2.0, 0.5]))
    result = swapped_cross_entropy(column(3.0, -1.0, 2.0, -0.5), shows_target)
    assert float(result) == pytest.approx(expected, rel=1e-5)
    # Correct: the target at 3, the enhanced image at -1.
    accuracy = swapped_accuracy(column(3.0, -1.0, 2.0, -0.5), shows_target)
    assert float(accuracy) == pytest.approx(0.5)
    # Its mean over all choices of the samples is the loss of both halves.
    enhanced, target = np.array([-1.0, 2.0]), np.array([3.0, -0.5])
    choices = [(np.array([a, b]), np.where([a, b], target, enhanced)) for a in (True, False)
               for b in (True, False)]  # fmt: skip
    mean = np.mean([float(swapped_cross_entropy(column(*x), shown)) for shown, x in choices])
    both = discriminator_cross_entropy(column(*enhanced), column(*target))
    assert mean == pytest.approx(float(both), rel=1e-5)


# --- content ------------------------------------------------------------------------------------

TARGET = np.array([[[[1.0, 2.0]]], [[[0.0, 4.0]]]], np.float32)  # (2, 1, 1, 2)
ENHANCED = np.array([[[[2.0, 2.0]]], [[[3.0, 2.0]]]], np.float32)


def test_content_losses_by_hand():
    # Differences 1, 0 and 3, -2: squares sum to 1 and 13; the target's squares to 5 and 16.
    assert float(content_loss(ENHANCED, TARGET)) == pytest.approx(14 / 4)
    fraction = (1 / 5 + 13 / 16) / 2
    assert float(relative_content_loss(ENHANCED, TARGET)) == pytest.approx(fraction)
    assert float(relative_content_loss(ENHANCED, TARGET, 50)) == pytest.approx(2500 * fraction)
    for loss in (content_loss, relative_content_loss):
        assert float(loss(TARGET, TARGET)) == 0


def test_relative_content_is_a_fraction_at_any_scale():
    for scale in (1e-3, 1e3):
        result = relative_content_loss(scale * ENHANCED, scale * TARGET)
        assert float(result) == pytest.approx(0.50625, rel=1e-5)
    assert float(relative_content_loss(0 * TARGET, TARGET)) == pytest.approx(1)
    assert math.isfinite(float(relative_content_loss(TARGET, 0 * TARGET)))


def test_relative_content_is_the_distance_of_features_of_root_mean_square_50():
    target, enhanced = 100 * random(2, 5, 4, 7), 100 * random(2, 5, 4, 7, seed=1)
    size = np.sqrt(np.mean(np.square(target, dtype=np.float64), axis=(1, 2, 3), keepdims=True))
    expected = np.mean(np.square(50 * (enhanced - target) / size))
    result = relative_content_loss(enhanced, target, 50.0)
    assert float(result) == pytest.approx(expected, rel=1e-4)


# --- total variation ----------------------------------------------------------------------------


def pattern(function, height=12, width=17, channels=3):
    y, x = np.mgrid[:height, :width]
    image = np.broadcast_to(function(x, y)[..., None], (height, width, channels))
    return np.stack([image, image]).astype(np.float32)


@pytest.mark.parametrize(
    ("function", "summed", "squared"),
    [
        (lambda x, y: 0.5 + 0 * x, 0, 0),
        (lambda x, y: 0.02 * x, 0.02, 0.02**2),
        (lambda x, y: -0.02 * x, 0.02, 0.02**2),
        (lambda x, y: 0.03 * y, 0.03, 0.03**2),
        (lambda x, y: 0.02 * x + 0.03 * y, 0.05, 0.02**2 + 0.03**2),
        # The source's norm is of the sum of both gradients: opposite ones cancel.
        (lambda x, y: 0.02 * x - 0.03 * y, 0.01, 0.02**2 + 0.03**2),
        (lambda x, y: 0.02 * (x - y), 0, 2 * 0.02**2),
        (lambda x, y: (x + y) % 2, 2, 1 + 1),
        (lambda x, y: x % 2, 1, 1),
        (lambda x, y: y % 2, 1, 1),
    ],
)
def test_total_variation_of_patterns(function, summed, squared):
    images = pattern(function)
    # The absolute form is summed over the three channels, the squared one averaged.
    assert float(total_variation_loss(images)) == pytest.approx(3 * summed, abs=1e-5)
    assert float(squared_variation(images)) == pytest.approx(squared, abs=1e-5)


def test_summed_variation_looks_past_one_diagonal_only():
    """Along x - y the two differences nearly cancel; along x + y they add up."""
    period = 16

    def stripes(sign):
        return pattern(
            lambda x, y: 0.5 + 0.4 * np.cos(2 * np.pi * (x + sign * y + 0.5) / period), 33, 33
        )

    # f(t + 1) + f(t - 1) - 2·f(t) against 2·(f(t + 1) - f(t)): means over whole periods.
    steps = np.arange(period) + 0.5
    wave = 0.4 * np.cos(2 * np.pi * steps / period)
    second = np.abs(np.roll(wave, -1) + np.roll(wave, 1) - 2 * wave).mean()
    first = np.abs(np.roll(wave, -1) - wave).mean()
    across, along = (float(total_variation_loss(stripes(sign))) / 3 for sign in (-1, 1))
    assert across == pytest.approx(second, rel=1e-3)
    assert along == pytest.approx(2 * first, rel=1e-3)
    assert across < along / 4
    assert float(squared_variation(stripes(1))) == pytest.approx(
        float(squared_variation(stripes(-1))), rel=1e-3
    )


def test_one_noisy_pixel_is_seen_where_its_differences_are():
    image = np.zeros((1, 5, 6, 2), np.float32)
    image[0, 2, 3, 0] = 1.0  # the other channel adds nothing, and halves every mean over channels
    # Both differences at the pixel are -1 (|sum| = 2); its left and upper neighbors see 1 each.
    # The sum is taken where both differences exist: 4 × 5 positions.
    assert float(total_variation_loss(image)) == pytest.approx(4 / 20)
    # 5 × 5 horizontal and 4 × 6 vertical differences, two of each are ±1.
    assert float(squared_variation(image)) == pytest.approx(2 / 50 + 2 / 48)


# --- objective ----------------------------------------------------------------------------------


def test_every_term_is_weighted_and_sees_its_own_inputs():
    """Against the functions, with weights found nowhere else."""
    enhanced, target, moved = (random(2, 48, 48, 3, seed=seed) for seed in range(3))
    logits = column(1, -2)

    def vgg(images):
        return ops.convert_to_tensor(images)[:, ::4, ::4] * 7

    expected = {
        "color": color_loss(enhanced, target),
        "released_color": released_color_loss(enhanced, target),
        "texture": texture_loss(logits),
        "saturating_texture": saturating_texture_loss(logits),
        "content": content_loss(vgg(enhanced), vgg(target)),
        "total_variation": total_variation_loss(enhanced),
        "squared_variation": squared_variation(enhanced),
        "shift": shift_loss(enhanced, moved),
        "squared_error": np.mean((enhanced - target) ** 2),
        "absolute_error": np.mean(np.abs(enhanced - target)),
        "structure": structure_loss(enhanced, target),
    }
    assert set(TERMS) == set(expected)
    weights = {name: 1.5 + number for number, name in enumerate(TERMS)}
    terms = Objective(weights).terms(enhanced, target, logits, vgg, moved)
    assert list(terms) == list(weights)
    for name, value in terms.items():
        assert float(value) == pytest.approx(weights[name] * float(expected[name]), rel=1e-5), name


def test_only_weighted_terms_are_computed():
    """Without logits and VGG every other term would fail."""
    enhanced = np.full((1, 4, 4, 3), 0.5, np.float32)
    terms = Objective({"squared_error": 4.0}).terms(enhanced, enhanced - 0.1)
    assert list(terms) == ["squared_error"]
    assert float(terms["squared_error"]) == pytest.approx(4 * 0.01, rel=1e-4)


PUBLISHED = {
    # weights, normalization, discriminator
    "thesis": (
        {"color": 1, "texture": 1, "content": 0.1, "total_variation": 100},
        "batch", "thesis",
    ),
    "iccv": (
        {"released_color": 0.5, "saturating_texture": 1, "content": 10, "squared_variation": 2000},
        "instance", "iccv",
    ),
    "grain": (
        {"color": 1, "texture": 6, "content": 0.1, "shift": 1000},
        "batch", "thesis",
    ),
    "mse": ({"squared_error": 1}, "batch", None),
    "content": ({"content": 1}, "batch", None),
    "fidelity": ({"absolute_error": 0.16, "structure": 0.84}, "batch", None),
    "distortion": ({"absolute_error": 0.5, "structure": 0.5}, "batch", None),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_presets_have_the_published_weights(name):
    weights, normalization, discriminator = PUBLISHED[name]
    found = preset(name)
    assert found.weights == weights
    assert (found.normalization, found.discriminator) == (normalization, discriminator)
    assert not found.relative_content
    # A discriminator exists exactly where the texture is judged.
    judged = {"texture", "saturating_texture"} & set(found.weights)
    assert (found.discriminator is None) == (not judged)


def test_every_preset_is_held_by_these_tests():
    assert PRESETS.keys() == PUBLISHED.keys()
    with pytest.raises(KeyError):
        preset("none")


def test_the_released_texture_term_is_a_sum_over_the_batch():
    weights = preset("iccv", batch_size=50).weights
    assert weights == {**PUBLISHED["iccv"][0], "saturating_texture": 50}
    assert preset("thesis", batch_size=50).weights == PUBLISHED["thesis"][0]
    assert PRESETS["iccv"].weights == PUBLISHED["iccv"][0]


@pytest.mark.parametrize(("name", "scale"), [("thesis", 50), ("iccv", 1), ("content", 50)])
def test_relative_content_has_the_scale_that_the_presets_weight_is_meant_for(name, scale):
    features = 100 * random(2, 8, 8, 4), 100 * random(2, 8, 8, 4, seed=1)
    found = preset(name, relative_content=True)
    alone = dataclasses.replace(found, weights={"content": 1.0})
    term = alone.terms(*features, vgg=lambda images: images)["content"]
    expected = scale**2 * float(relative_content_loss(*features))
    assert float(term) == pytest.approx(expected, rel=1e-5)


# --- structure ----------------------------------------------------------------------------------


def test_structure_loss_is_what_ssim_misses_at_three_scales():
    target = random(2, 52, 60, 3)
    enhanced = np.clip(target + 0.2 * random(2, 52, 60, 3, seed=1), 0, 1)

    def halved(images):
        n, height, width, _ = images.shape
        return images.reshape(n, height // 2, 2, width // 2, 2, 3).mean((2, 4))

    expected, x, y = [], enhanced, target
    for level in range(3):
        x, y = (halved(x), halved(y)) if level else (x, y)
        expected.append(ssim(x, y).mean())
    assert float(structure_loss(enhanced, target)) == pytest.approx(1 - np.mean(expected), abs=1e-5)
    assert float(structure_loss(target, target)) == pytest.approx(0, abs=1e-6)
    result = gradient(lambda images: structure_loss(images, target), enhanced.astype(np.float32))
    assert np.isfinite(result).all() and np.abs(result).max() > 0
