"""Tests of the web demo's results against Python's LiteRT with the same file."""

import io

import numpy as np
import pytest
import skimage.data
from PIL import Image
from web_demo import DONE, EMULATED_GPU, enhance_in, png

from inference.enhance_image import enhance_image
from inference.litert_engine import LiteRTEngine
from models.shipped import PRETRAINED

FP16 = "iphone_3gs_fp16_256.json"
INT8 = "iphone_3gs_int8_256.json"


@pytest.fixture(scope="module")
def photo():
    """Return a photo with odd sides, for three by four tiles."""
    return np.ascontiguousarray(skimage.data.stereo_motorcycle()[0][:497, :741, :3])


def in_python(manifest, pixels):
    return enhance_image(LiteRTEngine((PRETRAINED / manifest).with_suffix(".tflite")), pixels)


def difference(a, b):
    assert a.shape == b.shape
    return np.abs(a.astype(int) - b.astype(int))


@pytest.mark.parametrize("manifest, levels", [(FP16, 1), (INT8, 2)])
def test_the_result_is_pythons_without_seams(visit, photo, manifest, levels):
    page = visit()
    apart = difference(enhance_in(page, photo, model=manifest), in_python(manifest, photo))
    assert apart.mean() <= 0.5
    assert apart.max() <= levels  # so there is no seam
    assert (
        difference(in_python(manifest, photo), photo).mean() > 10
    )  # the network changes the photo
    assert "CPU" in page.inner_text("#status")


def test_a_photo_smaller_than_a_tile(visit, photo):
    small = np.ascontiguousarray(photo[100:213, 200:377])
    assert difference(enhance_in(visit(), small, model=FP16), in_python(FP16, small)).max() <= 1


def test_transparent_pixels_turn_white(visit, photo):
    tile = photo[:256, :256]
    alpha = np.full((256, 256, 1), 255, np.uint8)
    alpha[:, 128:] = 0
    seen = np.where(alpha > 0, tile, 255).astype(np.uint8)
    result = enhance_in(visit(), png(np.concatenate([tile, alpha], axis=2)), model=FP16)
    assert difference(result, in_python(FP16, seen)).max() <= 1


def test_orientation_and_exif(visit, photo):
    """A JPEG with an orientation is turned for the network, and saved upright with its date."""
    exif = Image.Exif()
    exif[0x0112], exif[0x0132], exif[0x010F] = 6, "2026:05:04 03:02:01", "A phone"
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "jpeg", quality=95, exif=exif, subsampling=0)
    decoded = np.asarray(Image.open(file).convert("RGB"))
    upright = np.ascontiguousarray(np.rot90(decoded, -1))

    page = visit()
    result = enhance_in(page, file.getvalue(), name="IMG_1.JPG", model=FP16)
    assert difference(result, in_python(FP16, upright)).mean() <= 1
    with page.expect_download() as download:
        page.click("#save")
    assert download.value.suggested_filename == "IMG_1_enhanced.jpg"
    saved = Image.open(download.value.path())
    assert saved.format == "JPEG" and saved.size == (497, 741)
    assert dict(saved.getexif()) == {**dict(exif), 0x0112: 1}
    assert difference(np.asarray(saved.convert("RGB")), result).mean() < 3


def test_a_real_photo(visit, reference_data):
    path = reference_data / "dped/iphone/test_data/full_size_test_images/0.jpg"
    apart = difference(
        enhance_in(visit(), path, model=FP16), in_python(FP16, np.asarray(Image.open(path)))
    )
    assert apart.mean() <= 1


@pytest.mark.slow
def test_the_gpu_computes_the_same(visit, launched, photo):
    page = visit(chromium=launched(*EMULATED_GPU))
    assert "CPU" in page.inner_text("#status")  # the page takes an emulated GPU only on request
    result = enhance_in(page, photo, processor="webgpu", model=FP16)
    assert "GPU" in page.inner_text("#status")
    assert difference(result, in_python(FP16, photo)).max() <= 1


def test_without_a_gpu_the_cpu_computes(visit, photo):
    page = visit()
    result = enhance_in(page, photo, processor="webgpu", model=FP16)
    assert "CPU" in page.inner_text("#status")
    assert "Using the CPU" in page.inner_text("#status")
    assert difference(result, in_python(FP16, photo)).max() <= 1


def test_the_sample_photo(visit):
    page = visit()
    page.click("#try")
    page.wait_for_selector(DONE, timeout=60_000)
    assert "1024×768" in page.inner_text("#status")
