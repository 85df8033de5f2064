"""Which files of a folder are photos: one rule for all commands."""

import os

import numpy as np
import pytest
from fake_photos import noise
from PIL import Image

from data.pair_files import DatasetError, training_pairs
from data.photo_folder import PhotoFolder
from photos import PHOTO_SUFFIXES, list_photos, load_photo, photos_in, save_photo
from photos.formats import RAW_SUFFIXES


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def names(paths):
    return [path.name for path in paths]


def test_every_suffix_of_a_photo_counts_in_any_case(tmp_path):
    expected = {f"{n}{s}" for n, s in enumerate(sorted(PHOTO_SUFFIXES))}
    expected |= {f"upper{n}{s.upper()}" for n, s in enumerate(sorted(PHOTO_SUFFIXES))}
    touch(tmp_path, *expected)
    assert set(names(photos_in(tmp_path))) == expected
    assert {".jpg", ".jfif", ".mpo", ".avif", ".heic", ".dng"} <= PHOTO_SUFFIXES


def test_what_is_left_out_is_named_with_the_reason(tmp_path, capsys):
    touch(tmp_path, "b.JPG", "a.webp", "a.xmp", "._b.JPG", ".hidden", "both.cr2", "both.jpg")
    touch(tmp_path, "alone.cr2", "folder.png/inside.jpg", "1.mov", "2.mov", "3.mov", "4.mov")
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "nowhere.png").symlink_to(tmp_path / "none")
    listing = list_photos(tmp_path)
    assert names(listing.photos) == ["a.webp", "alone.cr2", "b.JPG", "both.jpg"]
    reasons = {one.path.name: one.reason for one in listing.left_out}
    assert reasons == {
        "._b.JPG": "hidden",
        "both.cr2": "raw file of a photo beside it",
        "pipe.jpg": "not a regular file",
        "nowhere.png": "No such file or directory",
        **dict.fromkeys(("a.xmp", *(f"{n}.mov" for n in "1234")), "no photo by name or content"),
    }
    assert {one.path.name for one in listing.left_out if one.is_fault} == {
        "pipe.jpg",
        "nowhere.png",
    }
    assert photos_in(tmp_path) == listing.photos
    lines = capsys.readouterr().err.splitlines()
    few = "1.mov, 2.mov, 3.mov, 4.mov and 1 more: no photo by name or content"
    assert f"{tmp_path}: left out {few}" in lines and len(lines) == 5


@pytest.mark.parametrize(
    ("image_format", "photo", "advice"),
    [
        ("JPEG", True, "JPEG by content: rename to .jpg"),
        ("PNG", True, "PNG by content: rename to .png"),
        ("TIFF", True, "TIFF by content: rename to .tif"),
        ("WEBP", True, "WEBP by content: rename to .webp"),
        ("BMP", True, "BMP by content: rename to .bmp"),
        ("AVIF", True, "AVIF by content: rename to .avif"),
        ("GIF", False, "GIF by content: convert to PNG or JPEG"),
        ("JPEG2000", False, "JPEG2000 by content: convert to PNG or JPEG"),
    ],
)
def test_content_decides_without_a_suffix_and_advises_with_another(
    tmp_path, image_format, photo, advice
):
    image = Image.fromarray(noise(3, np.uint8))
    for name in ("IMG_0001", "x.download"):
        image.save(tmp_path / name, image_format)
    listing = list_photos(tmp_path)
    assert names(listing.photos) == ["IMG_0001"] * photo
    assert listing.left_out[-1].reason == advice


def test_heic_by_content_needs_no_library(tmp_path):
    (tmp_path / "IMG_0001").write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    assert names(photos_in(tmp_path)) == ["IMG_0001"]


def test_folders_in_folders(tmp_path):
    touch(tmp_path, "a.jpg", "b/c.jpg", ".d/e.jpg", "results/f.jpg")
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    listing = list_photos(tmp_path, recursive=True, enter=lambda path: path.name != "results")
    assert [str(path.relative_to(tmp_path)) for path in listing.photos] == ["a.jpg", "b/c.jpg"]
    with pytest.raises(OSError, match="No such file"):
        list_photos(tmp_path / "none")


def test_patches_and_photos_to_train_on(tmp_path, capsys):
    pair = tmp_path / "P" / "training_data"
    for side in ("P", "canon"):
        touch(pair, f"{side}/2.jpg", f"{side}/10.png", f"{side}/._2.jpg")
    touch(pair, "P/3.webp")
    assert names(training_pairs(tmp_path, "P").phone) == ["2.jpg", "10.png"]
    assert "3.webp: only .jpeg .jpg .png count here" in capsys.readouterr().err
    os.mkfifo(pair / "P" / "5.jpg")
    (pair / "canon" / "5.jpg").touch()
    with pytest.raises(DatasetError, match="5 has no partner"):
        training_pairs(tmp_path, "P")
    (tmp_path / "photos").mkdir()
    touch(tmp_path / "photos", "._x.jpg")
    for name in ("x.jpg", "y.webp", "z.avif"):
        Image.fromarray(noise(3, np.uint8)).save(tmp_path / "photos" / name)
    photos = PhotoFolder(tmp_path / "photos")
    assert list(photos) == ["x.jpg", "y.webp", "z.avif"]
    assert all(photo.shape == (31, 47, 3) for photo in photos.values())


@pytest.mark.parametrize("name", ["x.jfif", "x.jpe", "x.mpo", "x.avif", "x.hif"])
def test_photos_of_all_suffixes_are_written_again(tmp_path, name):
    y, x = np.mgrid[:64, :96]
    pixels = np.stack([2 * x, 3 * y, 255 - x - y], -1).astype(np.uint8)
    path = tmp_path / name
    if name == "x.hif":
        pytest.importorskip("pillow_heif").register_heif_opener()
        Image.fromarray(pixels).save(path, "HEIF", quality=100)
    elif name == "x.mpo":
        second = Image.fromarray(255 - pixels)
        Image.fromarray(pixels).save(path, "MPO", save_all=True, append_images=[second])
    else:
        save_photo(path, load_photo_of(pixels))
    photo = load_photo(path)
    assert np.abs(photo.pixels.astype(int) - pixels).mean() < 4
    save_photo(tmp_path / f"again{path.suffix}", photo)
    result = load_photo(tmp_path / f"again{path.suffix}")
    assert np.abs(result.pixels.astype(int) - pixels).mean() < 5


def load_photo_of(pixels):
    from photos import Photo

    return Photo(pixels)


def test_raw_suffixes_are_not_written(tmp_path):
    from photos import Photo, PhotoError

    for suffix in RAW_SUFFIXES:
        with pytest.raises(PhotoError, match="cannot write"):
            save_photo(tmp_path / f"x{suffix}", Photo(noise(3, np.uint8)))
