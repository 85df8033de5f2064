import math

import numpy as np
import pytest
from scipy.stats import bootstrap

from metrics import interval, paired_difference, pooled


def draw(count, seed=0):
    return np.random.default_rng(seed).gamma(2, 1, count)


def test_two_values_by_hand():
    """The means of two draws from {0, 1} are 0, 1/2 and 1 in 1/4, 1/2 and 1/4 of the cases."""
    assert interval([0, 1]) == (0, 1)
    assert interval([0, 1], level=0.4) == (0.5, 0.5)
    assert interval([0, 1], level=0.6) == (0, 1)
    assert interval([2, 2, 2]) == (2, 2)


@pytest.mark.parametrize("statistic", [np.mean, np.median, pooled])
def test_intervals_are_scipys(statistic):
    values = draw(150)
    low, high = interval(values, statistic)
    expected = bootstrap((values,), statistic, method="percentile", n_resamples=10_000, batch=500)
    width = high - low
    np.testing.assert_allclose((low, high), expected.confidence_interval, atol=0.06 * width)
    assert low < statistic(values) < high


def test_the_normal_theory_holds_for_many_values():
    values = draw(2_000)
    half = 1.96 * values.std() / math.sqrt(len(values))
    expected = values.mean() - half, values.mean() + half
    np.testing.assert_allclose(interval(values), expected, atol=0.1 * half)


def test_a_wider_level_gives_a_wider_interval_and_a_seed_the_same():
    values = draw(60)
    assert interval(values, level=0.99)[0] < interval(values)[0] < interval(values, level=0.5)[0]
    assert interval(values) == interval(values) != interval(values, seed=1)


def test_intervals_of_pooled_psnr_are_those_of_the_error():
    errors = draw(40) / 100
    low, high = interval(errors)
    np.testing.assert_allclose(
        interval(errors, pooled), (-10 * math.log10(high), -10 * math.log10(low)), atol=2e-3
    )
    # Nearly all pairs are identical: a draw of identical pairs alone has an infinite PSNR.
    errors[1:] = 0
    low, high = interval(errors, pooled)
    assert high == math.inf and math.isfinite(low)


def test_values_that_are_not_finite_are_left_out():
    values = draw(30)
    holes = np.insert(values, [0, 7, 30], [np.nan, np.inf, np.nan])
    assert interval(holes) == interval(values)
    for few in ([], [1.0], [np.nan, 3.0]):
        assert np.isnan(interval(few)).all()


def test_nineteen_of_twenty_intervals_hold_the_truth():
    rng = np.random.default_rng(0)
    held = 0
    for seed in range(400):
        low, high = interval(rng.gamma(2, 1, 60), resamples=1_000, seed=seed)
        held += low <= 2 <= high
    assert 0.92 <= held / 400 <= 0.97  # 0.95 ± 2 standard errors, and a little short at 60 images


def test_paired_differences_hold_the_truth_too():
    rng = np.random.default_rng(1)
    held = 0
    for seed in range(400):
        scene = rng.normal(0, 3, 60)  # hard for both methods
        methods = scene + rng.normal([[0.5], [0.2]], 0.5, (2, 60))
        _, low, high = paired_difference(*methods, resamples=1_000, seed=seed)
        held += low <= 0.3 <= high
        assert high - low < 1  # 3·√2·2·1.96/√60 unpaired: 2.1
    assert 0.92 <= held / 400 <= 0.97


def test_paired_differences_by_hand():
    values = draw(40)
    assert paired_difference(values + 0.25, values) == pytest.approx((0.25, 0.25, 0.25))
    doubled = paired_difference(2 * values, values)
    assert doubled == pytest.approx((values.mean(), *interval(values)))
    # Twice the error on every image is 3.01 dB for every draw.
    assert paired_difference(2 * values, values, pooled) == pytest.approx([-3.0103] * 3, abs=1e-4)


def test_a_pair_counts_where_both_values_are_finite():
    values, reference = draw(30), draw(30, seed=1)
    expected = paired_difference(values[3:], reference[3:])
    values[:2], reference[1:3] = (np.nan, np.inf), (np.inf, np.nan)
    assert paired_difference(values, reference) == expected
    assert paired_difference([1, np.nan], [3, 1])[0] == -2
    assert np.isnan(paired_difference([1, np.nan], [3, 1])[1:]).all()
    assert np.isnan(paired_difference([np.nan], [3])).all()
    with pytest.raises(ValueError, match="2 values but 3"):
        paired_difference([1, 2], [1, 2, 3])


def test_scenes_are_drawn_whole():
    """Two scenes: the means of two draws are those of scene a, of both, and of scene b."""
    values, scenes = [0, 0, 0, 3], ["a", "a", "a", "b"]
    assert interval(values, scenes=scenes) == (0, 3)
    assert interval(values, scenes=scenes, level=0.4) == (0.75, 0.75)
    ends = interval(values, scenes=["a"] * 4)
    assert np.isnan(ends).all()  # one scene says nothing about other scenes


def test_scenes_of_one_image_give_the_interval_of_images():
    values = draw(60)
    expected = interval(values)
    found = interval(values, scenes=np.arange(60))
    np.testing.assert_allclose(found, expected, rtol=0.05)


def test_images_that_resemble_each_other_widen_the_interval():
    values = np.repeat(draw(10), 20) + draw(200) / 100
    scenes = np.repeat(np.arange(10), 20)
    low, high = interval(values, scenes=scenes)
    naive = interval(values)
    assert high - low > 3 * (naive[1] - naive[0])
    difference = paired_difference(values + draw(200, 5), values, scenes=scenes)
    assert difference[1] < difference[0] < difference[2]


def test_values_that_are_not_finite_leave_out_their_scenes():
    values, scenes = np.array([np.nan, 1, 2, np.inf]), np.array(["a", "b", "c", "c"])
    assert interval(values, scenes=scenes) == (1, 2)
    with pytest.raises(ValueError, match="3 scenes"):
        interval(values, scenes=scenes[:3])
