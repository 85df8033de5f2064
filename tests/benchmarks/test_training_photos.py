"""The subsets that `benchmarks/training_photos.py` trains on."""

import csv

import pytest

from benchmarks.training_photos import CurveConfig, CurveError, link_subset, main, patches_by_photo
from data.pair_files import test_pairs as held_out_pairs
from data.pair_files import training_pairs


@pytest.fixture
def aligned(write_dataset, tmp_path):
    """A set of 6 training patches: a has 0, 1 and 2, b has 3, c has 4 and 5; d is for testing."""
    folder = write_dataset(tmp_path / "dped", "mine", train=6, test=2)
    rows = [
        *(("a", "train", number) for number in (0, "", 1, 2)),
        *(("b", "train", number) for number in (3, "")),
        *(("c", "train", number) for number in (4, 5)),
        *(("d", "test", number) for number in (0, 1)),
        ("e", "train", ""),  # nothing of it was kept
    ]
    with (folder / "pairs.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("photo", "split", "patch"), *rows])
    return folder


def test_patches_are_found_by_their_training_photo(aligned):
    assert patches_by_photo(aligned) == {"a": ["0", "1", "2"], "b": ["3"], "c": ["4", "5"]}


def test_a_subset_has_these_training_patches_and_all_test_patches(aligned, tmp_path):
    for chosen in (["0", "4"], ["5", "2", "3"]):  # the second replaces the first
        link_subset(aligned, tmp_path / "subset" / "mine", chosen)
        whole, subset = (training_pairs(root, "mine") for root in ("dped", "subset"))
        for side in ("phone", "target"):
            originals = [getattr(whole, side)[int(number)] for number in chosen]
            links = getattr(subset, side)
            assert [link.resolve() for link in links] == [path.resolve() for path in originals]
        photos = [whole.scenes[int(number)] for number in chosen]
        assert list(subset.scenes) == photos
    sides = [
        [path.read_bytes() for path in held_out_pairs(root, "mine").phone]
        for root in ("dped", "subset")
    ]
    assert sides[0] == sides[1] and len(sides[0]) == 2


def test_more_photos_than_there_are_is_one_line(aligned, tmp_path):
    with pytest.raises(CurveError, match="has 3 training photos: give --photos up to that"):
        main(CurveConfig("mine", str(tmp_path / "dped"), photos=(2, 4), folder=str(tmp_path)))


def test_a_set_without_pairs_csv_is_one_line(aligned, tmp_path):
    (aligned / "pairs.csv").unlink()
    with pytest.raises(CurveError, match=r"no pairs\.csv: give a set that align wrote"):
        main(CurveConfig("mine", str(tmp_path / "dped")))


@pytest.fixture(autouse=True)
def inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
