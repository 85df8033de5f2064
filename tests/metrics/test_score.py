"""All metrics together: the values of each metric alone, their order, and the means."""

import math

import numpy as np
import pytest

import metrics
from metrics import COMPUTED, in_chunks, means, per_image, score


@pytest.fixture(scope="module")
def pairs():
    """Make 19 different pairs, so that the last chunk is smaller."""
    rng = np.random.default_rng(0)
    target = np.full((19, 32, 37, 3), 0.5, np.float32)
    target[:, :, 20:] = rng.uniform(0.7, 0.95, (19, 1, 1, 3))
    amount = np.linspace(0.01, 0.2, 19)[:, None, None, None]
    images = 0.9 * target + amount * rng.standard_normal(target.shape)
    return images.astype(np.float32), target


def test_every_value_is_that_of_the_metric_alone(pairs):
    values = per_image(*pairs)
    assert list(values) == ["psnr", "mse", "ssim", "ms_ssim", "color_aligned_psnr",
                            "color_aligned_ssim", "color", "contrast", "noise",
                            "sharpness", "grid"]  # fmt: skip
    for name, metric in COMPUTED.items():
        found = values[metric.values]
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, metric.function(*pairs), rtol=1e-12, err_msg=name)
    assert len(np.unique(values["psnr"])) == 19
    errors = np.square(pairs[0].astype(np.float64) - pairs[1]).mean((1, 2, 3))  # unclipped
    np.testing.assert_allclose(values["mse"], errors, rtol=1e-12)
    assert metrics.pooled(values["mse"]) == pytest.approx(metrics.pooled_psnr(*pairs), abs=1e-9)


def test_chunks_keep_their_order_and_a_dictionary_its_keys():
    numbers = np.arange(21.0)
    np.testing.assert_array_equal(in_chunks(np.subtract, numbers, 2 * numbers), -numbers)
    both = in_chunks(lambda x, y: {"sum": x + y, "first": x}, numbers, numbers)
    np.testing.assert_array_equal(both["sum"], 2 * numbers)
    np.testing.assert_array_equal(both["first"], numbers)


def test_score_is_the_mean_of_the_values(pairs):
    values, result = per_image(*pairs), score(*pairs)
    assert list(result) == ["psnr", "psnr_pooled", "ssim", "ms_ssim", "identical", "n"]
    assert result.items() <= means(values).items()
    for name in ("psnr", "ssim", "ms_ssim"):
        assert result[name] == pytest.approx(values[name].mean(), abs=1e-12)


def test_means_by_hand():
    values = {
        "psnr": np.array([20, np.inf, 40]),
        "mse": np.array([0.01, 0, 0.002]),
        "ssim": np.array([0.5, 1, 0.9]),
        "noise": np.array([np.nan, 1, 4]),
        "sharpness": np.full(3, np.nan),
    }
    result = means(values)
    assert math.isnan(result.pop("sharpness"))
    assert result == {
        "psnr": 30,  # the identical pair counted apart
        "psnr_pooled": pytest.approx(-10 * math.log10(0.004)),
        "ssim": pytest.approx(0.8),
        "noise": 2.5,  # of the two that have flat areas
        "identical": 1,
        "n": 3,
    }
    assert means({name: values[name][1:2] for name in ("psnr", "mse")})["psnr"] == math.inf


def test_values_that_are_not_numbers_reach_the_means(pairs):
    images = pairs[0].copy()
    images[3, 4, 5, 0] = np.nan
    result = score(images, pairs[1])
    assert all(math.isnan(result[name]) for name in ("psnr", "psnr_pooled", "ssim", "ms_ssim"))
    values = per_image(images, pairs[1])
    for name in values:  # of that image alone
        assert np.isnan(values[name][3]), name
        assert np.isfinite(values[name][[2, 4]]).all(), name


@pytest.mark.parametrize(
    ("images", "targets"),
    [
        ((2, 20, 20, 3), (2, 20, 21, 3)),
        ((2, 20, 20, 1), (2, 20, 20, 1)),
        ((2, 15, 20, 3), (2, 15, 20, 3)),
        ((0, 20, 20, 3), (0, 20, 20, 3)),
        ((20, 20, 3), (20, 20, 3)),
    ],
)
def test_other_shapes_are_refused(images, targets):
    for rule in (per_image, score):
        with pytest.raises(ValueError, match=r"differ in shape|expected"):
            rule(np.zeros(images), np.zeros(targets))
