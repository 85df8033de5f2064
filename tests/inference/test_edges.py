"""The edges of photos: no network that runs in tiles meets its own zero padding there."""

import numpy as np
import pytest

from common.tensor_names import ENHANCED, IMAGE, THUMBNAIL
from enhance import load_engine
from inference.enhance_image import enhance_image
from inference.photo_thumbnail import thumbnail_of
from inference.pixels import from_floats, to_floats
from models.shipped import PRETRAINED, SUFFIXES

SHIPPED = sorted(path for path in PRETRAINED.iterdir() if path.suffix in SUFFIXES)
SIZES = [(1, 1), (5, 90), (300, 137)]


def photo(height, width):
    """Return a smooth uint8 photo with some noise; its four edges differ."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    rng = np.random.default_rng(height)
    values = 128 + 60 * np.sin(y / 20 + c) + 50 * np.cos(x / 13) + rng.normal(0, 4, y.shape)
    return values.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module", params=SHIPPED, ids=lambda path: path.name)
def engine(request):
    return load_engine(request.param)


def test_networks_of_several_kinds_ship():
    assert len(SHIPPED) >= 5


@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize("size", SIZES)
def test_a_plain_photo_stays_plain_up_to_the_border(engine, size, level):
    result = enhance_image(engine, np.full((*size, 3), level, np.uint8), tile=128).astype(int)
    # In 8 bits, the runtime's kernels round a plain tile to two neighboring levels.
    assert np.ptp(result, axis=(0, 1)).max() <= ("int8" in engine.name)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_the_border_is_the_inside_of_a_photo_that_goes_on(engine, height, width):
    """The whole photo at once, continued farther than a tile does, has the same pixels inside."""
    image, halo, side = photo(height, width), engine.halo, engine.multiple
    around = [(4 * halo, 4 * halo + -length % side) for length in (height, width)]
    frame = to_floats(np.pad(image, [*around, (0, 0)], mode="edge"))[None]
    given = {THUMBNAIL: thumbnail_of(image, engine.thumbnail)[None]} if engine.thumbnail else {}
    whole = engine.networks()[0](**{IMAGE: frame}, **given)[ENHANCED][0]
    whole = whole[4 * halo :, 4 * halo :][:height, :width]
    whole = from_floats(whole, np.dtype(np.uint8)).astype(int)
    for tile in (100, 512):
        apart = np.abs(enhance_image(engine, image, tile=tile) - whole)
        assert apart.max() <= 1
        assert np.mean(apart > 0) < 0.01  # roundings of halves
    over = image.copy()
    enhance_image(engine, over, tile=100, in_place=True)
    assert np.abs(over.astype(int) - whole).max() <= 1
