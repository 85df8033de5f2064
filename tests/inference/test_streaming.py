"""Tiles in threads: the whole frame's result, in place, in little memory, in order."""

import threading
import time
import tracemalloc

import numpy as np
import pytest
from fake_engines import FakeEngine
from numpy.lib.stride_tricks import sliding_window_view

from inference.enhance_image import enhance_image
from inference.streaming import Counter, Source, lag, stream
from inference.tiling import plan_continued, plan_tiles

RADIUS = 4
SIZES = [(1, 1), (1, 300), (300, 1), (17, 200), (64, 64), (64, 65), (65, 129), (131, 97)]


def convolve(x, kernel, bias):
    """Convolve (N, H, W, C) with (k, k, C, C'), zero-padded ("SAME")."""
    reach = kernel.shape[0] // 2
    x = np.pad(x, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    windows = sliding_window_view(x, kernel.shape[:2], axis=(1, 2))
    return np.einsum("nhwcij,ijcd->nhwd", windows, kernel, optimize=True) + bias


def convolutions():
    """Return two 5×5 convolutions of radius 4; their biases make the inner padding matter."""
    rng = np.random.default_rng(0)
    first = rng.normal(0, 0.2, (5, 5, 3, 4)).astype(np.float32), np.float32(0.5)
    second = rng.normal(0, 0.2, (5, 5, 4, 3)).astype(np.float32), np.float32(0.4)
    return lambda x: convolve(np.tanh(convolve(x, *first)), *second)


def local_engine(tile=None, halo=RADIUS, workers=2):
    return FakeEngine(convolutions(), tile, halo, workers, bytes_per_pixel=100)


def photo(height, width, dtype):
    rng = np.random.default_rng(height * 1000 + width)
    if np.issubdtype(dtype, np.floating):
        return rng.random((height, width, 3)).astype(dtype)
    return rng.integers(0, np.iinfo(dtype).max, (height, width, 3), dtype, endpoint=True)


def whole_frame(engine, image):
    """Return the network over the photo, continued so far that no kept pixel sees zero padding."""
    top = np.iinfo(image.dtype).max if image.dtype.kind == "u" else 1
    frame = np.pad(image, [(RADIUS, RADIUS), (RADIUS, RADIUS), (0, 0)], mode="edge")
    result = np.clip(engine(frame[None].astype(np.float32) / top)[0], 0, 1) * top
    return result[RADIUS:-RADIUS, RADIUS:-RADIUS]


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_tiles_give_the_whole_frame(height, width, dtype, in_place):
    image = photo(height, width, dtype)
    expected = whole_frame(local_engine(), image)
    step = 1 / 65535 if dtype == np.float32 else 0.51
    step = 0.6 if dtype == np.uint16 else step  # float32 has 24 bits
    for engine, tile in ((local_engine(), 20), (local_engine(), 64), (local_engine(tile=32), 512)):
        source = image.copy()
        result = enhance_image(engine, source, tile=tile, in_place=in_place)
        assert (result is source) == in_place and result.dtype == dtype
        assert np.abs(result - expected).max() <= step
        assert in_place or (source == image).all()
        sides = {side for shape in engine.shapes for side in shape[1:3]}
        assert max(sides) <= min(max(height, width) + 2 * RADIUS, tile) or sides == {engine.tile}


@pytest.mark.parametrize(("tile", "halo"), [(9, 4), (10, 4), (64, 31)])
def test_in_place_where_a_tile_keeps_less_than_its_halo(tile, halo):
    image = photo(70, 83, np.uint8)
    expected = whole_frame(local_engine(), image)
    result = enhance_image(local_engine(tile, halo, workers=1), image, in_place=True)
    assert np.abs(result - expected).max() < 0.51


def test_a_halo_below_the_radius_is_not_exact():
    image = photo(65, 129, np.float32)
    result = enhance_image(local_engine(halo=RADIUS - 2), image, tile=40)
    assert np.abs(result - whole_frame(local_engine(), image)).max() > 1e-3


@pytest.mark.parametrize("planned", [plan_tiles, plan_continued])
def test_overwriting_without_the_rows_kept_aside_would_be_wrong(planned):
    """Without `Source`, the rows above a tile are already results."""
    image, plan = photo(100, 30, np.float32), planned(100, 30, 40, 4)
    seen = {}
    for overwritten in (False, True):
        array = image.copy()
        source, seen[overwritten] = Source(array, 4, overwritten), []
        for t in plan:
            seen[overwritten].append(source.read(t).copy())
            t.place(array, np.zeros((t.out_height, t.out_width, 3), np.float32))
    for t, plain, kept in zip(plan, seen[False], seen[True], strict=True):
        halo_above = t.out_y - t.rows.start
        assert (kept[max(halo_above - 4, 0) :] == t.read(image)[max(halo_above - 4, 0) :]).all()
        assert t.in_y <= 0 or (plain[:halo_above] == 0).all()
    assert sum(t.in_y > 0 for t in plan) >= 2


def test_the_edge_of_a_plain_photo_looks_like_its_inside():
    for engine in (local_engine(), local_engine(tile=32)):
        for size in ((1, 1), (5, 90), (70, 41)):
            result = enhance_image(engine, np.full((*size, 3), 255, np.uint8), tile=40)
            assert np.ptp(result, axis=(0, 1)).max() == 0


def test_memory_does_not_grow_with_floats():
    """A photo of 12 MB takes less than 1 MB in place, as 108 megapixels in proportion."""
    image = np.zeros((2000, 2000, 3), np.uint8)

    copy = FakeEngine(lambda x: x, halo=RADIUS, workers=2, bytes_per_pixel=100)
    tracemalloc.start()
    try:
        for in_place, most in ((True, 1_000_000), (False, 13_000_000)):
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            enhance_image(copy, image, max_memory=most, in_place=in_place)
            assert tracemalloc.get_traced_memory()[1] - before < most
    finally:
        tracemalloc.stop()


def test_tiles_get_smaller_with_the_memory_and_progress_ends_at_the_total():
    engine, seen = local_engine(), []
    image = photo(100, 100, np.uint8)
    enhance_image(engine, image, max_memory=30_000 + 200 * 900, progress=lambda *n: seen.append(n))
    assert max(engine.shapes) <= (1, 30, 30, 3)
    total = seen[-1][1]
    assert seen == [(n, total) for n in range(1, total + 1)] and total > 9


def test_results_come_in_order_and_late_enough():
    plan, events = plan_tiles(1, 60, 10, 2), []

    def work(t, number):
        time.sleep(0.02 if number == 0 else 0)  # the first one is the last to be ready
        return number

    numbers = iter(range(100))

    def read(t):
        events.append(("read", t.out_x))
        return next(numbers)

    stream(plan, read, work, lambda t, n: events.append(("write", n)), 3, Counter(), ahead=5)
    assert [n for kind, n in events if kind == "write"] == list(range(len(plan)))
    before_first_write = events[: events.index(("write", 0))]
    assert len(before_first_write) == 6


def test_an_error_in_a_thread_arrives_and_ends_the_rest():
    started = []

    def work(t, pixels):
        started.append(threading.current_thread())
        raise ZeroDivisionError

    plan = plan_tiles(1, 1000, 10, 0)
    with pytest.raises(ZeroDivisionError):
        stream(plan, lambda t: None, work, lambda *_: None, 2, Counter())
    assert len(started) < 10
    assert not any(thread.is_alive() for thread in started)


def test_lag_by_hand():
    assert lag(plan_tiles(10, 100, 20, 4), 4) == 1  # keeps 12
    assert lag(plan_tiles(10, 100, 9, 4), 4) == 4  # keeps 1
    assert lag(plan_tiles(5, 5, 9, 4), 4) == 1
    assert lag(plan_continued(5, 5, 9, 4), 4) == 4  # keeps 1
