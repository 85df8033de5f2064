import math

import numpy as np
import pytest

import models  # noqa: F401 - brings Keras in without TensorFlow's chatter
from common.backend import import_keras
from models.network_files import WeightsError
from training.training_state import restore_state, save_state

keras = import_keras()

PROGRESS = {"step": 1234, "best": {"psnr": 21.5, "step": 1200}, "phone": "мой"}


def variables(shapes, offset=0.0):
    """One variable a shape, with values found nowhere else."""
    found = []
    for index, shape in enumerate(shapes):
        values = offset + 100 * index + np.arange(math.prod(shape)).reshape(shape)
        found.append(keras.Variable(values, dtype="float32"))
    return found


def values(state):
    return [np.array(keras.ops.convert_to_numpy(variable.value)) for variable in state]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# Eleven equal shapes: an order by text instead of number would swap them unnoticed.
SHAPES = [(3, 3, 2, 4), (), (4,), *[(2, 2)] * 11]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "state.npz"
    save_state(path, variables(SHAPES), PROGRESS)
    return path


def refusal(path, state):
    before = values(state)
    with pytest.raises(WeightsError) as raised:
        restore_state(path, state)
    for old, new in zip(before, values(state), strict=True):
        np.testing.assert_array_equal(old, new)
    message = str(raised.value)
    assert message.startswith(f"{path}: ") and "\n" not in message
    return message


def test_variables_and_progress_come_back(path):
    state = variables(SHAPES, offset=-5.5)
    assert restore_state(str(path), state) == PROGRESS
    for restored, expected in zip(values(state), values(variables(SHAPES)), strict=True):
        np.testing.assert_array_equal(restored, expected)
    assert names(path.parent) == ["state.npz"]


def test_an_optimizer_comes_back_exactly(tmp_path):
    """Its step count is an integer beyond float32's reach, its moments tiny numbers."""
    weight = keras.Variable(np.array([1.0, 2.0], np.float32))
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build([weight])
    gradient = keras.ops.convert_to_tensor(np.array([1e-20, -3.0], np.float32))
    optimizer.apply([gradient], [weight])
    optimizer.iterations.assign(2**24 + 1)
    state = [weight, *optimizer.variables]
    expected = values(state)
    save_state(tmp_path / "state.npz", state, {})
    for variable in state:
        variable.assign(keras.ops.zeros_like(variable))
    restore_state(tmp_path / "state.npz", state)
    for restored, old in zip(values(state), expected, strict=True):
        assert restored.dtype == old.dtype
        np.testing.assert_array_equal(restored, old)


def test_a_state_replaces_the_one_before(path):
    save_state(path, variables([(3,)], offset=7), {"step": 2})
    state = variables([(3,)])
    assert restore_state(path, state) == {"step": 2}
    np.testing.assert_array_equal(values(state)[0], [7, 8, 9])
    assert names(path.parent) == ["state.npz"]


@pytest.mark.parametrize(
    "shapes",
    [SHAPES[:-1], [*SHAPES, (1,)], [(3, 3, 4, 2), *SHAPES[1:]], [(1,), *SHAPES[1:]], []],
)
def test_a_checkpoint_of_another_network_is_refused(path, shapes):
    assert "another network" in refusal(path, variables(shapes))


@pytest.mark.parametrize("kept", [0, 1, 0.5, 0.98])
def test_a_truncated_checkpoint_is_refused(path, kept):
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content)) if kept < 1 else 1])
    assert "damaged checkpoint" in refusal(path, variables(SHAPES))


def test_a_flipped_byte_is_noticed(path):
    content = bytearray(path.read_bytes())
    content[content.index(np.array([10, 11, 12], np.float32).tobytes())] ^= 0x01
    path.write_bytes(content)
    assert "damaged checkpoint" in refusal(path, variables(SHAPES))


def test_foreign_files_are_refused(tmp_path):
    state = variables([(2,)])
    (tmp_path / "text.npz").write_text("hello")
    np.savez(tmp_path / "other.npz", v0000=np.zeros(2))
    np.save(tmp_path / "array.npy", np.zeros(2))
    np.savez(tmp_path / "pickled.npz", progress=np.array({"step": 1}, dtype=object))
    for name in ("text.npz", "other.npz", "array.npy", "pickled.npz"):
        assert "damaged checkpoint" in refusal(tmp_path / name, state)


def test_a_missing_checkpoint_says_how_to_start(tmp_path):
    message = refusal(tmp_path / "state.npz", variables([(2,)]))
    assert "no checkpoint to resume from" in message and "--resume" in message


def test_a_failed_save_leaves_the_old_state_and_nothing_else(path, monkeypatch):
    before = path.read_bytes()

    def full_disk(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(TypeError):
        save_state(path, variables(SHAPES), {"step": object()})
    assert names(path.parent) == ["state.npz"]
    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(OSError, match="No space left"):
        save_state(path, variables(SHAPES), PROGRESS)
    assert names(path.parent) == ["state.npz"]
    assert path.read_bytes() == before
