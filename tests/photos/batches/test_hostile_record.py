"""A record that somebody else put in the place of the program's is neither followed nor awaited."""

import os

import pytest

from photos.batches.record import NAME, Record


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_a_record_that_is_no_file_counts_as_missing_and_is_not_written(tmp_path, kind):
    other, photo = tmp_path / "other", tmp_path / "a.jpg"
    other.write_text("of the user")
    photo.write_bytes(b"x")
    path = tmp_path / NAME
    make = {"link": lambda: path.symlink_to(other), "pipe": lambda: os.mkfifo(path)}
    make.get(kind, path.mkdir)()
    record = Record(tmp_path, "settings")
    assert not record.has(photo, photo)
    with pytest.raises(OSError, match=r"link|device|directory"):
        record.add(photo, photo)
    assert other.read_text() == "of the user"


def test_a_deeply_nested_line_is_ignored(tmp_path):
    (tmp_path / NAME).write_text("[" * 100_000 + "\n" + '{"a":' * 100_000 + "\n")
    assert not Record(tmp_path, "settings").has(tmp_path / "a.jpg", tmp_path / "a.jpg")
