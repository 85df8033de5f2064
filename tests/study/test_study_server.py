"""The server keeps its votes and serves participants, whatever its clients and its disk do."""

import asyncio
import contextlib
import logging
import os
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time

import pytest
from fake_study import LOST, ROOT, Client, Server, make_study, served, votes_of

from study.connections import limited_connections
from study.design import read_study
from study.server_log import QUIET_SECONDS, OncePerMinute
from study.sqlite_file import readable
from study.store import Store, sqlite_url
from study.visit import vote

HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /api/vote HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture
def folder(tmp_path):
    return make_study(tmp_path)


def lines(capsys):
    """What a server in this process has written on stderr, without the level of each line."""
    return [line.partition(":")[2].strip() for line in capsys.readouterr().err.splitlines()]


def answers(port, count=9):
    """Make a visit of `count` answers, and leave."""
    client = Client(port)
    client.join()
    for step in range(count):
        assert client.vote(step)[0] == 200
    client.close()


def opened(port, sent=b""):
    """Open a connection and send something."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(sent)
    return connection


def is_closed(connection):
    """Whether the server has ended the connection."""
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


# The end of a server


@pytest.mark.parametrize(
    "name",
    [
        "SIGTERM",
        pytest.param("SIGHUP", marks=pytest.mark.slow),
        pytest.param("SIGINT", marks=pytest.mark.slow),
    ],
)
def test_after_a_signal_the_database_alone_has_all_votes(folder, name, tmp_path):
    server = Server(folder)
    answers(server.port, 4)
    waiting = opened(server.port, POST + b"Content-Length: 9\r\n\r\n")
    assert server.stop(getattr(signal, name)) == (0, "", "")
    waiting.close()
    assert not (folder / "votes.sqlite-wal").exists()
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in ("study.json", "votes.sqlite"):
        shutil.copy(folder / file, copy)
    assert len(votes_of(copy)) == 4


@pytest.mark.slow
def test_a_signal_that_nohup_ignores_does_not_end_the_server(folder):
    server = Server(folder, prepare=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    server.process.send_signal(signal.SIGHUP)
    answers(server.port, 1)
    assert server.stop(signal.SIGTERM) == (0, "", "")
    assert len(votes_of(folder)) == 1


@pytest.mark.slow
def test_votes_that_a_killed_server_left_are_kept_by_the_next_one(folder):
    server = Server(folder)
    answers(server.port, 3)
    server.kill()
    server.start()
    assert server.stop(signal.SIGTERM) == (0, "", "")
    assert not (folder / "votes.sqlite-wal").exists() and len(votes_of(folder)) == 3


# Clients that do not behave


def test_requests_that_do_not_end_are_cut_off(folder):
    """Each of the clients sends a part of a request, and then nothing or a byte now and then."""
    parts = [
        b"",
        b"G",
        b"\r\n",
        HEAD,
        HEAD + b"\r\n" + HEAD,  # a whole request, then half of one
        POST + b"Content-Length: 30\r\n\r\n",
        POST + b"Content-Length: 3000\r\n\r\n{",
        POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    ]
    with served(folder, connection=limited_connections(50, request_seconds=0.5)) as port:
        silent = [opened(port, part) for part in parts]
        slow = [opened(port, part) for part in parts]
        participant = Client(port)
        participant.join()
        kept, start = participant._connection, time.monotonic()
        while slow:
            for connection in list(slow):
                try:
                    connection.sendall(b"a")
                except OSError:
                    connection.close()
                    slow.remove(connection)
            assert time.monotonic() - start < 8, f"{len(slow)} clients are still connected"
            time.sleep(0.05)
        for connection, part in zip(silent, parts, strict=True):
            assert is_closed(connection), part
            connection.close()
        time.sleep(max(0, start + 1 - time.monotonic()))
        # A participant who thinks is not cut off.
        assert participant.vote(0)[0] == 200 and participant._connection is kept
        participant.close()


def test_a_client_that_reads_no_answer_is_cut_off(folder):
    """The client asks for a page again and again, until the buffers of both sides are full."""
    with served(folder, connection=limited_connections(50, 20, answer_seconds=0.5)) as port:
        connection = opened(port)
        connection.settimeout(60)
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            for _ in range(20_000):
                connection.sendall((HEAD + b"\r\n") * 20)
        connection.close()


@pytest.mark.parametrize(
    "sent",
    [
        HEAD,
        pytest.param(b"", marks=pytest.mark.slow),
        pytest.param(HEAD + b"\r\n", marks=pytest.mark.slow),
    ],
)
def test_too_many_connections_do_not_lock_participants_out(folder, sent):
    """A server that may open 64 files meets 300 clients, then a participant."""
    files = (64, 64)
    server = Server(folder, prepare=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, files))
    crowd = []
    for _ in range(300):
        with contextlib.suppress(OSError):
            crowd.append(opened(server.port, sent))
    deadline = time.monotonic() + 20
    cookies = {}
    for step in range(9):
        client = Client(server.port, timeout=5)
        while True:
            client.cookies = cookies
            try:
                if step == 0:
                    client.join()
                    cookies = client.cookies
                assert client.vote(step)[0] == 200
                break
            except LOST:
                assert time.monotonic() < deadline
        client.close()
    for connection in crowd:
        connection.close()
    code, _, err = server.stop(signal.SIGTERM)
    assert code == 0 and len(votes_of(folder)) == 9
    assert "connections are open" in err and len(err.splitlines()) == 1


def test_failures_to_accept_are_one_line(folder, capsys):
    """asyncio reports such a failure many times a second."""

    class Failing:
        def __init__(self, **_):
            error = OSError(24, "Too many open files")
            loop = asyncio.get_running_loop()
            for _ in range(1000):
                loop.call_exception_handler({"message": "socket.accept()", "exception": error})

    with served(folder, connection=Failing) as port:
        opened(port).close()
        time.sleep(0.2)
    assert lines(capsys)[0] == "a connection failed: Too many open files"


def test_lines_are_said_again_after_a_minute(monkeypatch):
    once, now = OncePerMinute(), [0.0]
    monkeypatch.setattr("study.server_log.time.monotonic", lambda: now[0])
    record = logging.LogRecord("x", logging.ERROR, "", 0, "the disk is full", None, None)
    passed = []
    for second in range(2 * QUIET_SECONDS):
        now[0] = second
        passed.append(once.filter(record))
    assert sum(passed) == 2


def test_clients_that_leave_give_no_line(folder, capsys):
    with served(folder) as port:
        client = Client(port)
        client.join()
        cookie = "; ".join(f"{k}={v}" for k, v in client.cookies.items()).encode()
        client.close()
        for part in (HEAD, HEAD + b"\r\n", POST + b"Content-Length: 30\r\n\r\n{"):
            part = part.replace(b"Host: x\r\n", b"Host: x\r\nCookie: " + cookie + b"\r\n")
            for _ in range(5):
                opened(port, part).close()
        answers(port)
    assert lines(capsys) == []


# Disks


@pytest.mark.slow
def test_a_full_disk_is_said_and_loses_no_acknowledged_vote(folder):
    """The server may write files of 100 kB at most, as if the disk were full then."""
    size = (100_000, 100_000)
    server = Server(folder, prepare=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, size))
    acknowledged, refused = 0, 0
    while refused < 20:
        client = Client(server.port)
        client("GET", "/")
        status = client("POST", "/api/join", {})[0]
        for step in range(9):
            if status == 200:
                status = client.vote(step)[0]
                acknowledged += status == 200
        assert status in (200, 503)
        refused += status == 503
        client.close()
    _, _, err = server.stop(signal.SIGTERM)
    assert acknowledged > 5
    told = err.splitlines()
    assert 1 <= len(told) <= 2 and all(str(folder / "votes.sqlite") in line for line in told)
    assert len(votes_of(folder)) == acknowledged


def test_a_broken_database_is_said_in_one_line(folder, capsys):
    with served(folder) as port:
        answers(port, 1)
        with contextlib.closing(sqlite3.connect(folder / "votes.sqlite")) as other:
            other.execute("drop table steps")
        client = Client(port)
        client.join()
        assert {client.vote(0)[0] for _ in range(5)} == {503}
        client.close()
    assert lines(capsys) == [
        f"{folder / 'votes.sqlite'}: no such table: steps; answers are refused until this is solved"
    ]


def test_a_photo_that_cannot_be_read_is_said_in_one_line(folder, capsys):
    path = folder / "photos" / f"{read_study(folder).pictures[0].id}.jpg"
    path.unlink()
    path.mkdir()
    with served(folder) as port:
        client = Client(port)
        assert {client("GET", f"/photo/{path.name}")[0] for _ in range(5)} == {503}
        client.close()
    assert lines(capsys) == [f"{path}: Is a directory"]


def test_several_servers_may_create_the_tables_at_once(tmp_path):
    for number in range(4):
        url, errors = f"sqlite:///{tmp_path / str(number)}.sqlite", []
        start = threading.Barrier(12)

        def open_database(url=url, start=start, errors=errors):
            start.wait()
            try:
                Store(url, "a" * 32).close()
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=open_database) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []


# A study that nobody may change


@pytest.fixture
def in_use(folder):
    """A study with four votes that are only in votes.sqlite-wal, while its store is open."""
    study = read_study(folder)
    store = Store(sqlite_url(folder), study.id)
    store.join("somebody")
    for step in range(4):
        assert vote(study, store, "somebody", step, "left")[1]
    yield folder
    store.close()


def left_by_a_kill(folder, target):
    """Copy a study that is in use, as a kill of the server leaves the study."""
    shutil.copytree(folder, target)
    (target / "votes.sqlite-shm").unlink()
    return target


@pytest.mark.parametrize("killed", [False, True])
def test_the_copy_of_a_read_only_database_has_all_votes(in_use, killed, tmp_path, monkeypatch):
    folder = left_by_a_kill(in_use, tmp_path / "killed") if killed else in_use
    files = sorted(folder.iterdir())
    monkeypatch.setattr("study.sqlite_file.os.access", lambda *_: False)
    connect = sqlite3.connect

    def only_reading(path, **more):  # where nobody may write, SQLite needs an existing -shm file
        if "mode=ro" in str(path) and killed:
            raise sqlite3.OperationalError("unable to open database file")
        return connect(path, **more)

    monkeypatch.setattr("study.sqlite_file.sqlite3.connect", only_reading)
    with readable(folder / "votes.sqlite") as path:
        assert path.parent != folder
        shutil.copy(folder / "study.json", path.parent)
        assert len(votes_of(path.parent)) == 4
    assert not path.parent.exists() and sorted(folder.iterdir()) == files


@pytest.mark.slow
@pytest.mark.parametrize("state", ["in use", "closed", "killed"])
def test_a_read_only_study_can_be_reported(in_use, state, tmp_path):
    folder = in_use
    if state != "in use":
        folder = left_by_a_kill(in_use, tmp_path / "other")
    if state == "closed":
        votes_of(folder)
    words = [sys.executable, "-m", "study", "report", str(folder), "--out", str(tmp_path / "out")]
    protected = [folder, *folder.glob("votes.sqlite*")]
    modes = {path: path.stat().st_mode for path in protected}
    if os.geteuid() == 0:  # root may write in spite of the modes, but not on a read-only mount
        mount = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
        outer = ["unshare", "--mount", "sh", "-c", mount, str(folder)]
        if subprocess.run([*outer, "true"], capture_output=True).returncode:
            pytest.skip("root may not mount here")
        words = [*outer, *words]
    try:
        for path in protected:
            path.chmod(0o555 if path.is_dir() else 0o444)
        before = sorted(folder.iterdir())
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert sorted(folder.iterdir()) == before
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "out" / "votes.csv").read_text().splitlines()) == 1 + 4
