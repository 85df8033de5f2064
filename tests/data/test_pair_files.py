import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data import pair_files
from data.pair_files import DatasetError, full_size_photos, training_pairs


def touch(folder, *names):
    """Write empty files: the layout reads only names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()


@pytest.fixture
def training(tmp_path):
    """Return the training folder of the phone "mine", without patches."""
    folder = tmp_path / "mine" / "training_data"
    touch(folder / "mine")
    touch(folder / "canon")
    return folder


def refusal(call, *arguments):
    with pytest.raises(DatasetError) as raised:
        call(*arguments)
    message = str(raised.value)
    assert "\n" not in message
    return message


def test_pairs_come_in_numeric_order(tmp_path, training):
    for side in ("mine", "canon"):
        touch(training / side, *(f"{n}.jpg" for n in (10, 2, 100, 0, 9, 11, 1)))
    pairs = training_pairs(tmp_path, "mine")
    expected = [f"{n}.jpg" for n in (0, 1, 2, 9, 10, 11, 100)]
    assert [path.name for path in pairs.phone] == expected
    assert [path.name for path in pairs.target] == expected
    assert {path.parent for path in pairs.phone} == {training / "mine"}
    assert {path.parent for path in pairs.target} == {training / "canon"}
    assert len(pairs) == 7


def test_names_without_a_number_are_ordered_by_themselves(tmp_path, training):
    for side in ("mine", "canon"):
        touch(training / side, "3.png", "b_10.png", "a.png", "b_9.png")
    names = [path.stem for path in training_pairs(tmp_path, "mine").phone]
    assert names == ["a", "b_10", "b_9", "3"]


def test_partners_may_differ_in_suffix_and_other_files_do_not_count(tmp_path, training):
    touch(training / "mine", "1.JPG", "2.jpeg", "Thumbs.db", "notes.txt")
    touch(training / "canon", "1.png", "2.jpg", "3.gif")
    pairs = training_pairs(tmp_path, "mine")
    assert [path.name for path in pairs.phone] == ["1.JPG", "2.jpeg"]
    assert [path.name for path in pairs.target] == ["1.png", "2.jpg"]


def test_training_and_test_pairs_are_different_folders(tmp_path, write_dataset):
    folder = write_dataset(tmp_path, "mine", train=3, test=2)
    train, test = training_pairs(tmp_path, "mine"), pair_files.test_pairs(tmp_path, "mine")
    assert (len(train), len(test)) == (3, 2)
    assert train.phone[0] == folder / "training_data/mine/0.png"
    assert test.phone[1] == folder / "test_data/patches/mine/1.png"
    assert test.target[1] == folder / "test_data/patches/canon/1.png"
    (photo,) = full_size_photos(str(tmp_path), "mine")
    assert photo == folder / "test_data/full_size_test_images/0.png"


def test_full_size_photos_are_ordered_and_optional(tmp_path, training):
    assert full_size_photos(tmp_path, "mine") == []
    folder = tmp_path / "mine/test_data/full_size_test_images"
    touch(folder, "10.jpg", "9.png", "11.heic", "readme.txt")
    found = [path.name for path in full_size_photos(tmp_path, "mine")]
    assert found == ["9.png", "10.jpg", "11.heic"]


def test_what_was_made_here_is_told_from_the_published_data_set(tmp_path, training):
    assert not pair_files.is_made_here(tmp_path, "mine")
    for name in ("pairs.csv", "simulation.json"):
        (tmp_path / "mine" / name).touch()
        assert pair_files.is_made_here(tmp_path, "mine")
        (tmp_path / "mine" / name).unlink()


@pytest.mark.parametrize("phone", ["", ".", "..", "a/b", "/phone", "mine/", "canon"])
def test_only_a_plain_folder_name_is_a_phone(tmp_path, training, phone):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "canon").mkdir()
    message = refusal(training_pairs, tmp_path, phone)
    assert repr(phone) in message and "plain folder name" in message


def test_a_missing_dataset_is_named_with_the_command_that_makes_one(tmp_path):
    for read in (training_pairs, pair_files.test_pairs, full_size_photos):
        message = refusal(read, tmp_path, "mine")
        assert message.startswith(f"{tmp_path / 'mine'}: no such dataset")
    assert "`python -m simulation.simulate_patches`" in message


@pytest.mark.parametrize("side", ["mine", "canon"])
def test_a_missing_side_is_named(tmp_path, training, side):
    (training / side).rmdir()
    assert refusal(training_pairs, tmp_path, "mine") == f"{training / side}: no such folder"


def test_folders_without_patches_are_refused(tmp_path, training):
    touch(training / "mine", "0.txt")
    assert f"{training / 'mine'}: no patches" in refusal(training_pairs, tmp_path, "mine")


@pytest.mark.parametrize(
    ("mine", "canon", "expected"),
    [
        ((0, 1, 2, 10), (0, 1), "4 patches in mine, 2 in canon; 2 has no partner"),
        ((0, 1), (0, 1, 7), "2 patches in mine, 3 in canon; 7 has no partner"),
        ((0, 12, 4), (0, 4, 11), "3 patches in mine, 3 in canon; 11 has no partner"),
    ],
)
def test_the_first_patch_without_partner_is_named(tmp_path, training, mine, canon, expected):
    touch(training / "mine", *(f"{n}.jpg" for n in mine))
    touch(training / "canon", *(f"{n}.jpg" for n in canon))
    assert refusal(training_pairs, tmp_path, "mine") == f"{training}: {expected}"


def test_the_small_dataset_is_deterministic_and_worth_learning(tmp_path, write_dataset):
    first = write_dataset(tmp_path / "a", "mine", train=2, test=1)
    again = write_dataset(tmp_path / "b", "mine", train=2, test=1)
    other = write_dataset(tmp_path / "c", "mine", train=2, test=1, seed=1)
    files = sorted(path.relative_to(first) for path in first.rglob("*.png"))
    assert len(files) == 7
    for file in files:
        assert (first / file).read_bytes() == (again / file).read_bytes()
        assert (first / file).read_bytes() != (other / file).read_bytes()

    def pixels(path: Path):
        return np.asarray(Image.open(path)) / 255

    phone = pixels(first / "training_data/mine/0.png")
    target = pixels(first / "training_data/canon/0.png")
    assert np.mean((phone - target) ** 2) > 10**-1.8
    assert np.mean((phone / 0.65 - target) ** 2) < 1e-3


def write_table(folder, *rows):
    text = "photo,dslr,split,patch,kept\n" + "".join(f"{row}\n" for row in rows)
    (folder / "pairs.csv").write_text(text)


def test_the_photo_of_each_patch_comes_from_the_table_of_the_alignment(tmp_path, training):
    for side in ("mine", "canon"):
        touch(training / side, "0.jpg", "1.jpg", "10.jpg")
    assert training_pairs(tmp_path, "mine").scenes is None
    rows = ["a.jpg,x.jpg,train,0,1", "a.jpg,x.jpg,train,,0", "b.jpg,y.jpg,train,10,1"]
    rows += ["a.jpg,x.jpg,train,1,1", "c.jpg,z.jpg,test,0,1"]
    write_table(tmp_path / "mine", *rows)
    assert training_pairs(tmp_path, "mine").scenes == ("a.jpg", "a.jpg", "b.jpg")


def test_a_table_that_lacks_a_patch_says_nothing(tmp_path, training):
    for side in ("mine", "canon"):
        touch(training / side, "0.jpg", "1.jpg")
    write_table(tmp_path / "mine", "a.jpg,x.jpg,train,0,1")
    assert training_pairs(tmp_path, "mine").scenes is None


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"one,two\n1,2\n"])
def test_a_damaged_table_is_named(tmp_path, training, content):
    for side in ("mine", "canon"):
        touch(training / side, "0.jpg")
    (tmp_path / "mine" / "pairs.csv").write_bytes(content)
    assert "pairs.csv: not readable" in refusal(training_pairs, tmp_path, "mine")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_table_that_is_no_file_is_named_and_never_opened(tmp_path, training, make):
    for side in ("mine", "canon"):
        touch(training / side, "0.jpg")
    make(tmp_path / "mine" / "pairs.csv")
    assert "pairs.csv: not readable" in refusal(training_pairs, tmp_path, "mine")


def test_two_patches_of_one_name_are_refused(tmp_path, training):
    for side in ("mine", "canon"):
        touch(training / side, "0.jpg", "1.jpg")
    touch(training / "mine", "1.png")
    assert "has the same name; remove one" in refusal(training_pairs, tmp_path, "mine")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_patch_that_is_no_file_is_named_and_never_opened(tmp_path, training, make):
    """Whoever opens a named pipe waits forever."""
    for side in ("mine", "canon"):
        touch(training / side, "0.jpg", "1.jpg")
    (training / "mine" / "1.jpg").unlink()
    make(training / "mine" / "1.jpg")
    assert "1 has no partner" in refusal(training_pairs, tmp_path, "mine")


def test_names_of_patches_that_are_no_utf_8_are_taken(tmp_path, training):
    name = os.fsdecode(b"\xff\xe9.jpg")
    for side in ("mine", "canon"):
        touch(training / side, name)
    assert [path.name for path in training_pairs(tmp_path, "mine").phone] == [name]


def test_a_mistyped_phone_gets_the_name_of_a_dataset(tmp_path, training):
    for side in ("mine", "canon"):
        touch(training / side, "0.jpg")
    (tmp_path / "mina").mkdir()  # no dataset
    assert refusal(training_pairs, tmp_path, "minn").endswith("did you mean 'mine'?")
    assert "python -m align" in refusal(training_pairs, tmp_path, "sony")
