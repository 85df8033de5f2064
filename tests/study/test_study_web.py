"""The server answers good requests and refuses bad ones."""

import http.client
import json
import re
import socket

import pytest
from fake_study import Client, make_study, served, votes_of

from study.design import read_study
from study.tokens import new_token, read_secret, results_key


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_study(tmp_path_factory.mktemp("web"), title='Cats & <b>"dogs"</b>')


@pytest.fixture(scope="module")
def port(folder):
    with served(folder) as number:
        yield number


@pytest.fixture
def client(port):
    opened = Client(port)
    yield opened
    opened.close()


def test_a_visit_over_http(client):
    assert client("GET", "/")[0] == 200
    assert client("GET", "/api/state")[2]["joined"] is False
    state = client("POST", "/api/join", {})[2]
    assert (state["step"], state["done"], state["total"]) == (0, 0, 9)
    status, _, again = client("POST", "/api/join", {})
    assert status == 200 and again == state
    for step in range(9):
        status, _, state = client.vote(step, "right")
        assert status == 200 and state["done"] == step + 1
    assert state["coming"] == []
    assert client("POST", "/api/undo", {"step": 9})[2]["done"] == 8
    assert client.vote(3, "left")[0] == 409
    assert client("GET", "/api/state")[2]["done"] == 8


def test_questions_and_photos_do_not_reveal_the_class(client):
    state = client.join()
    text = json.dumps(state)
    assert not re.search("phone|enhanced|dslr", text)
    for side in state["coming"][0]:
        status, headers, content = client("GET", f"/{side['src']}")
        assert status == 200 and content[:2] == b"\xff\xd8"
        assert "immutable" in headers["cache-control"]
        assert "last-modified" not in headers and "content-disposition" not in headers
        unchanged = client("GET", f"/{side['src']}", If_None_Match=headers["etag"])
        assert unchanged[0] == 304 and unchanged[2] == b""


def test_the_title_is_text_not_html(client):
    page = client("GET", "/")[2].decode()
    assert "<b>" not in page.split("<main")[1].split("</h1>")[0]
    assert "Cats &amp; &lt;b&gt;&quot;dogs&quot;&lt;/b&gt;" in page


@pytest.mark.parametrize("path", ["/", "/api/state", "/results", "/nothing", "/static/page.js"])
def test_every_answer_is_hardened(client, path):
    headers = client("GET", path)[1]
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers


def test_the_cookie_cannot_be_read_by_scripts_or_sent_by_other_sites(client):
    cookie = client("GET", "/")[1]["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie
    assert "set-cookie" not in client("GET", "/")[1]  # the client keeps the cookie


@pytest.mark.parametrize(
    "path",
    ["/photo/../study.json", "/photo/..%2fsecret.key", "/photo/%2e%2e/%2e%2e/secret.key",
     "/photo/....//secret.key", "/photo/..\\secret.key", "/photo/%00.jpg", "/photo//etc/passwd",
     "/static/../app.py", "/static/..%2fapp.py", "/static/app.py", "/static/results.css",
     "/study.json", "/secret.key", "/votes.sqlite", "//secret.key", "/photos/", "/static/",
     f"/photo/{'0' * 32}.jpg", f"/photo/{'0' * 4000}.jpg", "/docs", "/openapi.json"],
)  # fmt: skip
def test_no_other_file_is_served(client, folder, path):
    status, _, content = client("GET", path)
    assert status in (400, 404)
    assert (folder / "secret.key").read_bytes().strip() not in json.dumps(str(content)).encode()


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: "",
        lambda token: "a" * 32,
        lambda token: f"{'0' * 32}.{'0' * 32}",
        lambda token: f"{token[:31]}{'0' if token[31] != '0' else '1'}{token[32:]}",
        lambda token: token[:-1] + ("0" if token[-1] != "0" else "1"),
        lambda token: token.upper().replace("0", "O"),
        lambda token: token + "0",
        lambda token: new_token(b"x" * 32),
        lambda token: "' OR 1=1 --",
        lambda token: token[:32] + "." + "é" * 32,
    ],
)
def test_forged_tokens_are_refused(client, folder, forge):
    client.join()
    (name, token), before = *client.cookies.items(), votes_of(folder)
    cookie = f"{name}={forge(token)}".encode().decode("latin-1")
    for path in ("join", "vote", "undo", "leave"):
        body = {"step": 0, "side": "left"}
        assert client("POST", f"/api/{path}", body, Cookie=cookie)[0] == 401
    assert client("GET", "/api/state", Cookie=cookie)[0] == 401
    assert votes_of(folder) == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400), ("[]", 400), ("null", 400), ('"left"', 400), ("{}", 400), ("[" * 1500, 400),
        ('{"step": 0}', 400), ('{"step": 0, "side": "up"}', 400),
        ('{"step": 0, "side": ["left"]}', 400), ('{"step": "0", "side": "left"}', 400),
        ('{"step": true, "side": "left"}', 400), ('{"step": -1, "side": "left"}', 400),
        ('{"step": 0.5, "side": "left"}', 400), ('{"step": 1e999, "side": "left"}', 400),
        ('{"step": 99999999999999999999, "side": "left"}', 400), ('{"side": "left"}', 400),
        (b"\xff\xfe", 400), ('{"step": 0, "side": "left", "x": "' + "x" * 3000 + '"}', 413),
    ],
)  # fmt: skip
def test_bad_bodies_are_refused(client, body, status):
    client.join()
    answer = client("POST", "/api/vote", body, Content_Type="application/json")
    assert answer[0] == status and "error" in answer[2]
    client.close()
    assert client("GET", "/api/state")[2]["done"] == 0


def test_a_body_without_a_length_is_cut_off(client, port):
    client.join()
    cookie = "; ".join(f"{k}={v}" for k, v in client.cookies.items())
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        raw.sendall(
            f"POST /api/vote HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n"
            "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        raw.sendall(b"1000\r\n" + b" " * 4096 + b"\r\n")  # the body does not end
        assert b" 413 " in raw.recv(4096)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_form_on_another_site_cannot_vote(client, kind):
    client.join()
    assert client("POST", "/api/vote", '{"step": 0, "side": "left"}', Content_Type=kind)[0] == 415


def test_other_sites_cannot_vote(client):
    client.join()
    body = {"step": 0, "side": "left"}
    for site in ("cross-site", "same-site"):
        assert client("POST", "/api/vote", body, Sec_Fetch_Site=site)[0] == 403
    assert client("POST", "/api/vote", body, Sec_Fetch_Site="same-origin")[0] == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(client, method):
    assert client(method, "/api/vote")[0] == 405


def test_a_head_too_long_is_refused(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/", headers={"X": "x" * 200_000})
    assert connection.getresponse().status >= 400
    connection.close()


def test_voting_before_joining(client):
    client("GET", "/")
    assert client.vote(0)[0] == 409


def test_a_device_belongs_to_one_person_unless_shared(client):
    client.join()
    before = dict(client.cookies)
    assert client("POST", "/api/leave", {})[0] == 404
    assert client.cookies == before


def test_a_shared_device_starts_a_new_visit(tmp_path):
    with served(make_study(tmp_path), shared_device=True) as port:
        client = Client(port)
        first = client.join()
        client.vote(0)
        assert client("POST", "/api/leave", {})[0] == 200
        second = client.join()
        assert second["done"] == 0 and second["visit"] != first["visit"]
        client.close()
        assert {v.participant for v in votes_of(tmp_path / "study")} == {0}


def test_results_need_the_key(client, folder):
    key = results_key(read_secret(folder))
    client.join()
    client.vote(0)
    assert client("GET", "/results")[0] == 401
    assert client("GET", "/results/votes.csv")[0] == 403
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    for wrong in ("", "key=", f"key={key[:-1]}", f"key={key}0", "key=%FF", f"Key={key}"):
        assert client("POST", "/results", wrong, **form)[0] == 403
        assert client("GET", "/results")[0] == 401
    name = f"results_{read_study(folder).id[:12]}"
    assert client("GET", "/results", Cookie=f"{name}={key}")[0] == 401
    assert client("POST", "/results", f"key={key}", **form, Sec_Fetch_Site="cross-site")[0] == 403
    status, headers, _ = client("POST", "/results", f"key={key}", **form)
    assert status == 303 and "SameSite=strict" in headers["set-cookie"]
    status, headers, page = client("GET", "/results")
    assert status == 200 and b" participant" in page
    assert b"Cats &amp; &lt;b&gt;" in page
    assert "script-src" not in headers["content-security-policy"]
    status, _, text = client("GET", "/results/votes.csv")
    assert status == 200 and text.decode().startswith("participant,step,time")


def test_the_results_page_without_votes(tmp_path):
    folder = make_study(tmp_path)
    with served(folder) as port:
        client = Client(port)
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        client("POST", "/results", f"key={results_key(read_secret(folder))}", **form)
        status, _, page = client("GET", "/results")
        client.close()
    assert status == 200 and b"no votes yet" in page
