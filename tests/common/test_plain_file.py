"""No link is followed, and no pipe is waited for."""

import os
import socket

import pytest

from common.plain_file import open_plain, read_json, read_plain


def test_a_file_is_read_and_grows(tmp_path):
    path = tmp_path / "a"
    for text in ("one\n", "zwölf\n"):
        with open_plain(path, append=True) as file:
            file.write(text)
    with open_plain(path) as file:
        assert file.read() == "one\nzwölf\n"


@pytest.mark.parametrize("append", [False, True])
@pytest.mark.parametrize("kind", ["link", "dangling", "pipe", "folder", "socket"])
def test_anything_else_is_an_error_and_stays_as_it_was(tmp_path, kind, append):
    path, other = tmp_path / "a", tmp_path / "other"
    other.write_text("of the user")
    listener = socket.socket(socket.AF_UNIX)
    if kind == "link":
        path.symlink_to(other)
    elif kind == "dangling":
        path.symlink_to(tmp_path / "missing")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        listener.bind(os.path.relpath(path))
    with pytest.raises(OSError, match=r"is a link|[Rr]egular|directory|device") as raised:
        open_plain(path, append)
    listener.close()
    assert raised.value.strerror
    assert other.read_text() == "of the user" and not (tmp_path / "missing").exists()


def test_a_file_or_a_link_to_it_is_read_whole(tmp_path):
    (tmp_path / "a").write_bytes(b'{"x": 1}')
    (tmp_path / "link").symlink_to("a")
    for name in ("a", "link"):
        assert read_plain(tmp_path / name) == b'{"x": 1}' and read_json(tmp_path / name) == {"x": 1}


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: None])
def test_what_is_no_file_is_named_and_not_waited_for(tmp_path, make):
    make(tmp_path / "a")
    with pytest.raises(OSError, match=r"regular|directory") as raised:
        read_json(tmp_path / "a")
    assert raised.value.filename == str(tmp_path / "a") and raised.value.strerror


@pytest.mark.parametrize("content", [b"{", b"[" * 100_000, b"\xff\xfe{}", b""])
def test_what_is_no_json_is_a_value_error(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(ValueError):
        read_json(tmp_path / "a")
