"""The plan of tiles: every pixel kept once, blocks, and the vectors of the specification."""

import itertools
import json

import numpy as np
import pytest
from write_tiling_vectors import PATH, as_text, vectors

from inference.tiling import balanced_tile, plan_tiles


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


def test_a_plan_of_blocks_starts_and_ends_between_them():
    for height, width in itertools.product((1, 2, 15, 31, 49, 50), (1, 16, 47, 101)):
        kept = np.zeros((height, width, 1), int)
        for t in plan_tiles(height, width, 16, 4, multiple=2):
            assert not any(n % 2 for n in (t.in_y, t.in_x, t.in_height, t.in_width, t.out_y))
            t.place(kept, t.keep(t.filled(np.ones_like(t.read(kept)))) + t.keep(t.read(kept)))
            for start, size, out, out_size, length in (
                (t.in_y, t.in_height, t.out_y, t.out_height, height),
                (t.in_x, t.in_width, t.out_x, t.out_width, width),
            ):
                assert start >= 0 and start + size <= length + length % 2 and out_size > 0
                assert start == 0 or out - start >= 4
                assert start + size >= length or start + size - (out + out_size) >= 4
        assert (kept == 1).all()
    for tile, halo in ((15, 4), (16, 3)):
        with pytest.raises(ValueError, match="no multiple of 2"):
            plan_tiles(50, 50, tile, halo, multiple=2)


def test_balanced_tile_of_blocks():
    for length, tile, halo in itertools.product((1, 63, 65, 501, 2047), (64, 512), (0, 4, 10)):
        smaller = balanced_tile(length, tile, halo, 2)
        count = len(plan_tiles(2, length, tile, halo, 2))
        assert smaller % 2 == 0 and len(plan_tiles(2, length, smaller, halo, 2)) == count


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


def test_the_vectors_of_the_specification():
    """The vectors are those that the script writes, and the plans agree with them."""
    found = json.loads(PATH.read_text())
    assert PATH.read_text() == as_text(vectors())
    assert PATH.stat().st_size < 200_000
    for one in found["plans"]:
        how = one["tile"], one["halo"], one["multiple"]
        plan = plan_tiles(one["height"], one["width"], *how)
        assert [list(t) for t in plan] == one["tiles"]
        sides = one["height"], one["width"]
        assert [balanced_tile(n, *how) for n in sides] == one["balanced"]
    for one in found["axes"]:
        tile, halo, multiple = one["tile"], one["halo"], one["multiple"]
        plan = plan_tiles(one["length"], 1, (tile, multiple), halo, multiple)
        spans = [[t.in_y, t.in_height, t.out_y, t.out_height] for t in plan]
        assert (len(spans), spans[:3], spans[-3:]) == (one["count"], one["first"], one["last"])
    for one in found["refused"]:
        with pytest.raises(ValueError, match="no room"):
            plan_tiles(one["length"], 1, one["tile"], one["halo"])


def test_a_plan_by_hand():
    assert plan_tiles(1, 10, 6, 2) == [  # steps of 2: 0, 2, 4, the last one ends at 10
        (0, 0, 1, 6, 0, 0, 1, 4),
        (0, 2, 1, 6, 0, 4, 1, 2),
        (0, 4, 1, 6, 0, 6, 1, 4),
    ]
    assert plan_tiles(1, 9, 6, 2)[-1] == (0, 3, 1, 6, 0, 6, 1, 3)
