"""Networks in files: saving is whole or not at all, and bad files end in one line."""

import pytest

from common.backend import keras
from models.mobile import build_mobile
from models.network_files import WeightsError, load_generator, save_model

layers = keras.layers


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_failed_save_keeps_the_file_that_was_there(tmp_path, monkeypatch):
    path = tmp_path / "phone.keras"
    path.write_bytes(b"old")
    model = build_mobile(channels=2, blocks=1)

    def full_disk(self, file, *rest, **options):
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keras.Model, "save", full_disk)
    with pytest.raises(OSError, match="No space left"):
        save_model(model, path)
    assert names(tmp_path) == ["phone.keras"]
    assert path.read_bytes() == b"old"


def refusal(path):
    with pytest.raises(WeightsError) as raised:
        load_generator(path)
    message = str(raised.value)
    assert message.startswith(f"{path}: ") and "\n" not in message
    return message


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "mobile.keras"
    save_model(build_mobile(channels=2, blocks=1), path)
    return path.read_bytes()


def test_a_missing_model_file_or_a_folder_is_refused(tmp_path):
    assert "no such model file" in refusal(tmp_path / "none.keras")
    assert "no such model file" in refusal(tmp_path)


@pytest.mark.parametrize("damage", ["half", "end", "empty", "text", "zip"])
@pytest.mark.parametrize("suffix", [".keras", ".h5", ".txt"])
def test_damaged_model_files_are_refused(tmp_path, saved, damage, suffix):
    content = {
        "half": saved[: len(saved) // 2],
        "end": saved[:-10],
        "empty": b"",
        "text": b"hello\nworld\n" * 100,
        "zip": b"PK\x05\x06" + bytes(18),  # an empty archive
    }[damage]
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content)
    assert "not a readable .keras model" in refusal(path)


def other_networks():
    image = keras.Input((None, None, 3))
    gray = keras.Input((None, None, 1))
    vector = keras.Input((3,))
    pixels = layers.Conv2D(3, 1)(image)
    return {
        "to gray": keras.Model(image, layers.Conv2D(1, 1)(image)),
        "from gray": keras.Model(gray, layers.Conv2D(3, 1)(gray)),
        "two inputs": keras.Model([image, gray], layers.Multiply()([image, gray])),
        "two outputs": keras.Model(image, [pixels, layers.Conv2D(3, 1)(image)]),
        "vectors": keras.Model(vector, layers.Dense(3)(vector)),
        "one vector an image": keras.Model(image, layers.GlobalAveragePooling2D()(image)),
    }


@pytest.mark.parametrize("name", other_networks())
def test_other_networks_are_refused(tmp_path, name):
    path = tmp_path / "other.keras"
    save_model(other_networks()[name], path)
    assert "not a network from RGB images to RGB images" in refusal(path)
