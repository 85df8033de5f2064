"""The plan of tiles: every pixel kept once, blocks, and the vectors of the specification."""

import itertools
import json

import numpy as np
import pytest
from write_tiling_vectors import PATH, as_text, vectors

from inference.tiling import balanced_continued, balanced_tile, plan_continued, plan_tiles


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


@pytest.mark.parametrize(("tile", "halo"), [(16, 0), (16, 3), (16, 7), (33, 16)])
def test_a_continued_plan_keeps_each_pixel_once_and_halo_pixels_inside(tile, halo):
    for height, width in itertools.product((1, 15, 16, 17, 31, 32, 50), (1, 16, 18, 47)):
        image = np.arange(height * width).reshape(height, width, 1)
        endless = np.pad(image, [(64, 64), (64, 64), (0, 0)], mode="edge")
        kept = np.zeros((height, width, 1), int)
        for t in plan_continued(height, width, tile, halo):
            assert (t.in_height, t.in_width) == (tile, tile)
            seen = t.filled(t.read(image))
            there = endless[64 + t.in_y :, 64 + t.in_x :][:tile, :tile]
            np.testing.assert_array_equal(seen, there)
            np.testing.assert_array_equal(t.keep(seen), t._replace(in_y=0, in_x=0).keep(image))
            t.place(kept, t._replace(in_y=0, in_x=0).keep(kept) + 1)
            for start, out, out_size in (
                (t.in_y, t.out_y, t.out_height),
                (t.in_x, t.out_x, t.out_width),
            ):
                assert out_size > 0 and out - start == halo
                assert start + tile - (out + out_size) >= halo
        assert (kept == 1).all()


def test_a_continued_plan_of_blocks_starts_and_ends_between_them():
    for height, width in itertools.product((1, 2, 15, 31, 49, 50), (1, 16, 47, 101)):
        for tile, halo, multiple in ((16, 4, 2), (24, 8, 4)):
            plan = plan_continued(height, width, tile, halo, multiple)
            assert not any((t.in_y + halo) % multiple or (t.in_x + halo) % multiple for t in plan)
            assert sum(t.out_height * t.out_width for t in plan) == height * width
    for tile, halo in ((15, 4), (16, 3)):
        with pytest.raises(ValueError, match="no multiple of 2"):
            plan_continued(50, 50, tile, halo, multiple=2)


def test_balanced_tiles_of_continued_plans_need_no_more_tiles():
    for length, tile, halo in itertools.product((1, 63, 65, 501, 2047), (64, 512), (0, 4, 20)):
        for multiple in (1, 2, 4):
            smaller = balanced_continued(length, tile, halo, multiple)
            assert smaller % multiple == 0 and smaller <= tile
            many = [len(plan_continued(1, length, t, halo, multiple)) for t in (smaller, tile)]
            assert many[0] == many[1]
    assert balanced_continued(2048, 512, 18) == 446  # 5 tiles that keep 410 pixels each
    assert balanced_continued(2046, 512, 20, 4) == 452  # 5 tiles that keep 412 pixels each


def test_plan_refuses_a_tile_that_is_all_halo():
    assert len(plan_tiles(10, 10, 10, 8)) == 1
    with pytest.raises(ValueError, match="16 px has no room for a halo of 8 px"):
        plan_tiles(10, 17, 16, 8)
    with pytest.raises(ValueError, match="16 px has no room for a halo of 8 px"):
        plan_continued(1, 1, 16, 8)


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
        sides = one["height"], one["width"]
        assert [list(t) for t in plan_continued(*sides, *how)] == one["tiles"]
        assert [balanced_continued(n, *how) for n in sides] == one["balanced"]
    for one in found["axes"]:
        tile, halo, multiple = one["tile"], one["halo"], one["multiple"]
        plan = plan_continued(one["length"], 1, tile, halo, multiple)
        spans = [[t.in_y, t.in_height, t.out_y, t.out_height] for t in plan]
        assert (len(spans), spans[:3], spans[-3:]) == (one["count"], one["first"], one["last"])
    for one in found["refused"]:
        with pytest.raises(ValueError, match="no room"):
            plan_continued(one["length"], 1, one["tile"], one["halo"])
    for one in found["inside"]:
        how, sides = (one["tile"], one["halo"]), (one["height"], one["width"])
        assert [list(t) for t in plan_tiles(*sides, *how)] == one["tiles"]
        assert [balanced_tile(n, *how) for n in sides] == one["balanced"]


def test_a_plan_by_hand():
    assert plan_tiles(1, 10, 6, 2) == [  # steps of 2: 0, 2, 4, the last one ends at 10
        (0, 0, 1, 6, 0, 0, 1, 4),
        (0, 2, 1, 6, 0, 4, 1, 2),
        (0, 4, 1, 6, 0, 6, 1, 4),
    ]
    assert plan_tiles(1, 9, 6, 2)[-1] == (0, 3, 1, 6, 0, 6, 1, 3)
    assert plan_continued(1, 5, 6, 2) == [  # steps of 2
        (-2, -2, 6, 6, 0, 0, 1, 2),
        (-2, 0, 6, 6, 0, 2, 1, 2),
        (-2, 2, 6, 6, 0, 4, 1, 1),
    ]
