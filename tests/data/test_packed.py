"""Packs: valid for the exact files, made again after every change or damage."""

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import numpy as np
import pytest
from PIL import Image

import data.packed
from data.packed import PatchPairs, open_pairs, read_patch
from data.pair_files import DatasetError, test_pairs, training_pairs

ROOT = Path(data.packed.__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def pristine(tmp_path_factory, write_dataset):
    """Root of a data set with 11 training pairs (2 must come before 10) and 2 test pairs."""
    root = tmp_path_factory.mktemp("pristine")
    write_dataset(root, "mine", train=11, test=2)
    return root


@pytest.fixture
def dataset(tmp_path, pristine):
    """Root of a copy of the data set, for tests that change files."""
    return shutil.copytree(pristine, tmp_path / "dped")


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def packed(dataset, cache):
    return open_pairs(training_pairs(dataset, "mine"), cache)


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB"))


def stamps(cache):
    return {path: path.stat().st_mtime_ns for path in sorted(cache.rglob("*"))}


def only_pack(cache):
    (pack,) = cache.iterdir()
    return pack


def test_a_pack_holds_the_pixels_of_the_files_in_numeric_order(dataset, cache):
    pairs = packed(dataset, cache)
    assert len(pairs) == 11
    for side, name in ((pairs.phone, "mine"), (pairs.target, "canon")):
        assert (side.dtype, side.shape) == (np.uint8, (11, 100, 100, 3))
        for number in range(11):
            expected = pixels(dataset / f"mine/training_data/{name}/{number}.png")
            np.testing.assert_array_equal(side[number], expected)
        with pytest.raises(ValueError, match="read-only"):
            side[0, 0, 0, 0] = 1
    assert sorted(p.name for p in only_pack(cache).iterdir()) == [
        "manifest.json", "phone.npy", "target.npy",
    ]  # fmt: skip


def test_indexing_takes_both_sides(dataset, cache):
    pairs = packed(dataset, cache)
    some = pairs[3:5]
    assert isinstance(some, PatchPairs) and len(some) == 2
    np.testing.assert_array_equal(some.phone[1], pairs.phone[4])
    np.testing.assert_array_equal(some.target[0], pairs.target[3])


def test_an_unchanged_pack_is_reused(dataset, cache, monkeypatch):
    packed(dataset, cache)
    before = stamps(cache)
    monkeypatch.setattr(data.packed, "read_patch", lambda path: pytest.fail(f"read {path}"))
    again = packed(dataset, cache)
    assert stamps(cache) == before
    np.testing.assert_array_equal(again.phone[7], pixels(dataset / "mine/training_data/mine/7.png"))


def test_training_and_test_packs_live_side_by_side(dataset, cache):
    packed(dataset, cache)
    before = stamps(cache)
    test = open_pairs(test_pairs(dataset, "mine"), cache)
    np.testing.assert_array_equal(
        test.target[1], pixels(dataset / "mine/test_data/patches/canon/1.png")
    )
    assert len(list(cache.iterdir())) == 2
    packed(dataset, cache)
    now = stamps(cache)
    assert all(now[path] == stamp for path, stamp in before.items())


@pytest.mark.parametrize("side", ["mine", "canon"])
def test_a_changed_file_is_packed_again(dataset, cache, side):
    packed(dataset, cache)
    changed = dataset / "mine/training_data" / side / "10.png"
    Image.fromarray(255 - pixels(changed)).save(changed)
    pairs = packed(dataset, cache)
    array = pairs.phone if side == "mine" else pairs.target
    np.testing.assert_array_equal(array[10], pixels(changed))
    assert len(list(cache.iterdir())) == 1


def test_a_file_with_a_new_time_is_packed_again(dataset, cache):
    """A new time must be noticed even if name and size are unchanged."""
    file = dataset / "mine/training_data/mine/4.png"
    packed(dataset, cache)
    before = stamps(cache)
    status = file.stat()
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000))
    packed(dataset, cache)
    now = stamps(cache)
    assert now.keys() == before.keys()
    assert all(now[path] != stamp for path, stamp in before.items())


def test_an_added_and_a_removed_pair_are_noticed(dataset, cache):
    folder = dataset / "mine/training_data"
    assert len(packed(dataset, cache)) == 11
    for side in ("mine", "canon"):
        (folder / side / "0.png").rename(folder / side / "30.png")
    pairs = packed(dataset, cache)
    np.testing.assert_array_equal(pairs.target[10], pixels(folder / "canon/30.png"))
    for side in ("mine", "canon"):
        (folder / side / "30.png").unlink()
    assert len(packed(dataset, cache)) == 10


@pytest.mark.parametrize("side", ["phone", "target"])
def test_a_flipped_byte_on_disk_is_noticed(dataset, cache, side):
    original = np.array(getattr(packed(dataset, cache), side))
    array = only_pack(cache) / f"{side}.npy"
    content = bytearray(array.read_bytes())
    content[-12345] ^= 1
    array.write_bytes(content)
    np.testing.assert_array_equal(getattr(packed(dataset, cache), side), original)


DAMAGES = {
    "emptied": lambda content: b"",
    "magic cut": lambda content: content[:5],
    "header cut": lambda content: content[:60],
    "end cut": lambda content: content[:-1],
    "garbage": lambda content: b"\1" * 9,
}


@pytest.mark.parametrize("name", ["manifest.json", "phone.npy", "target.npy"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_pack_is_made_again(dataset, cache, name, damage):
    expected = packed(dataset, cache)
    phone, target = np.array(expected.phone), np.array(expected.target)
    file = only_pack(cache) / name
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    pairs = packed(dataset, cache)
    np.testing.assert_array_equal(pairs.phone, phone)
    np.testing.assert_array_equal(pairs.target, target)


@pytest.mark.parametrize("missing", ["fingerprint", "crc32"])
def test_a_manifest_of_another_version_is_made_again(dataset, cache, missing):
    packed(dataset, cache)
    file = only_pack(cache) / "manifest.json"
    manifest = json.loads(file.read_text())
    del manifest[missing]
    file.write_text(json.dumps(manifest))
    assert len(packed(dataset, cache)) == 11
    assert missing in json.loads(file.read_text())


def damage_patch(path, kind):
    if kind == "text":
        path.write_text("not an image")
    elif kind == "half":
        path.write_bytes(path.read_bytes()[:2000])
    elif kind == "empty":
        path.write_bytes(b"")
    else:
        Image.new("RGB", kind).save(path)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("text", "not a readable image"),
        ("half", "not a readable image"),
        ("empty", "not a readable image"),
        ((120, 90), "120×90 pixels, expected 100×100"),
        ((100, 99), "100×99 pixels, expected 100×100"),
        ((1, 1), "1×1 pixels, expected 100×100"),
    ],
)
@pytest.mark.parametrize("side", ["mine", "canon"])
def test_a_bad_patch_is_named_and_leaves_nothing(dataset, cache, side, kind, reason):
    bad = dataset / "mine/training_data" / side / "9.png"
    damage_patch(bad, kind)
    with pytest.raises(DatasetError) as raised:
        packed(dataset, cache)
    assert str(raised.value) == f"{bad}: {reason}"
    assert list(cache.iterdir()) == []


def test_names_need_not_be_utf8(dataset, cache):
    before = open_pairs(training_pairs(dataset, "mine"), cache)
    for side in ("mine", "canon"):
        folder = dataset / "mine" / "training_data" / side
        (folder / "0.png").rename(os.fsdecode(os.fsencode(folder) + b"/a\xff.png"))
    after = open_pairs(training_pairs(dataset, "mine"), cache)
    assert len(after) == len(before)


def test_an_interrupted_packing_leaves_the_old_pack_alone(dataset, cache, monkeypatch):
    packed(dataset, cache)
    before = stamps(cache)
    del before[only_pack(cache)]
    Image.new("RGB", (100, 100)).save(dataset / "mine/training_data/mine/0.png")

    def interrupted(path):
        raise KeyboardInterrupt

    monkeypatch.setattr(data.packed, "read_patch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        packed(dataset, cache)
    now = stamps(cache)
    del now[only_pack(cache)]
    assert now == before


@pytest.mark.parametrize(
    ("mode", "color", "expected"),
    [("L", 77, (77, 77, 77)), ("RGBA", (1, 2, 3, 255), (1, 2, 3)), ("RGB", (9, 8, 7), (9, 8, 7))],
)
def test_a_patch_of_any_mode_is_read_as_rgb(tmp_path, mode, color, expected):
    Image.new(mode, (100, 100), color).save(tmp_path / "0.png")
    patch = read_patch(tmp_path / "0.png")
    assert patch.dtype == np.uint8
    np.testing.assert_array_equal(patch, np.broadcast_to(expected, (100, 100, 3)))


FIRST_START = """
import sys
from data.packed import open_pairs
from data.pair_files import training_pairs
pairs = open_pairs(training_pairs(sys.argv[1], "mine"), sys.argv[2])
print(len(pairs), pairs.fingerprint)
"""


def test_first_starts_at_once_share_one_pack(dataset, cache):
    words = [sys.executable, "-c", FIRST_START, dataset, cache]
    runs = [subprocess.Popen(words, cwd=ROOT, stdout=PIPE, stderr=PIPE) for _ in range(4)]
    printed = {process.communicate(timeout=120)[0] for process in runs}
    assert [process.returncode for process in runs] == [0] * 4
    expected = packed(dataset, cache)
    assert printed == {f"11 {expected.fingerprint}\n".encode()}
    assert only_pack(cache).name[0] != "."


@pytest.mark.parametrize("room", [0, 100, 5_000, 329_000, 330_100])
def test_a_full_disk_is_one_error_that_names_the_pack(dataset, cache, room):
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, most))  # of each file, in bytes
    try:
        with pytest.raises(OSError) as found:
            packed(dataset, cache)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))
    assert Path(found.value.filename).parent == cache
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("side", ["phone", "target"])
@pytest.mark.parametrize("row", [0, 3, 10])
def test_the_fingerprint_covers_every_pair(dataset, cache, side, row):
    pairs = packed(dataset, cache)
    changed = PatchPairs(np.array(pairs.phone), np.array(pairs.target))
    assert changed.fingerprint == pairs.fingerprint
    getattr(changed, side)[row, 50, 50, 1] ^= 1
    assert changed.fingerprint != pairs.fingerprint
    assert PatchPairs(pairs.target, pairs.phone).fingerprint != pairs.fingerprint
