"""The journal of a visit stores each answer once, even if requests repeat or overlap."""

import concurrent.futures
import csv
import io

import pytest
from fake_study import make_study

from study.design import read_study
from study.plan import plan
from study.store import Store, sqlite_url
from study.visit import state_of, undo, vote
from study.votes import as_csv, read_votes


@pytest.fixture
def study(tmp_path):
    return read_study(make_study(tmp_path, repeats=2))


@pytest.fixture
def store(tmp_path, study):
    opened = Store(sqlite_url(tmp_path / "study"), study.id)
    yield opened
    opened.close()


@pytest.fixture
def visitor(store):
    store.join("somebody")
    return "somebody"


def counted(study, store):
    return [(v.photo, v.left, v.right, v.better) for v in read_votes(study, store) if not v.undone]


def test_a_visit_goes_through_all_questions(study, store, visitor):
    asked = plan(study, 0)
    assert len(asked) == 11
    for step in range(11):
        state, agreed = vote(study, store, visitor, step, "right" if step % 3 else "left")
        assert agreed and (state.step, state.done, state.total) == (step + 1, step + 1, 11)
        assert state.coming == asked[step + 1 : step + 3]
    expected = [
        (a.question.scene, a.left, a.right, a.right if i % 3 else a.left)
        for i, a in enumerate(asked)
    ]
    assert counted(study, store) == expected
    assert [v.repeat for v in read_votes(study, store)] == [False] * 9 + [True] * 2
    # A further answer changes nothing.
    state, agreed = vote(study, store, visitor, 11, "left")
    assert not agreed and state.done == 11
    assert len(counted(study, store)) == 11


def test_the_same_answer_twice_counts_once(study, store, visitor):
    assert vote(study, store, visitor, 0, "left")[1]
    state, agreed = vote(study, store, visitor, 0, "left")
    assert agreed and state.done == 1
    assert len(counted(study, store)) == 1


def test_a_different_answer_to_a_stored_step_is_refused(study, store, visitor):
    vote(study, store, visitor, 0, "left")
    state, agreed = vote(study, store, visitor, 0, "right")
    assert not agreed and state.done == 1
    assert counted(study, store)[0][3] == plan(study, 0)[0].left


def test_a_late_repetition_does_not_restore_an_undone_vote(study, store, visitor):
    vote(study, store, visitor, 0, "left")
    undo(study, store, visitor, 1)
    state, _ = vote(study, store, visitor, 0, "left")
    assert (state.step, state.done) == (2, 0)
    assert counted(study, store) == []
    vote(study, store, visitor, 2, "right")
    assert counted(study, store)[0][3] == plan(study, 0)[0].right


def test_undo_goes_back_one_by_one_and_stops_at_the_start(study, store, visitor):
    for step, side in enumerate(("left", "right", "left")):
        vote(study, store, visitor, step, side)
    for step, done in ((3, 2), (4, 1), (5, 0)):
        state, agreed = undo(study, store, visitor, step)
        assert agreed and state.done == done
        assert (
            undo(study, store, visitor, step)[0].done == done
        )  # a second undo of the same step changes nothing
    state, agreed = undo(study, store, visitor, 6)
    assert not agreed and (state.step, state.done) == (6, 0)
    assert [v.undone for v in read_votes(study, store)] == [True] * 3


def test_a_future_step_is_refused(study, store, visitor):
    state, agreed = vote(study, store, visitor, 5, "left")
    assert not agreed and state.step == 0


def test_only_visitors_who_joined_can_vote(study, store):
    with pytest.raises(LookupError):
        vote(study, store, "nobody", 0, "left")


def test_a_visit_is_there_after_the_store_was_closed(tmp_path, study, store, visitor):
    vote(study, store, visitor, 0, "left")
    store.close()
    again = Store(sqlite_url(tmp_path / "study"), study.id)
    visit = again.visit(visitor)
    assert visit is not None and state_of(study, visit).done == 1
    again.close()


def test_many_join_at_once_and_get_numbers_without_gaps(store):
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        visits = list(pool.map(lambda i: store.join(f"v{i % 40}"), range(120)))
    assert {visit.number for visit in visits} == set(range(40))


def test_one_step_in_many_threads_is_written_once(study, store, visitor):
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        for step in range(5):
            sides = ["left", "right"] * 8
            results = list(pool.map(lambda s, n=step: vote(study, store, visitor, n, s), sides))
            assert {state.done for state, _ in results} == {step + 1}
            winners = {s for s, (_, agreed) in zip(sides, results, strict=True) if agreed}
            assert len(winners) == 1
    assert len(counted(study, store)) == 5


def test_studies_share_a_database_without_mixing(tmp_path, study, store, visitor):
    vote(study, store, visitor, 0, "left")
    other = Store(sqlite_url(tmp_path / "study"), "f" * 32)
    assert other.visit(visitor) is None
    assert other.join(visitor).number == 0
    assert [steps for _, steps in other.journals()] == [[]]
    other.close()


def test_votes_as_csv(study, store, visitor):
    for step in range(3):
        vote(study, store, visitor, step, "left")
    undo(study, store, visitor, 3)
    rows = list(csv.DictReader(io.StringIO(as_csv(read_votes(study, store)))))
    assert [row["undone"] for row in rows] == ["0", "0", "1"]
    assert all(row["better"] == row["left"] != row["right"] for row in rows)
    assert rows[0]["time"].endswith("Z") and rows[0]["participant"] == "0"
