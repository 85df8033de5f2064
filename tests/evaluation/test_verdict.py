"""The verdict on the user's network, in words that follow from the intervals."""

import numpy as np

from evaluation.score_method import Scored
from evaluation.short_table import short_table
from evaluation.verdict import judge, too_few

PAIRS = 40


def judged(scenes=None, **psnr):
    """Judge "mine"; each argument is the PSNR of a method, of all pairs or of each pair."""
    noise = np.random.default_rng(0).normal(0, 1, PAIRS)  # the difficulty of the pairs
    scored, methods = {}, {}
    for name, (level, similarity) in psnr.items():
        values = {"psnr": level + noise, "ms_ssim": np.full(PAIRS, similarity) + noise / 1000}
        scored[name] = Scored(np.zeros(0, np.uint8), values, None)
        methods[name] = {"psnr": values["psnr"].mean(), "ms_ssim": values["ms_ssim"].mean()}
        methods[name] |= {"n": PAIRS, "identical": 0, "noise": 0.5, "sharpness": None, "cost": None}
    return judge("mine", scored, methods, scenes)


def test_better_worse_and_neither_are_told_apart():
    jitter = np.where(np.arange(PAIRS) % 2, 3.0, -3.1)
    verdict = judged(
        input=(18, 0.8), mine=(20, 0.9), one_click=(21, 0.7), universal=(20 + jitter, 0.9)
    )
    assert "better than input by 2.00 dB (2.00 to 2.00), worse than one_click by 1.00 dB" in (
        verdict.text
    )
    assert "not distinguishable from universal: +0.05 dB (−" in verdict.text
    assert "By MS-SSIM the network is better than one_click." in verdict.text
    assert "MS-SSIM the network is worse" not in verdict.text
    assert "0.50 of the DSLR's noise." in verdict.text
    assert "Here one_click and universal see a patch" in verdict.text
    assert verdict.differences["input"]["psnr"][0] == 2


def test_other_networks_of_the_user_are_no_yardstick():
    assert list(judged(input=(18, 0.8), mine=(20, 0.9), older=(19, 0.8)).differences) == ["input"]


def test_pairs_of_one_scene_have_no_interval():
    verdict = judged(np.array(["a"] * PAIRS), input=(18, 0.8), mine=(20, 0.9))
    assert "2.00 dB above input (no interval)" in verdict.text
    assert verdict.warning == "40 pairs of 1 scene: too few to conclude."
    assert str(verdict) == f"{verdict.text} {verdict.warning}"
    assert verdict.differences["input"]["psnr"] == [2, None, None]


def test_results_that_equal_the_target_have_no_difference():
    verdict = judged(input=(18, 0.8), mine=(np.inf, 1.0))
    assert verdict.text == "The results have 0.50 of the DSLR's noise."


def test_too_few():
    assert too_few(19, None) == "19 pairs: too few to conclude."
    assert too_few(100, 4) == "100 pairs of 4 scenes: too few to conclude."
    assert too_few(20, 5) == too_few(20, None) == ""


def test_the_short_table_is_in_columns():
    same = {"psnr": None, "ms_ssim": 1.0, "n": 2, "identical": 2, "cost": None}
    head, row = short_table({"copy": same}).splitlines()
    assert head.startswith("method") and row.split() == ["copy", "∞", "1.0000", "–", "–", "–", "–"]
