"""Write the test vectors of docs/tiling.md.

PYTHONPATH=. python tests/vectors/write_tiling_vectors.py
"""

import itertools
import json
from pathlib import Path

from common.atomic_files import replacing
from inference.tiling import balanced_continued, balanced_tile, plan_continued, plan_tiles

PATH = Path(__file__).resolve().parents[2] / "docs" / "tiling_vectors.json"
SIZES = (
    *((1, 1), (1, 5), (5, 1), (7, 300), (300, 7), (63, 63), (64, 64), (64, 65), (65, 64)),
    *((100, 128), (128, 128), (120, 200), (255, 257), (256, 256), (220, 476)),
)
TILES = ((64, 0), (64, 5), (64, 18), (96, 18), (256, 18), (256, 12))
HALF = ((64, 10), (256, 10))  # for networks at half the resolution
PHOTOS = ((1536, 2048), (3120, 4160), (6000, 8000), (9000, 12000), (12000, 9000), (1, 100000))
AXES = ((256, 18, 1), (512, 18, 1), (512, 12, 1), (1024, 18, 1), (256, 10, 2))


def vectors() -> dict:
    """Return everything that the file holds, as `docs/tiling.md` describes."""
    plans = [_plan(*size, *tile) for size, tile in itertools.product(SIZES, TILES)]
    plans += [_plan(66, 68, 64, 31)]  # two pixels are kept of a tile
    plans += [_plan(*size, *tile, 2) for size, tile in itertools.product(SIZES, HALF)]
    plans += [_plan(101, 203, 64, 8, 4)]
    axes = []
    for length in sorted({side for photo in PHOTOS for side in photo}):
        for tile, halo, multiple in AXES:
            spans = [
                [t.in_x, t.in_width, t.out_x, t.out_width]
                for t in plan_continued(1, length, tile, halo, multiple)
            ]
            # The ends of a long axis say all: the spans between them repeat.
            axes.append(
                {
                    "length": length,
                    "tile": tile,
                    "halo": halo,
                    "multiple": multiple,
                    "balanced": balanced_continued(length, tile, halo, multiple),
                    "count": len(spans),
                    "first": spans[:3],
                    "last": spans[-3:],
                }
            )
    refused = [{"length": 100, "tile": tile, "halo": halo} for tile, halo in ((36, 18), (20, 18))]
    inside = [_inside(*size, *tile) for size, tile in itertools.product(SIZES, TILES)]
    return {"plans": plans, "axes": axes, "refused": refused, "inside": inside}


def _plan(height: int, width: int, tile: int, halo: int, multiple: int = 1) -> dict:
    how = tile, halo, multiple
    return {
        "height": height,
        "width": width,
        "tile": tile,
        "halo": halo,
        "multiple": multiple,
        "balanced": [balanced_continued(side, *how) for side in (height, width)],
        "tiles": [list(t) for t in plan_continued(height, width, *how)],
    }


def _inside(height: int, width: int, tile: int, halo: int) -> dict:
    return {
        "height": height,
        "width": width,
        "tile": tile,
        "halo": halo,
        "balanced": [balanced_tile(side, tile, halo) for side in (height, width)],
        "tiles": [list(t) for t in plan_tiles(height, width, tile, halo)],
    }


def as_text(content: dict) -> str:
    """Return JSON with one vector a line."""
    lists = (
        f'  "{name}": [\n' + ",\n".join(f"    {json.dumps(one)}" for one in entries) + "\n  ]"
        for name, entries in content.items()
    )
    return "{\n" + ",\n".join(lists) + "\n}\n"


def main() -> None:
    """Write the file."""
    with replacing(PATH) as path:
        path.write_text(as_text(vectors()))


if __name__ == "__main__":
    main()
