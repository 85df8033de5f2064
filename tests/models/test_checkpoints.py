import models  # first: holds back TensorFlow's chatter  # noqa: I001, F401
import numpy as np
import pytest
import tensorflow as tf

from metrics import ms_ssim, pooled_psnr, psnr, ssim
from models import WeightsError
from models.checkpoints import import_checkpoint, main, ImportConfig


def write_checkpoint(prefix, variables):
    """Write a checkpoint in the format of TensorFlow 1, by the operation that its Saver used."""
    names = sorted(variables)
    tensors = [tf.constant(variables[name], tf.float32) for name in names]
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=tensors,
    )


def generator_variables(rng, channels=4, blocks=1):
    def normal(*shape):
        return rng.normal(0, 0.2, shape).astype(np.float32)

    last = 2 * blocks + 4
    variables = {}
    for n in range(1, last + 1):
        size = 9 if n in (1, last) else 3
        inputs, outputs = (3 if n == 1 else channels), (3 if n == last else channels)
        variables[f"generator/W{n}"] = normal(size, size, inputs, outputs)
        variables[f"generator/b{n}"] = normal(outputs)
    for n in range(4 * blocks):
        name = f"generator/Variable_{n}" if n else "generator/Variable"
        variables[name] = normal(channels)
    return variables


def released_generator(x, v, blocks=1):
    """Compute the released network from its description, with the names of the checkpoint."""

    def conv(x, n):
        return tf.nn.conv2d(x, v[f"generator/W{n}"], 1, "SAME") + v[f"generator/b{n}"]

    def norm(x, n):
        shift = v[f"generator/Variable_{2 * n}" if n else "generator/Variable"]
        scale = v[f"generator/Variable_{2 * n + 1}"]
        mean, variance = tf.nn.moments(x, [1, 2], keepdims=True)
        return scale * (x - mean) / tf.sqrt(variance + 1e-3) + shift

    x = tf.nn.relu(conv(x, 1))
    for block in range(blocks):
        y = tf.nn.relu(norm(conv(x, 2 + 2 * block), 2 * block))
        x = tf.nn.relu(norm(conv(y, 3 + 2 * block), 2 * block + 1)) + x
    x = tf.nn.relu(conv(x, 2 * blocks + 2))
    x = tf.nn.relu(conv(x, 2 * blocks + 3))
    return tf.tanh(conv(x, 2 * blocks + 4)) * 0.58 + 0.5


@pytest.mark.parametrize("blocks", [1, 2])
def test_an_imported_generator_computes_what_the_released_network_does(tmp_path, blocks):
    rng = np.random.default_rng(blocks)
    variables = generator_variables(rng, blocks=blocks)
    write_checkpoint(tmp_path / "net", variables)
    x = rng.random((2, 20, 24, 3), np.float32)
    got = import_checkpoint(tmp_path / "net")(x)
    np.testing.assert_allclose(got, released_generator(x, variables, blocks), atol=2e-5)


def test_an_imported_srcnn_spreads_its_single_bias(tmp_path):
    rng = np.random.default_rng(0)
    shapes = {"w1": (9, 9, 3, 64), "w2": (5, 5, 64, 32), "w3": (5, 5, 32, 3)}
    shapes |= {"b1": (64,), "b2": (32,), "b3": (1,)}
    variables = {f"generator/{k}": rng.normal(0, 0.05, s) for k, s in shapes.items()}
    write_checkpoint(tmp_path / "srcnn", variables)
    x = rng.random((1, 20, 20, 3), np.float32)
    y = tf.constant(x)
    for n in (1, 2, 3):
        kernel, bias = variables[f"generator/w{n}"], variables[f"generator/b{n}"]
        y = tf.nn.conv2d(y, tf.cast(kernel, tf.float32), 1, "SAME") + tf.cast(bias, tf.float32)
        y = tf.nn.relu(y) if n < 3 else tf.tanh(y) * 0.58 + 0.5
    np.testing.assert_allclose(import_checkpoint(tmp_path / "srcnn")(x), y, atol=2e-5)


def test_bad_checkpoints_are_named_in_one_line(tmp_path):
    variables = generator_variables(np.random.default_rng(0))
    del variables["generator/Variable_2"]
    write_checkpoint(tmp_path / "short", variables)
    write_checkpoint(tmp_path / "other", {"a/weights": np.zeros(3)})
    write_checkpoint(tmp_path / "torn", generator_variables(np.random.default_rng(0)))
    data = tmp_path / "torn.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:100])
    expected = {
        "missing": "does not exist",
        "short": "variables are missing: Variable_2",
        "other": "no known network",
        "torn": "damaged",
    }
    for name, reason in expected.items():
        with pytest.raises(WeightsError) as raised:
            import_checkpoint(tmp_path / name)
        assert name in str(raised.value)
        assert reason in str(raised.value)
        assert "\n" not in str(raised.value)


def test_the_output_must_be_a_keras_file(tmp_path):
    with pytest.raises(WeightsError, match=r"must end in \.keras"):
        main(ImportConfig(str(tmp_path / "net"), str(tmp_path / "net.h5")))


# An independent measurement on the 40 real iPhone test pairs: PSNR, pooled PSNR, SSIM, MS-SSIM.
REFERENCE_ROWS = {
    "dped_srcnn": (21.023, 18.727, 0.7442, 0.8890),
    "dped_resnet_8_32": (22.119, 20.792, 0.7842, 0.9150),
    "iphone_orig": (21.707, 20.377, 0.7926, 0.9189),
    "ppcn_teacher": (22.627, 21.179, 0.8192, 0.9281),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", REFERENCE_ROWS)
def test_released_networks_score_as_published(name, reference_data, tmp_path):
    from data.packed import open_pairs
    from data.pair_files import test_pairs

    pairs = open_pairs(test_pairs(reference_data / "dped", "iphone"), tmp_path)
    phone, target = (np.asarray(side, np.float32) / 255 for side in (pairs.phone, pairs.target))
    enhanced = import_checkpoint(reference_data / "checkpoints" / name).predict(
        phone, batch_size=8, verbose=0
    )
    psnr_each, pooled, ssim_mean, ms_ssim_mean = REFERENCE_ROWS[name]
    assert np.mean(psnr(enhanced, target)) == pytest.approx(psnr_each, abs=0.01)
    assert pooled_psnr(enhanced, target) == pytest.approx(pooled, abs=0.01)
    assert np.mean(ssim(enhanced, target)) == pytest.approx(ssim_mean, abs=5e-4)
    assert np.mean(ms_ssim(enhanced, target)) == pytest.approx(ms_ssim_mean, abs=5e-4)
