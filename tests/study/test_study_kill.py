"""A server that is killed again and again stores every acknowledged vote exactly once."""

import random
import threading
import time
from collections import Counter
from typing import Any

import pytest
from fake_study import LOST, Client, Server, make_study

from study.design import read_study
from study.plan import plan
from study.store import Store, sqlite_url
from study.tokens import read_secret, visitor_name
from study.votes import read_votes


def insist(client, *request) -> tuple[int, Any]:
    """Repeat a request until the server answers, as the page does."""
    while True:
        try:
            status, _, said = client(*request)
        except LOST:
            status = 503
        if status < 500:
            return status, said
        time.sleep(random.uniform(0.02, 0.1))


def participant(port, seed, sides, acknowledged, cookies):
    """Make one visit with some undos; record the acknowledged answers."""
    rng, client = random.Random(seed), Client(port)
    insist(client, "GET", "/")
    _, state = insist(client, "POST", "/api/join", {})
    cookies[seed] = next(iter(client.cookies.values()))
    mine = []
    while state["coming"]:
        side = rng.choice(("left", "right"))
        status, state = insist(client, "POST", "/api/vote", {"step": state["step"], "side": side})
        assert status == 200, (seed, state)
        mine.append(side)
        acknowledged[seed] = list(mine)
        if rng.random() < 0.1:
            status, state = insist(client, "POST", "/api/undo", {"step": state["step"]})
            assert status == 200
            mine.pop()
            acknowledged[seed] = list(mine)
    sides[seed] = mine
    client.close()


def storm(folder, people, kills):
    """Make all visits; kill the server `kills` times, each after an equal share of the answers."""
    answers = people * len(plan(read_study(folder), 0))
    server = Server(folder)
    sides, acknowledged, cookies = {}, {}, {}
    threads = [
        threading.Thread(target=participant, args=(server.port, i, sides, acknowledged, cookies))
        for i in range(people)
    ]
    for thread in threads:
        thread.start()
    interrupted = 0
    for number in range(1, kills + 1):
        while sum(map(len, list(acknowledged.values()))) < answers * number / (kills + 1):
            time.sleep(0.01)
        interrupted += any(thread.is_alive() for thread in threads)
        server.kill()
        server.start()
    for thread in threads:
        thread.join(timeout=240)
    assert not any(thread.is_alive() for thread in threads)
    assert interrupted == kills, "the visits were over before the last kill"
    return server, sides, acknowledged, cookies


def check(folder, people, sides, acknowledged, cookies):
    study, secret = read_study(folder), read_secret(folder)
    assert sides == acknowledged and len(sides) == people
    store = Store(sqlite_url(folder), study.id)
    try:
        names = [visitor_name(secret, cookies[i]) for i in range(people)]
        visits = [store.visit(name) for name in names if name]
        numbers = [visit.number for visit in visits if visit]
        votes = [vote for vote in read_votes(study, store) if not vote.undone]
    finally:
        store.close()
    assert sorted(numbers) == list(range(people))
    total = len(plan(study, 0))
    assert Counter(vote.participant for vote in votes) == dict.fromkeys(numbers, total)
    for i, number in enumerate(numbers):
        chosen = [v.better for v in votes if v.participant == number]
        expected = [
            asked.left if side == "left" else asked.right
            for asked, side in zip(plan(study, number), sides[i], strict=True)
        ]
        assert chosen == expected


def test_twelve_visits_through_two_kills(tmp_path):
    folder = make_study(tmp_path, photos=9, repeats=3)
    server, *seen = storm(folder, people=12, kills=2)
    code, out, err = server.stop()
    assert (code, out, err) == (0, "", "")
    check(folder, 12, *seen)


@pytest.mark.slow
def test_two_hundred_participants_through_five_kills(tmp_path):
    folder = make_study(tmp_path, photos=9, repeats=3)
    server, *seen = storm(folder, people=200, kills=5)
    code, _, err = server.stop()
    assert (code, err) == (0, "")
    check(folder, 200, *seen)
