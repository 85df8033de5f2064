"""Votes in a database other than SQLite. STUDY_DATABASE is the URL of the database.

An example is `STUDY_DATABASE=postgresql+psycopg://user@localhost/study`, with psycopg installed.
"""

import concurrent.futures
import os

import pytest
from fake_study import make_study

from study.design import read_study
from study.plan import plan
from study.store import Store
from study.visit import undo, vote
from study.votes import read_votes

URL = os.environ.get("STUDY_DATABASE", "")
pytestmark = pytest.mark.skipif(not URL, reason="STUDY_DATABASE is not set")


def test_simultaneous_visits_through_two_servers_stores(tmp_path):
    """Twenty people, each from four threads over two stores at once: every step is stored once."""
    study = read_study(make_study(tmp_path, photos=3))  # a new study, without votes
    stores = [Store(URL, study.id) for _ in range(2)]
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        visits = list(pool.map(lambda i: stores[i % 2].join(f"v{i % 20}"), range(80)))
        assert {visit.number for visit in visits} == set(range(20))
        for step in range(9):
            done = list(
                pool.map(
                    lambda i, n=step: vote(study, stores[i % 2], f"v{i % 20}", n, "left"), range(80)
                )
            )
            assert {(state.done, agreed) for state, agreed in done} == {(step + 1, True)}
    assert undo(study, stores[1], "v0", 9)[0].done == 8
    votes = [v for v in read_votes(study, stores[0]) if not v.undone]
    assert len(votes) == 20 * 9 - 1
    for number in range(1, 20):
        mine = [v.better for v in votes if v.participant == number]
        assert len(mine) in (8, 9) and mine == [a.left for a in plan(study, number)][: len(mine)]
    for store in stores:
        store.close()
