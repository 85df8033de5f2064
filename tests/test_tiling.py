import itertools
import math

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from inference.tiling import balanced_tile, plan_tiles, run_blended, run_tiled

RADIUS = 4
SIZES = [(1, 1), (1, 64), (17, 200), (64, 64), (64, 65), (65, 129), (63, 300), (128, 97)]


def convolve(x, kernel, bias):
    """Zero-padded ("SAME") convolution of (N, H, W, C) with (k, k, C, C')."""
    reach = kernel.shape[0] // 2
    x = np.pad(x, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    windows = sliding_window_view(x, kernel.shape[:2], axis=(1, 2))
    return np.einsum("nhwcij,ijcd->nhwd", windows, kernel, optimize=True) + bias


@pytest.fixture(scope="module")
def network():
    """Two 5×5 convolutions: radius 4. The biases make the padding of the second one matter."""
    rng = np.random.default_rng(0)
    first = rng.normal(0, 0.2, (5, 5, 3, 4)).astype(np.float32), np.float32(0.5)
    second = rng.normal(0, 0.2, (5, 5, 4, 3)).astype(np.float32), np.float32(-0.2)
    return lambda x: convolve(np.tanh(convolve(x, *first)), *second)


def photo(height, width):
    return np.random.default_rng(height * 1000 + width).random((height, width, 3), np.float32)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_tiled_equals_whole_frame(network, height, width):
    image = photo(height, width)
    whole = network(image[None])[0]
    tile = min(height, 64), min(width, 64)
    for halo in (RADIUS, RADIUS + 7):
        np.testing.assert_allclose(run_tiled(network, image, tile, halo), whole, atol=1e-5)


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_batches_change_nothing_but_the_calls(network, batch):
    image, shapes, seen = photo(65, 129), [], []

    def counting(x):
        shapes.append(x.shape)
        return network(x)

    result = run_tiled(
        counting, image, 64, RADIUS, batch=batch, progress=lambda *done: seen.append(done)
    )
    np.testing.assert_allclose(result, network(image[None])[0], atol=1e-5)
    count = len(plan_tiles(65, 129, 64, RADIUS))
    assert count == 6
    assert sum(shape[0] for shape in shapes) == count
    assert all(shape[0] <= batch and shape[1:] == (64, 64, 3) for shape in shapes)
    assert seen[-1] == (count, count) and len(seen) == math.ceil(count / batch)


def test_a_halo_below_the_radius_is_not_exact(network):
    image = photo(65, 129)
    error = np.abs(run_tiled(network, image, 64, RADIUS - 2) - network(image[None])[0])
    assert error.max() > 1e-3


@pytest.mark.parametrize(("height", "width"), [(1, 1), (17, 200), (40, 63)])
def test_smaller_than_a_fixed_tile(network, height, width):
    image = photo(height, width)
    result, whole = run_tiled(network, image, 64, RADIUS), network(image[None])[0]
    assert result.shape == whole.shape and np.isfinite(result).all()
    rows = slice(0, height - RADIUS if height < 64 else height)
    columns = slice(0, width - RADIUS if width < 64 else width)
    np.testing.assert_allclose(result[rows, columns], whole[rows, columns], atol=1e-5)


@pytest.mark.parametrize(("tile", "halo"), [(16, 0), (16, 3), (16, 7), (33, 16)])
def test_plan_keeps_each_pixel_once_and_halo_pixels_inside(tile, halo):
    for height, width in itertools.product((1, 15, 16, 17, 31, 32, 50), (1, 16, 18, 47)):
        kept = np.zeros((height, width, 1), int)
        for t in plan_tiles(height, width, tile, halo):
            assert (t.in_height, t.in_width) == (min(tile, height), min(tile, width))
            t.place(kept, t.keep(np.ones((t.in_height, t.in_width, 1), int)) + t.keep(t.read(kept)))
            for start, size, out, out_size, length in (
                (t.in_y, t.in_height, t.out_y, t.out_height, height),
                (t.in_x, t.in_width, t.out_x, t.out_width, width),
            ):
                assert start >= 0 and start + size <= length and out_size > 0
                assert start == 0 or out - start >= halo
                assert start + size == length or start + size - (out + out_size) >= halo
        assert (kept == 1).all()


def test_plan_refuses_a_tile_that_is_all_halo():
    assert len(plan_tiles(10, 10, 10, 8)) == 1
    with pytest.raises(ValueError, match="16 px has no room for a halo of 8 px"):
        plan_tiles(10, 17, 16, 8)


def test_balanced_tile_needs_no_more_tiles():
    for length, tile, halo in itertools.product((1, 63, 64, 65, 500, 2048), (64, 512), (0, 4, 18)):
        smaller = balanced_tile(length, tile, halo)
        assert smaller <= min(tile, length)
        assert len(plan_tiles(1, length, smaller, halo)) == len(plan_tiles(1, length, tile, halo))
    assert balanced_tile(2048, 512, 18) == 439  # (2048 + 4·36) / 5 tiles


@pytest.mark.parametrize(("height", "width"), [(64, 64), (65, 129), (130, 97)])
def test_blended_is_exact_for_a_local_network(network, height, width):
    image = photo(height, width)
    result = run_blended(network, image, 64, RADIUS)
    np.testing.assert_allclose(result, network(image[None])[0], atol=1e-5)
    assert run_blended(network, photo(1, 1), 64, RADIUS).shape == (1, 1, 3)


def test_blending_hides_the_seams_of_whole_image_statistics():
    ramp = np.linspace(0, 1, 300, dtype=np.float32)
    image = np.broadcast_to(ramp[None, :, None], (64, 300, 3)).copy()

    def network(x):
        return x - x.mean(axis=(1, 2), keepdims=True)

    hard = np.abs(np.diff(run_tiled(network, image, 64, 4), axis=1)).max()
    soft = np.abs(np.diff(run_blended(network, image, 64, 4), axis=1)).max()
    assert hard > 0.1 and soft < 0.02
