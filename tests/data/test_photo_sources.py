"""Photos without a partner: folders of the user, and photos that ship with scikit-image."""

import socket

import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from data.pair_files import DatasetError
from data.photo_folder import PhotoFolder
from data.shipped_photos import shipped_photos


def test_photo_folder_reads_upright_color_and_names_a_damaged_file(tmp_path):
    gray = np.uint8(np.linspace(0, 255, 200 * 150).reshape(200, 150))
    iio.imwrite(tmp_path / "b.PNG", gray, extension=".png")
    sideways = Image.Exif()
    sideways[0x0112] = 6  # the right edge of the file is the top of the scene
    upright = np.dstack([gray, gray // 2, 255 - gray])
    Image.fromarray(np.rot90(upright)).save(tmp_path / "a.png", exif=sideways)
    # Gray with an opacity of 1/5 over white is 0.2 × gray + 0.8 × 255.
    iio.imwrite(tmp_path / "d.png", np.dstack([gray] * 3 + [np.full_like(gray, 51)]))
    iio.imwrite(tmp_path / "e.png", gray.astype(np.uint16) * 257)
    (tmp_path / "notes.txt").write_text("no photo")
    photos = PhotoFolder(tmp_path)
    assert list(photos) == ["a.png", "b.PNG", "d.png", "e.png"]
    assert all(photo.dtype == np.uint8 for photo in photos.values())
    np.testing.assert_array_equal(photos["a.png"], upright)
    np.testing.assert_array_equal(photos["b.PNG"], np.dstack([gray] * 3))
    np.testing.assert_allclose(photos["d.png"], np.dstack([0.2 * gray + 204] * 3), atol=1)
    np.testing.assert_array_equal(photos["e.png"], np.dstack([gray] * 3))
    (tmp_path / "c.jpg").write_bytes(b"\xff\xd8 not a JPEG")
    with pytest.raises(DatasetError, match=r"c\.jpg: not an image"):
        PhotoFolder(tmp_path)["c.jpg"]


def test_shipped_photos_are_read_without_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("network")

    monkeypatch.setattr(socket, "socket", refuse)
    photos = shipped_photos()
    assert {"astronaut", "chelsea", "coffee", "motorcycle_left", "rocket"} <= set(photos)
    for photo in photos.values():
        assert photo.dtype == np.uint8 and photo.shape[2:] == (3,) and min(photo.shape[:2]) >= 300
