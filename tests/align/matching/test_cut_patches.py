"""The resampling of a patch: its positions, and the detail that it keeps and removes."""

import cv2
import numpy as np
import pytest

from align.matching.cut_patches import cut_square, low_pass_kernel, scale_of


def affine(scale=1.0, degrees=0.0, center=(120.0, 100.0)):
    turn = np.radians(degrees)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.column_stack([scale * rotation, center])


def waves(x, y):
    """Return band-limited waves in 0..255, with no period below 5 pixels."""
    return (
        127
        + 40 * np.sin(2 * np.pi * (0.09 * x + 0.05 * y) + 0.3)
        + 30 * np.sin(2 * np.pi * (0.15 * y - 0.1 * x))
        + 20 * np.cos(2 * np.pi * 0.2 * x + 1)
    )


def sampled(function, height=220, width=240):
    y, x = np.mgrid[:height, :width]
    return np.uint8(np.rint(np.clip(function(x, y), 0, 255)))


def places(matrix, side):
    """Return the photo positions of a square's pixels."""
    offset = np.arange(side) - (side - 1) / 2
    grid = np.stack(np.meshgrid(offset, offset), axis=-1)
    return np.moveaxis(grid @ matrix[:, :2].T + matrix[:, 2], -1, 0)


def test_the_identity_returns_the_pixels():
    image = np.random.default_rng(0).integers(0, 256, (220, 240, 3), np.uint8)
    # An even square has its center between pixels: 10 of them from 20 to 29, center 24.5.
    patch = cut_square(image, affine(center=(24.5, 54.5)), 10)
    np.testing.assert_array_equal(patch, image[50:60, 20:30])
    patch = cut_square(image[..., 1], affine(center=(30, 40)), 5)
    np.testing.assert_array_equal(patch, image[38:43, 28:33, 1])


def test_a_quarter_turn_returns_the_pixels_turned():
    image = np.random.default_rng(0).integers(0, 256, (220, 240, 3), np.uint8)
    patch = cut_square(image, affine(degrees=90, center=(24.5, 54.5)), 10)
    # Output x runs along the photo's y, output y against its x.
    np.testing.assert_array_equal(patch, np.rot90(image[50:60, 20:30]))


@pytest.mark.parametrize(
    "matrix",
    [
        affine(center=(120.0, 100.0)),  # an even square, so half a pixel off both ways
        affine(degrees=1.7, center=(119.3, 101.8)),
        affine(scale=0.8, degrees=-12, center=(118.81, 99.67)),
        np.array([[1.0, 0.03, 110.4], [-0.02, 0.97, 105.2]]),
    ],
)
def test_band_limited_waves_are_sampled_where_they_should_be(matrix):
    patch = cut_square(sampled(waves), matrix, 100)
    error = patch - waves(*places(matrix, 100))
    assert np.sqrt(np.mean(error**2)) < 1.2  # levels of 255, where rounding alone makes 0.4
    assert abs(error.mean()) < 0.1
    # A hundredth of a pixel is about 0.3 levels here: the mean place is off by less than that.
    x, y = places(matrix, 100)
    slopes = np.stack(
        [(waves(x + d, y) - waves(x - d, y)) / (2 * d) for d in (0.01,)]
        + [(waves(x, y + d) - waves(x, y - d)) / (2 * d) for d in (0.01,)]
    )
    shift, *_ = np.linalg.lstsq(slopes.reshape(2, -1).T, error.ravel(), rcond=None)
    assert np.abs(shift).max() < 0.02


def amplitude(patch, period):
    """Return the amplitude of the wave of a period along x that divides the patch's width."""
    phase = np.exp(-2j * np.pi * np.arange(patch.shape[1]) / period)
    return 2 * np.abs((patch.astype(float) * phase).mean())


def test_halving_keeps_what_the_coarse_grid_holds_and_removes_the_rest():
    """100 output pixels cover 200 photo pixels; 100·f periods are f cycles an output pixel.

    Above the new Nyquist frequency, 0.5, a wave would fold back to 1 − f.
    """

    def shrunk(frequency):
        image = sampled(lambda x, y: 127 + 100 * np.sin(np.pi * frequency * x + 0.7) + 0 * y)
        return cut_square(image, affine(scale=2), 100)

    for frequency, least in ((0.05, 99), (0.1, 99), (0.2, 98), (0.3, 95)):
        assert amplitude(shrunk(frequency), 1 / frequency) == pytest.approx(100, abs=100 - least)
    for frequency, most in ((0.7, 6), (0.8, 2), (0.9, 2)):
        aliased = amplitude(shrunk(frequency), 1 / (1 - frequency))
        assert aliased < most
        assert shrunk(frequency).std() < most
    # Linear interpolation between two neighbors, at the same places, lets a fifth and more through.
    image = sampled(lambda x, y: 127 + 100 * np.sin(np.pi * 0.7 * x + 0.7) + 0 * y)
    x, y = (place.astype(np.float32) for place in places(affine(scale=2), 100))
    assert cv2.remap(image, x, y, cv2.INTER_LINEAR)[:, :].std() > 20


def test_nothing_is_filtered_at_equal_scale():
    """A wave of 2.5 pixels, near the finest possible, stays where the grids coincide."""
    image = sampled(lambda x, y: 127 + 100 * np.sin(2 * np.pi * 0.4 * x) + 0 * y)
    patch = cut_square(image, affine(center=(120.5, 100.5)), 100)
    assert amplitude(patch, 2.5) == pytest.approx(100, abs=0.5)


@pytest.mark.parametrize("value", [0, 90, 255])
@pytest.mark.parametrize("scale", [0.7, 1.0, 1.3, 2.0])
def test_a_constant_stays(value, scale):
    image = np.full((220, 240, 3), value, np.uint8)
    patch = cut_square(image, affine(scale=scale, degrees=3, center=(119.7, 108.2)), 100)
    assert patch.shape == (100, 100, 3) and (patch == value).all()


def test_overshoot_is_clipped_not_wrapped():
    image = np.zeros((220, 240), np.uint8)
    image[:, 120:] = 255
    patch = cut_square(image, affine(center=(120.25, 100)), 40)
    assert patch[:, :18].max() < 40 and patch[:, 23:].min() > 215


def test_a_square_up_to_the_last_pixel_is_cut_and_no_farther():
    image = np.random.default_rng(0).integers(0, 256, (120, 130), np.uint8)
    np.testing.assert_array_equal(
        cut_square(image, affine(center=(49.5, 49.5)), 100), image[:100, :100]
    )
    last = (130 - 1 - 49.5, 120 - 1 - 49.5)
    np.testing.assert_array_equal(cut_square(image, affine(center=last), 100), image[20:, 30:])
    for center in ((49.4, 60), (60, 49.4), (last[0] + 0.1, 60), (60, last[1] + 0.1)):
        assert cut_square(image, affine(center=center), 100) is None
    # Turned by 45° the corners reach √2 as far, 70.0.
    assert cut_square(image, affine(degrees=45, center=(64.5, 59.5)), 100) is None
    assert cut_square(image, affine(degrees=45, center=(64.5, 59.5)), 84) is not None
    assert cut_square(image, affine(center=(500, 500)), 100) is None


def test_the_border_does_not_change_a_patch_away_from_it():
    """A patch depends only on pixels near it: a crop around the patch gives an equal patch."""
    image = np.random.default_rng(0).integers(0, 256, (220, 240), np.uint8)
    for scale in (1.0, 2.0):
        matrix = affine(scale=scale, degrees=5, center=(120.3, 110.4))
        patch = cut_square(image, matrix, 40)
        margin = int(20 * scale * 1.2) + 6 + 3 * int(scale)
        top, left = 110 - margin, 120 - margin
        crop = image[top : 111 + margin, left : 121 + margin]
        moved = matrix - [[0, 0, left], [0, 0, top]]
        np.testing.assert_array_equal(cut_square(crop, moved, 40), patch)


@pytest.mark.parametrize("scale", [1.0, 1.7, 2.0])
def test_a_small_square_is_the_middle_of_a_large_one(scale):
    """The pixels around a square that its outermost pixels need are read."""
    image = np.random.default_rng(0).integers(0, 256, (220, 240), np.uint8)
    matrix = affine(scale=scale, center=(120.3, 110.4))
    small, large = (
        cut_square(image, matrix, 20).astype(int),
        cut_square(image, matrix, 60).astype(int),
    )
    assert np.abs(small - large[20:40, 20:40]).max() <= 1


def test_scale_is_the_root_of_the_area():
    assert scale_of(affine(scale=1.7, degrees=33)) == pytest.approx(1.7)
    assert scale_of(np.array([[4.0, 0, 0], [0, 1, 0]])) == 2
    assert scale_of(np.array([[-1.0, 0, 0], [0, 1, 0]])) == 1  # mirrored


@pytest.mark.parametrize("scale", [1.01, 1.5, 2.0, 3.7])
def test_low_pass_is_a_centered_average(scale):
    kernel = low_pass_kernel(scale)
    assert kernel.dtype == np.float32
    assert len(kernel) % 2 == 1 and len(kernel) == 2 * np.ceil(3 * scale) + 1
    assert kernel.sum() == pytest.approx(1, abs=1e-6)
    np.testing.assert_array_equal(kernel, kernel[::-1])
    assert kernel.argmax() == len(kernel) // 2


def test_low_pass_by_hand():
    """At scale 2 the kernel is sinc(k/2)·sinc(k/6): 1 at 0, 6/π² at 1, and 0 at other even k."""
    kernel = low_pass_kernel(2.0)[6:]
    assert kernel[1] / kernel[0] == pytest.approx(
        np.sin(np.pi / 2) / (np.pi / 2) * np.sin(np.pi / 6) / (np.pi / 6), rel=1e-5
    )
    np.testing.assert_allclose(kernel[[2, 4, 6]], 0, atol=1e-7)
    assert kernel[3] / kernel[0] == pytest.approx(-2 / (3 * np.pi) * 2 / np.pi, rel=1e-5)
    assert low_pass_kernel(1.0).tolist() == low_pass_kernel(0.6).tolist() == [1.0]
