"""The picture of a photo before and after enhancement."""

import numpy as np

from photos import Photo
from photos.batches.before_after import compare_path, is_comparison, reduced


def test_reduced_is_a_mean_of_squares():
    pixels = np.zeros((2, 4097, 1), np.uint8)
    pixels[0, :3], pixels[:, -1] = 90, 200
    small = reduced(Photo(pixels))
    assert small.shape == (1, 1366, 1)
    assert (small[0, 0, 0], small[0, 1, 0], small[0, -1, 0]) == (45, 0, 100)


def test_comparisons_are_known_by_the_photo_beside_them(tmp_path):
    for name in ("a.png", "b_compare.jpg", compare_path(tmp_path / "a.png").name):
        (tmp_path / name).touch()
    assert is_comparison(tmp_path / "a_compare.jpg") and not is_comparison(
        tmp_path / "b_compare.jpg"
    )
