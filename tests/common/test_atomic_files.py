"""Files and folders are whole or absent, whatever ends the process that writes them."""

import errno
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from common import atomic_files
from common.atomic_files import naming, new_folder, replacing, sweep, write_whole

ROOT = Path(atomic_files.__file__).resolve().parents[1]

# Leaves the temporary file or folder of a process that is killed, and prints its name.
KILLED = """
    import os, sys
    from pathlib import Path
    from common.atomic_files import new_folder, replacing
    with {context} as temporary:
        if {folder}:
            (temporary / "half").write_text("half")
        else:
            temporary.write_text("half")
        print(temporary.name, flush=True)
        os.kill(os.getpid(), 9)
"""


@pytest.fixture(autouse=True)
def as_a_new_process(monkeypatch):
    monkeypatch.setattr(atomic_files, "_swept", set())


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def left_by_a_kill(folder, context, is_folder=False):
    place = folder / "place"
    place.mkdir()
    script = textwrap.dedent(KILLED).format(context=context, folder=is_folder)
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=place, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == -9, done.stderr
    name = done.stdout.strip()
    (place / name).rename(folder / name)  # the next process would remove it from its own folder
    place.rmdir()
    return name


def test_a_file_is_replaced_at_the_end(tmp_path):
    path = tmp_path / "a.png"
    path.write_text("old")
    with replacing(path) as temporary:
        assert temporary.parent == tmp_path and temporary.suffix == ".png"
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert names(tmp_path) == ["a.png"] and path.read_text() == "new"
    write_whole(path, b"newer")
    assert names(tmp_path) == ["a.png"] and path.read_text() == "newer"


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError, MemoryError])
def test_nothing_stays_of_a_block_that_fails(tmp_path, error):
    (tmp_path / "a").write_text("old")
    with pytest.raises(error), replacing(tmp_path / "a") as temporary:
        temporary.write_text("half")
        raise error
    with pytest.raises(error), new_folder(tmp_path / "b") as temporary:
        (temporary / "file").write_text("half")
        raise error
    assert names(tmp_path) == ["a"] and (tmp_path / "a").read_text() == "old"


@pytest.mark.parametrize("length", [1, 240, 241, 250, 255])
@pytest.mark.parametrize("letter", ["x", "é"])
@pytest.mark.parametrize("suffix", [".png", "", ".a-suffix-that-is-part-of-a-name"])
def test_every_name_that_the_disk_takes_can_be_written(tmp_path, length, letter, suffix):
    room = max(length - len(suffix), 1)
    name = (letter * room).encode()[: room - room % len(letter.encode())] or b"x"
    path = tmp_path / f"{name.decode()}{suffix}"
    write_whole(path, b"content")
    assert path.read_bytes() == b"content" and len(names(tmp_path)) == 1


def test_an_error_without_a_name_gets_the_name_of_the_file(tmp_path):
    path = tmp_path / "a.png"
    for raised in (
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EFBIG, "File too large", "the temporary file"),
    ):
        with pytest.raises(OSError) as found, replacing(path) as temporary:
            if raised.filename:
                raised.filename = str(temporary)
            raise raised
        assert (found.value.filename, found.value.errno) == (str(path), raised.errno)
    with pytest.raises(OSError) as found, naming(path):
        (tmp_path / "other").read_bytes()
    assert found.value.filename == str(tmp_path / "other")
    with pytest.raises(OSError, match=r"^in words$"), naming(path):
        raise OSError("in words")


def test_temporary_names_cannot_be_foreseen(tmp_path):
    seen = set()
    for _ in range(20):
        with replacing(tmp_path / "a") as temporary:
            seen.add(temporary.name)
            temporary.touch()
    assert len(seen) == 20


def test_a_private_file_is_for_its_owner_only_from_the_start(tmp_path):
    with replacing(tmp_path / "a", private=True) as temporary:
        assert temporary.stat().st_mode & 0o777 == 0o600
        temporary.write_text("content")
    assert (tmp_path / "a").read_text() == "content"


@pytest.mark.parametrize("again", ["file", "folder", "sweep"])
def test_what_a_killed_process_left_is_swept(tmp_path, again):
    file = left_by_a_kill(tmp_path, 'replacing("a.png")')
    folder = left_by_a_kill(tmp_path, 'new_folder("b")', is_folder=True)
    strangers = [".a.part", ".a.12.34.part.png", ".hidden", "a.part.png", f"x{file}"]
    for name in strangers:
        (tmp_path / name).touch()
    assert {file, folder} <= set(names(tmp_path))
    written = []
    if again == "file":
        write_whole(tmp_path / "c", b"")
        written = ["c"]
    elif again == "folder":
        with new_folder(tmp_path / "d"):
            pass
        written = ["d"]
    else:
        sweep(tmp_path)
    assert names(tmp_path) == sorted([*strangers, *written])


def test_the_parts_of_living_processes_and_of_other_machines_stay(tmp_path):
    living = f".{atomic_files._HOST}-{os.getppid()}-01234567.part.png"
    other = ".ffffff-4194000-01234567.part"
    old = ".ffffff-4194000-76543210.part"
    own = f".{atomic_files._HOST}-{os.getpid()}-76543210.part"  # of an earlier process
    for name in (living, other, old, own):
        (tmp_path / name).touch()
    os.utime(tmp_path / old, (time.time() - 90_000,) * 2)
    with replacing(tmp_path / "a") as temporary:
        temporary.touch()
        sweep(tmp_path)
        assert names(tmp_path) == sorted([living, other, temporary.name])


def test_a_link_with_the_name_of_a_part_is_removed_and_not_followed(tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    folder = tmp_path / "folder"
    folder.mkdir()
    link = folder / f".{atomic_files._HOST}-4194999-01234567.part"
    link.symlink_to(tmp_path / "precious")
    sweep(folder)
    assert names(folder) == [] and names(tmp_path / "precious") == ["file"]


def test_a_folder_is_dropped_or_replaced_if_there_is_one(tmp_path):
    for replace, expected in ((False, "first"), (False, "first"), (True, "third")):
        with new_folder(tmp_path / "a", replace) as temporary:
            text = "first" if not (tmp_path / "a").exists() else "third"
            (temporary / "file").write_text(text)
        assert (tmp_path / "a" / "file").read_text() == expected
    assert names(tmp_path) == ["a"]
