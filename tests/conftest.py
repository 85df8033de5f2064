"""Fixtures for all tests: the reference data, small data sets in the DPED layout, a network."""

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter, zoom

ROOT = Path(__file__).resolve().parent.parent
pytest_plugins = ["real_browser", "web_demo"]


def pytest_configure(config):
    # JAX sets this variable to 1 when a test imports it. The commands that later tests start would
    # inherit the 1 and print TensorFlow's messages. 3 is what `common.backend` sets.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # A shell starts a command in the background (`nohup … &`) with SIGINT ignored, and every child
    # inherits that. Tests send SIGINT to the commands that they start.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Keras calls NumPy 2 on TensorFlow's variables; this project cannot change that.
    config.addinivalue_line(
        "filterwarnings", "ignore:__array__ implementation doesn't accept:DeprecationWarning"
    )


@pytest.fixture(scope="session")
def reference_data():
    """Return the folder of reference data. Without the folder, the test is skipped."""
    folder = ROOT / os.environ.get("DPED_REFERENCE_DATA", "../shared/data")
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder}; set DPED_REFERENCE_DATA")
    return folder


@pytest.fixture(scope="session")
def write_dataset():
    """Return the function that writes a small data set: `_write_dataset`."""
    return _write_dataset


def _write_dataset(root, phone, train=12, test=6, suffix=".png", seed=0, photo_size=(150, 200)):
    """Write ROOT/PHONE in the DPED layout, deterministic by seed.

    The target shows smooth random scenes. The phone shows a darker, blurred, noisy version of each
    scene, about 14 dB from the target. Lighter phone patches are above 30 dB from the target.

    Args:
        root: The folder of data sets.
        phone: The name of the phone.
        train: The number of training pairs.
        test: The number of test pairs.
        suffix: ".png" (lossless) or ".jpg".
        seed: The seed of the scenes and the noise.
        photo_size: Height and width of the one full-size photo.

    Returns:
        The folder ROOT/PHONE.
    """
    rng = np.random.default_rng(seed)
    folder = Path(root) / phone
    parts = {"training_data": train, "test_data/patches": test}
    for part, count in parts.items():
        for number in range(count):
            target = _scene(rng, 100, 100)
            _save(folder / part / "canon" / f"{number}{suffix}", target)
            _save(folder / part / phone / f"{number}{suffix}", _as_phone(rng, target))
    photo = _as_phone(rng, _scene(rng, *photo_size))
    _save(folder / "test_data" / "full_size_test_images" / f"0{suffix}", photo)
    return folder


@pytest.fixture(scope="session")
def texture():
    """Return the function that makes a gray scene to align: `_texture`."""
    return _texture


def _texture(height, width, seed=0, finest=3.0):
    """Return random detail of all sizes above `finest` pixels. As in photos, amplitude is 1/f.

    Returns:
        uint8 `(height, width)`, mean 127, standard deviation 40.
    """
    noise = np.random.default_rng(seed).standard_normal((height, width), dtype=np.float32)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    envelope = np.exp(-((finest * frequency) ** 2)) / (frequency + 1 / 100)
    scene = np.fft.irfft2(np.fft.rfft2(noise) * envelope, noise.shape)
    scene -= scene.mean()
    return np.uint8(np.rint(np.clip(127 + 40 * scene / scene.std(), 0, 255)))


def _scene(rng, height, width):
    """Return smooth colors in [0, 1]: a coarse random grid, interpolated."""
    grid = rng.uniform(0.1, 1.0, (8, 8, 3))
    return zoom(grid, (height / 8, width / 8, 1), order=1, grid_mode=True, mode="nearest")


def _as_phone(rng, scene):
    blurred = gaussian_filter(scene, (1.5, 1.5, 0))
    return 0.65 * blurred + rng.normal(0, 0.01, scene.shape)


def _save(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    if path.suffix in (".jpg", ".jpeg"):
        Image.fromarray(pixels).save(path, quality=95)
    else:
        Image.fromarray(pixels).save(path)


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Write a network that inverts photos, 255 - x, as .tflite and .keras; same.tflite keeps x."""
    import keras
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("models")
    invert = keras.layers.Conv2D(3, 3, padding="same", name="invert")
    free, fixed = (keras.Input(batch_shape=(n, None, None, 3)) for n in (None, 1))
    model, for_phone = (keras.Model(pixels, invert(pixels)) for pixels in (free, fixed))
    kernel = np.zeros((3, 3, 3, 3), np.float32)
    kernel[1, 1] = -np.eye(3)
    invert.set_weights([kernel, np.ones(3, np.float32)])
    model.save(folder / "invert.keras")
    for name, weights in (("invert", (kernel, np.ones(3))), ("same", (-kernel, np.zeros(3)))):
        invert.set_weights(weights)
        converter = tf.lite.TFLiteConverter.from_keras_model(for_phone)
        (folder / f"{name}.tflite").write_bytes(converter.convert())
        manifest = {"tile": None, "halo": 1, "norm": "none"}
        (folder / f"{name}.json").write_text(json.dumps(manifest))
    return folder
