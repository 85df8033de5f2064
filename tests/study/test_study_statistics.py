"""Statistics of the report against closed forms, other libraries and simulated studies."""

import math

import numpy as np
import pytest
from scipy import optimize, stats

from study.agreement import measure_agreement
from study.analysis import analyze
from study.bradley_terry import bradley_terry
from study.claims import ALPHA, check_claims, holm, roles_of
from study.design import Picture, Study, StudyError
from study.shares import Share, share_of
from study.votes import Vote

CLASSES = ("phone", "enhanced", "dslr")


def vote(who, left, right, better, photo="1", phone="p", repeat=False, undone=False):
    return Vote(who, 0, "2026-01-01T00:00:00Z", phone, photo, left, right, better, repeat, undone)


# Shares


@pytest.mark.parametrize(("wins", "votes"), [(0, 9), (3, 9), (21, 42), (42, 42)])
def test_independent_votes_have_wilsons_interval(wins, votes):
    share = share_of(np.arange(votes) < wins, np.arange(votes))
    expected = stats.binomtest(wins, votes).proportion_ci(method="wilson")
    assert share.interval() == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize("won", [0, 1])
def test_an_interval_holds_its_share_to_the_last_bit(won):
    for votes in range(1, 200):
        low, high = Share(won * votes, votes, float(won), votes, math.inf).interval()
        assert low <= won <= high
        low, high = Share(won * votes, votes, float(won), votes, votes).interval()
        assert low <= won <= high


def test_votes_that_follow_the_person_count_once_a_person():
    """20 people give 9 equal votes each: the effective number is 19, one less than the people."""
    people = np.repeat(np.arange(20), 9)
    share = share_of(people < 13, people)
    assert (share.wins, share.votes, share.freedom) == (117, 180, 19)
    assert share.effective == pytest.approx(19)


def test_an_interval_by_hand():
    """p = 0.65, n = 19, t = 2.093 with 19 degrees of freedom."""
    t = 2.0930240544082634
    share = Share(117, 180, 0.65, 19, 19)
    middle = (0.65 + t**2 / 38) / (1 + t**2 / 19)
    half = t / (1 + t**2 / 19) * math.sqrt(0.65 * 0.35 / 19 + t**2 / (4 * 361))
    assert share.interval() == pytest.approx((middle - half, middle + half))


def test_the_test_agrees_with_the_interval():
    share = share_of(np.arange(60) % 10 < 7, np.arange(60) // 3)
    low, high = share.interval()
    assert 2 * share.p_above(low) == pytest.approx(0.05)
    assert 2 * (1 - share.p_above(high)) == pytest.approx(0.05)


def test_one_person_gives_no_interval():
    share = share_of(np.array([True, False, True]), np.zeros(3))
    assert share.share == pytest.approx(2 / 3)
    assert all(map(math.isnan, share.interval())) and math.isnan(share.p_above(0.5))
    assert math.isnan(share_of(np.array([], bool), np.array([])).share)


def test_unanimous_votes_have_an_interval():
    people = np.repeat(np.arange(10), 9)
    low, high = share_of(np.full(90, True), people).interval()
    assert 0.6 < low < 0.75 and high == 1


def test_photos_as_clusters_widen_the_interval():
    people, photos = (a.ravel() for a in np.meshgrid(np.arange(30), np.arange(6)))
    won = photos < 4  # everyone agrees, so only photos matter
    narrow, wide = share_of(won, people), share_of(won, people, photos)
    assert narrow.effective == 180 and wide.effective == pytest.approx(5)
    assert wide.freedom == 5


def test_intervals_contain_the_truth_in_95_of_100_studies():
    """42 people with different tastes, 9 votes each. Intervals that ignore people fail."""
    rng, runs, held, naive = np.random.default_rng(0), 1000, 0, 0
    people = np.repeat(np.arange(42), 9)
    for _ in range(runs):
        chance = rng.beta(3, 2, 42)  # mean 0.6
        won = rng.random(378) < chance[people]
        low, high = share_of(won, people).interval()
        held += low <= 0.6 <= high
        low, high = share_of(won, np.arange(378)).interval()
        naive += low <= 0.6 <= high
    assert 0.93 <= held / runs <= 0.97
    assert naive / runs < 0.85


# Bradley-Terry


def test_two_classes_have_the_log_odds():
    """30 of 40 people: log 3, variance (1/30 + 1/10)·40/39."""
    people = np.arange(40)
    scores = bradley_terry(
        np.where(people < 30, 1, 0), np.where(people < 30, 0, 1), people, CLASSES[:2], "phone"
    )
    error = stats.t.ppf(0.975, 39) * math.sqrt((1 / 30 + 1 / 10) * 40 / 39)
    assert scores.score == pytest.approx([0, math.log(3)], abs=1e-6)
    ends = scores.low[1], scores.high[1]
    assert ends == pytest.approx((math.log(3) - error, math.log(3) + error), abs=1e-6)
    assert np.isnan(scores.low[0]) and scores.bounded


def draw(rng, truth, people=42, photos=9):
    """Return winners, losers and people of a study with questions about every pair."""
    pairs = np.array([(i, j) for i in range(len(truth)) for j in range(i)])
    asked = np.repeat(pairs, people * photos, axis=0)
    who = np.tile(np.arange(people), len(pairs) * photos)
    first = rng.random(len(asked)) < 1 / (1 + np.exp(truth[asked[:, 1]] - truth[asked[:, 0]]))
    return (
        np.where(first, asked.T, asked.T[::-1])[0],
        np.where(first, asked.T, asked.T[::-1])[1],
        who,
    )


def test_scores_are_the_maximum_of_the_likelihood():
    truth = np.array([0, 1.2, 1.4, -0.5])
    winners, losers, who = draw(np.random.default_rng(1), truth)
    scores = bradley_terry(winners, losers, who, ("a", "b", "c", "d"), "a")

    def loss(free):
        s = np.insert(free, 0, 0)
        return np.logaddexp(0, s[losers] - s[winners]).sum()

    best = optimize.minimize(loss, np.zeros(3)).x
    assert scores.score[1:] == pytest.approx(best, abs=1e-4)


def test_another_reference_only_shifts():
    winners, losers, who = draw(np.random.default_rng(2), np.array([0, 1.0, 2.0]))
    one = bradley_terry(winners, losers, who, CLASSES, "phone")
    other = bradley_terry(winners, losers, who, CLASSES, "dslr")
    assert other.score == pytest.approx(one.score - one.score[2], abs=1e-6)
    assert other.high[0] == pytest.approx(-one.low[2], abs=1e-6)


def test_score_intervals_contain_the_truth_in_95_of_100_studies():
    truth, runs = np.array([0, 2.2, 2.4]), 400
    rng, held = np.random.default_rng(0), np.zeros(3)
    for _ in range(runs):
        scores = bradley_terry(*draw(rng, truth), CLASSES, "phone")
        held += (scores.low <= truth) & (truth <= scores.high)
    assert (np.abs(held[1:] / runs - 0.95) < 0.03).all()


def test_a_class_that_never_loses_has_a_finite_score_that_is_marked():
    people = np.arange(10)
    scores = bradley_terry(np.ones(10, int), np.zeros(10, int), people, CLASSES[:2], "phone")
    assert not scores.bounded
    assert scores.score[1] == pytest.approx(math.log(10.5 / 0.5), abs=1e-6)


def test_classes_without_a_link_have_no_score():
    winners, losers = np.array([0, 1, 2, 3]), np.array([1, 0, 3, 2])
    scores = bradley_terry(winners, losers, np.arange(4), ("a", "b", "c", "d"), "a")
    assert scores.score[:2] == pytest.approx([0, 0], abs=1e-6)
    assert np.isnan(scores.score[2:]).all()


# Agreement


def test_agreement_by_hand():
    """Two of three people agree: 1 of 3 pairs agrees, so u = 2/3 - 1."""
    votes = [vote(0, "a", "b", "a"), vote(1, "b", "a", "a"), vote(2, "a", "b", "b")]
    assert measure_agreement(votes).u == pytest.approx(-1 / 3)
    assert measure_agreement([*votes[:2], vote(2, "a", "b", "a")]).u == 1
    # A question with one answer has no influence.
    assert measure_agreement([*votes, vote(0, "a", "b", "a", photo="2")]).u == pytest.approx(-1 / 3)


def test_agreement_is_zero_by_chance():
    rng = np.random.default_rng(0)
    votes = [
        vote(who, "a", "b", "ab"[rng.integers(2)], photo=str(photo))
        for who in range(30)
        for photo in range(40)
    ]
    found = measure_agreement(votes)
    assert found.low < 0 < found.high and abs(found.u) < 0.03


def test_circles_and_repeats_and_sides_are_counted():
    straight = [vote(0, "a", "b", "a"), vote(0, "b", "c", "b"), vote(0, "c", "a", "a")]
    circle = [vote(1, "a", "b", "a"), vote(1, "b", "c", "b"), vote(1, "c", "a", "c")]
    again = [
        vote(0, "b", "a", "a", repeat=True),
        vote(1, "b", "a", "b", repeat=True),
        vote(1, "c", "b", "b", repeat=True),
    ]
    found = measure_agreement([*straight, *circle, *again])
    assert (found.straight.wins, found.straight.votes) == (1, 2)
    assert (found.repeats.wins, found.repeats.votes) == (2, 3)
    assert (found.left.wins, found.left.votes) == (5, 6)
    counts = [(p.circles, p.repeats, p.kept, p.left) for p in found.people]
    assert counts == [(0, 1, 1, 2), (1, 2, 1, 3)]


# Claims


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1, 1]


def claims_of(*shares, margin=0.1):
    """Return the claims for shares of 400 independent votes against phone, dslr and ape."""
    others = ("phone", "dslr", "ape")
    known = {
        o: Share(round(400 * s), 400, s, 400, 399) for o, s in zip(others, shares, strict=True)
    }
    roles = roles_of(("phone", "enhanced", "dslr", "ape"), {})
    pairings = [("p", "phone", "enhanced"), ("p", "enhanced", "dslr"), ("p", "ape", "enhanced"),
                ("p", "phone", "dslr")]  # fmt: skip
    found = check_claims(roles, pairings, lambda phone, one, other: known[other], margin)
    return {claim.text: claim for claim in found}


def test_claims_that_hold():
    claims = claims_of(0.8, 0.49, 0.6)
    assert len(claims) == 3 and all(claim.holds for claim in claims.values())
    assert claims["enhanced on a par with dslr"].verdict == "parity within ±10%"


def test_claims_that_do_not_hold():
    claims = claims_of(0.3, 0.36, 0.52)
    assert not any(claim.holds for claim in claims.values())
    assert claims["enhanced over phone"].verdict == "phone preferred"
    assert claims["enhanced over ape"].verdict == "no difference shown"
    assert claims["enhanced on a par with dslr"].verdict == "dslr preferred"


def test_no_difference_found_is_not_parity():
    claim = claims_of(0.8, 0.46, 0.6, margin=0.05)["enhanced on a par with dslr"]
    assert not claim.holds and claim.verdict.startswith("undecided")


def test_parity_is_where_the_90_percent_interval_lies_within_the_margin():
    for share in np.linspace(0.4, 0.6, 41):
        claim = claims_of(0.8, float(share), 0.6)["enhanced on a par with dslr"]
        low, high = claim.share.interval(0.9)
        assert claim.holds == (low > 0.4 and high < 0.6)
        assert claim.holds == (claim.p < ALPHA)


def test_roles_follow_the_names_or_the_options():
    roles = roles_of(("Input", "Enhanced", "canon"), {})
    assert roles == {"original": "Input", "enhanced": "Enhanced", "dslr": "canon"}
    assert roles_of(("a", "b"), {"enhanced": "b"}) == {"original": None, "enhanced": "b",
                                                       "dslr": None}  # fmt: skip
    with pytest.raises(StudyError, match="no such class"):
        roles_of(("a", "b"), {"dslr": "c"})


# The whole analysis


def study(phones=("p", "q"), photos=2, extra=()):
    pictures = [
        Picture("0" * 32, kind, phone, str(n), 1, 1)
        for phone in phones
        for n in range(photos)
        for kind in (*CLASSES, *(extra if phone == "p" else ()))
    ]
    classes = (*CLASSES, *extra)
    pairs = tuple((a, b) for i, a in enumerate(classes) for b in classes[i + 1 :])
    return Study("0" * 32, "t", "p", 0, 0, classes, pairs, tuple(pictures))


def everyone(design, people, choose):
    return [
        vote(who, q.first, q.second, choose(who, q), photo=q.scene, phone=q.phone)
        for who in range(people)
        for q in design.questions()
    ]


def test_counts_of_an_analysis():
    design = study()
    votes = everyone(design, 4, lambda who, q: q.second if who else q.first)
    votes[0] = vote(0, "phone", "enhanced", "phone", photo="0", undone=True)
    votes.append(vote(1, "enhanced", "phone", "phone", photo="0", repeat=True))
    found = analyze(design, votes)
    assert (found.participants, found.finished, found.undone) == (4, 3, 1)
    share = found.photos["p", "0", "phone", "enhanced"]
    assert (share.wins, share.votes) == (0, 3)  # without the undone vote and the repeat
    assert found.pooled["p", "phone", "dslr"].votes == 8
    assert found.pooled[None, "phone", "dslr"].wins == 4
    assert analyze(design, votes, finished_only=True).participants == 3


def test_all_phones_are_pooled_for_classes_that_all_have():
    design = study(extra=("ape",))
    rng = np.random.default_rng(0)
    votes = everyone(design, 9, lambda who, q: (q.first, q.second)[rng.integers(2)])
    found = analyze(design, votes)
    assert "ape" in found.scores["p"].classes
    assert "ape" not in found.scores["q"].classes and "ape" not in found.scores[None].classes
    assert (None, "phone", "ape") not in found.pooled


def test_without_votes_the_analysis_is_an_error():
    with pytest.raises(StudyError, match="no votes yet"):
        analyze(study(), [vote(0, "phone", "dslr", "dslr", photo="0", undone=True)])
