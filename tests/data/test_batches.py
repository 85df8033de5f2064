"""Batches: every pair once an epoch, the same symmetry on both sides, threads that end."""

import itertools
import threading
import time

import numpy as np
import pytest

from data.batches import Batches, Part, split_for_validation
from data.packed import PatchPairs

# The eight symmetries of the square, written independently of the code.
SYMMETRIES = [
    lambda a, t=t, v=v, h=h: (a.swapaxes(0, 1) if t else a)[:: 1 - 2 * v, :: 1 - 2 * h]
    for t, v, h in itertools.product((0, 1), repeat=3)
]


def pairs_of(count, size=4, seed=0):
    """Return random patches; all patches and all their symmetries differ."""
    rng = np.random.default_rng(seed)
    shape = (count, size, size, 3)
    return PatchPairs(*(rng.integers(0, 256, shape, dtype=np.uint8) for _ in range(2)))


def batches_of(pairs, batch_size, seed=0):
    return Batches([Part(pairs, batch_size, seed)])


def lookup(pairs):
    """Return (pair, symmetry) by the bytes of every possible phone and target patch."""
    table = {}
    for side in ("phone", "target"):
        for row, patch in enumerate(getattr(pairs, side)):
            for index, symmetry in enumerate(SYMMETRIES):
                table[side, symmetry(patch).tobytes()] = (row, index)
    assert len(table) == 16 * len(pairs)
    return table


def visits(pairs, batches, numbers):
    """Return (pair, symmetry) of each place of the batches; phone and target must agree."""
    table, found = lookup(pairs), []
    for number in numbers:
        phone, target = batches[number]
        for name, side in (("phone", phone), ("target", target)):
            assert side.dtype == np.float32, name
            assert side.shape == (batches.batch_size, *pairs.phone.shape[1:]), name
        for a, b in zip(phone, target, strict=True):
            in_phone = table["phone", np.rint(a * 255).astype(np.uint8).tobytes()]
            in_target = table["target", np.rint(b * 255).astype(np.uint8).tobytes()]
            assert in_phone == in_target
            found.append(in_phone)
    return found


def test_values_are_the_bytes_over_255():
    patches = np.arange(192, 256, dtype=np.uint8).repeat(3).reshape(1, 8, 8, 3)
    phone, target = batches_of(PatchPairs(patches, 255 - patches), 1)[0]
    np.testing.assert_array_equal(np.unique(phone), np.arange(192, 256, dtype=np.float32) / 255)
    np.testing.assert_allclose(phone + target, 1, atol=1e-7)


@pytest.mark.parametrize(("count", "batch_size"), [(10, 5), (10, 4), (7, 10), (3, 8), (5, 1)])
def test_each_epoch_visits_each_pair_once_with_one_symmetry_for_both(count, batch_size):
    pairs = pairs_of(count)
    epochs = 4
    numbers = range(-(-count * epochs // batch_size))
    rows = [row for row, _ in visits(pairs, batches_of(pairs, batch_size, seed=3), numbers)]
    orders = [tuple(rows[e * count : (e + 1) * count]) for e in range(epochs)]
    assert all(sorted(order) == list(range(count)) for order in orders)
    assert len(set(orders)) > 1, "every epoch had the same order"


def test_the_order_is_shuffled():
    pairs = pairs_of(30)
    rows = [row for row, _ in visits(pairs, batches_of(pairs, 30), [0])]
    assert rows != sorted(rows)


def test_all_eight_symmetries_occur_equally_and_not_by_batch_alone():
    pairs = pairs_of(20)
    found = visits(pairs, batches_of(pairs, 20), range(40))
    counts = np.bincount([symmetry for _, symmetry in found], minlength=8)
    assert counts.sum() == 800
    assert (np.abs(counts - 100) < 45).all(), counts  # 4.8 standard deviations
    assert all(len({s for _, s in found[n * 20 : n * 20 + 20]}) > 1 for n in range(40))
    of_one_pair = {symmetry for row, symmetry in found if row == 0}
    assert len(of_one_pair) > 4  # one pair occurs in several symmetries


def test_a_batch_depends_on_the_seed_and_its_number_alone():
    pairs = pairs_of(10)
    fresh, used = batches_of(pairs, 4, seed=5), batches_of(pairs, 4, seed=5)
    for number in (9, 0, 3):
        used[number]
    for side, other in zip(fresh[7], used[7], strict=True):
        np.testing.assert_array_equal(side, other)
    assert not np.array_equal(fresh[7][0], batches_of(pairs, 4, seed=6)[7][0])
    assert not np.array_equal(fresh[7][0], fresh[8][0])


def test_a_batch_ignores_the_random_state_of_others():
    pairs = pairs_of(10)
    np.random.seed(1)  # noqa: NPY002 - the state that must have no influence
    first = batches_of(pairs, 4)[0]
    np.random.seed(2)  # noqa: NPY002
    np.testing.assert_array_equal(first[0], batches_of(pairs, 4)[0][0])


def test_between_equals_indexing():
    batches = batches_of(pairs_of(10), 4)
    ahead = list(batches.between(3, 20, ahead=2))
    assert len(ahead) == 17
    for number, item in zip(range(3, 20), ahead, strict=True):
        for side, expected in zip(item, batches[number], strict=True):
            np.testing.assert_array_equal(side, expected)
    assert list(batches.between(5, 5)) == []


class Counting(Batches):
    """Batches that record which numbers were made, and fail at one number."""

    fails_at = -1

    def __init__(self):
        super().__init__([Part(pairs_of(10), 4)])
        self.made = []

    def __getitem__(self, number):
        self.made.append(number)
        if number == self.fails_at:
            raise RuntimeError(f"batch {number} is broken")
        return super().__getitem__(number)


@pytest.fixture
def no_threads_left():
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before]
    assert left == []


@pytest.mark.usefixtures("no_threads_left")
def test_between_hands_over_an_exception_after_the_batches_before_it():
    batches = Counting()
    batches.fails_at = 5
    received = []
    with pytest.raises(RuntimeError, match="batch 5 is broken"):
        for item in batches.between(2, 100):
            received.append(item)
    assert len(received) == 3
    assert sorted(batches.made)[:4] == [2, 3, 4, 5]
    assert max(batches.made) <= 9  # batches that threads began before the exception


@pytest.mark.usefixtures("no_threads_left")
def test_between_stops_its_threads_when_the_consumer_leaves():
    batches = Counting()
    stream = batches.between(0, 10_000, ahead=2)
    next(stream)
    started = time.monotonic()
    stream.close()
    assert time.monotonic() - started < 2
    made = len(batches.made)
    time.sleep(0.3)
    assert len(batches.made) == made <= 5


@pytest.mark.usefixtures("no_threads_left")
def test_between_stops_its_threads_when_the_consumer_fails():
    batches = Counting()

    def consume():
        for _ in batches.between(0, 10_000):
            raise KeyError("consumer")

    with pytest.raises(KeyError, match="consumer"):
        consume()


@pytest.mark.usefixtures("no_threads_left")
def test_between_works_ahead_but_not_further_than_asked():
    batches = Counting()
    stream = batches.between(0, 100, ahead=3)
    next(stream)
    deadline = time.monotonic() + 5
    while len(batches.made) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)
    # One batch is consumed and three batches are ready.
    assert sorted(batches.made) == [0, 1, 2, 3]
    stream.close()


@pytest.mark.parametrize(
    ("count", "held_out"),
    [
        (0, 0), (1, 0), (2, 1), (3, 1), (12, 6), (19, 9), (20, 10), (21, 10),
        (100, 10), (149, 15), (200, 20), (9_996, 1000), (50_000, 1000),
    ],
)  # fmt: skip
def test_the_contiguous_end_is_held_out(count, held_out):
    numbers = np.arange(count)
    train, held = split_for_validation(PatchPairs(numbers, -numbers))
    assert (len(train), len(held)) == (count - held_out, held_out)
    np.testing.assert_array_equal(np.concatenate([train.phone, held.phone]), numbers)
    np.testing.assert_array_equal(np.concatenate([train.target, held.target]), -numbers)


def test_another_fraction_is_held_out():
    numbers = np.arange(100)
    train, held = split_for_validation(PatchPairs(numbers, numbers), fraction=0.3)
    assert (len(train), len(held)) == (70, 30)


def test_no_scene_is_on_both_sides():
    scenes = np.repeat([f"scene{number}" for number in range(10)], 7)
    numbers = np.arange(70)
    for fraction in (0.1, 0.3, 0.5):
        train, held = split_for_validation(PatchPairs(numbers, -numbers, scenes), fraction)
        assert not set(train.scenes) & set(held.scenes)
        assert len(train) + len(held) == 70 and abs(len(held) - 70 * fraction) <= 7
    one = PatchPairs(numbers, -numbers, np.repeat("scene", 70))
    assert [len(part) for part in split_for_validation(one)] == [60, 10]


def test_of_many_scenes_at_least_two_are_held_out():
    for count, held_scenes in ((7, 1), (8, 2), (30, 3)):
        scenes = np.repeat([f"{number:02}" for number in range(count)], 12)
        numbers = np.arange(len(scenes))
        _, held = split_for_validation(PatchPairs(numbers, -numbers, scenes))
        assert held.scene_count == held_scenes
