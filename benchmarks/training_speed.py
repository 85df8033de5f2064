"""How fast a training step is, how near the machine's limit, and how much the shared pass saves.

    python benchmarks/training_speed.py --width full --batch_size 16

The benchmark measures in one run, each case in its own process:

- the machine's float32 matrix product, which is the limit;
- the step of train.py, in float32 and with --mixed_precision;
- the published schedule, written plainly: the generator's and the discriminator's updates are two
  passes on two batches, and the enhanced images are computed again; with TensorFlow's default
  settings and with this project's;
- the parts of the step, and the input.

Weights and patches are random, because they do not matter to the speed. The tables are Markdown;
--output writes the numbers as JSON.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import contextlib
import dataclasses
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from common import command_line
from common.atomic_files import replacing
from common.command_line import ESSENTIAL, option

PATCH = 100
WIDTHS = {
    "full": {},
    "mobile": {"model": "mobile", "discriminator_width": 0.5},
}
CASES = {
    # name: mixed precision, published schedule, oneDNN as this project sets it
    "this project": (False, False, True),
    "this project, --mixed_precision": (True, False, True),
    "published schedule, same settings": (False, True, True),
    "published schedule, TensorFlow as it comes": (False, True, False),
}


class BenchmarkError(RuntimeError):
    """A case that ended with an error."""


@dataclasses.dataclass(frozen=True)
class BenchmarkConfig:
    """The networks and the amount of work."""

    width: str = option("full", "size of the generator", choices=tuple(WIDTHS), group=ESSENTIAL)
    batch_size: int = option(16, "pairs a step", group=ESSENTIAL)
    steps: int = option(5, "timed steps of each case, after two warm-up steps", group=ESSENTIAL)
    content_layer: str = option("block5_conv4", "VGG-19 layer of the content loss")
    preset: str = option(
        "thesis", "losses and networks", choices=("thesis", "iccv"), group=ESSENTIAL
    )
    pairs: int = option(4000, "pairs to measure the input with")
    parts: bool = option(True, "also measure the parts of the step")
    output: str | None = option(None, "JSON file for the numbers", group=ESSENTIAL)
    case: str | None = option(None, "measure this one case here and print JSON (internal)")


def main(config: BenchmarkConfig) -> None:
    """Measure all cases and print the tables."""
    if config.case is not None:
        print(json.dumps(_measure(config)))
        return
    peak = matrix_product_flops()
    results = {name: _in_own_process(config, name) for name in CASES}
    feed = input_speed(config.pairs, config.batch_size)
    own = results["this project"]
    consumed = config.batch_size * own["steps_per_second"]
    print(f"matrix product, float32: {peak / 1e9:.0f} GFLOP/s")
    print(f"step: {own['flops'] / 1e9:.0f} GFLOP at batch {config.batch_size}\n")
    print("| case | steps/s | GFLOP/s | of the matrix product | against published, as it comes |")
    print("|---|---|---|---|---|")
    plain = results["published schedule, TensorFlow as it comes"]["steps_per_second"]
    for name, result in results.items():
        speed = result["steps_per_second"]
        rate = own["flops"] * speed
        print(
            f"| {name} | {speed:.4f} | {rate / 1e9:.0f} | {100 * rate / peak:.0f}% "
            f"| {speed / plain:.2f} |"
        )
    if config.parts:
        parts = _in_own_process(config, "parts")
        print("\n| part of the step | s | share of the step |\n|---|---|---|")
        for name, seconds in parts.items():
            print(f"| {name} | {seconds:.3f} | {100 * seconds * own['steps_per_second']:.0f}% |")
        results["parts"] = parts
    print("\n| input | pairs/s | times what the step takes |\n|---|---|---|")
    for name, speed in feed.items():
        print(f"| {name} | {speed:.0f} | {speed / consumed:.0f} |")
    print(f"\nshare of a step spent waiting for input: {100 * own['waiting']:.2f}%")
    if config.output:
        with replacing(config.output) as path:
            numbers = {"peak_flops": peak, "cases": results, "input": feed}
            path.write_text(json.dumps(numbers, indent=2) + "\n")


def matrix_product_flops(size: int = 4096, repeats: int = 4) -> float:
    """Return the best FLOP/s of a large float32 NumPy matrix product, the machine's limit."""
    a = np.random.default_rng(0).random((size, size), np.float32)
    best = np.inf
    for _ in range(repeats):
        started = time.perf_counter()
        _ = a @ a
        best = min(best, time.perf_counter() - started)
    return 2 * size**3 / best


def input_speed(pairs: int, batch_size: int) -> dict[str, float]:
    """Return the pairs a second from a pack, with the file outside and inside the page cache."""
    from data.batches import Batches, Part
    from data.packed import PatchPairs

    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{side}.npy" for side in ("phone", "target")]
        for path in paths:
            np.save(path, rng.integers(256, size=(pairs, PATCH, PATCH, 3), dtype=np.uint8))
        speeds = {}
        for name in ("cold", "warm"):
            if name == "cold":
                for path in paths:
                    _drop_from_page_cache(path)
            loaded = PatchPairs(*(np.load(p, mmap_mode="r") for p in paths))
            source = Batches([Part(loaded, batch_size)])
            count = pairs // batch_size
            started = time.perf_counter()
            for _ in source.between(0, count):
                pass
            speeds[name] = count * batch_size / (time.perf_counter() - started)
        return speeds


def _drop_from_page_cache(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
        if hasattr(os, "posix_fadvise"):  # absent on macOS and Windows, where "cold" is warm
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _in_own_process(config: BenchmarkConfig, case: str) -> dict:
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    environment.pop("TF_ENABLE_ONEDNN_OPTS", None)  # the project sets it, TensorFlow does not
    command = [sys.executable, __file__, "--case", case]
    for name in ("width", "batch_size", "steps", "content_layer", "preset"):
        command += [f"--{name}", str(getattr(config, name))]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise BenchmarkError(
            f"{case}: ended with status {done.returncode}; a smaller --batch_size?"
        )
    return json.loads(done.stdout.splitlines()[-1])


def _measure(config: BenchmarkConfig) -> dict:
    mixed, published, onednn = CASES.get(config.case or "", (False, False, True))
    if not onednn:
        import keras  # noqa: F401  before the project's import, which switches oneDNN on
    from training.build_gan import build
    from training.config import TrainConfig

    with contextlib.redirect_stdout(io.StringIO()):
        gan, train_step = build(
            TrainConfig(
                phone="random",
                recipe="stable",
                preset=config.preset,
                batch_size=config.batch_size,
                content_layer=config.content_layer,
                vgg_weights="random",
                mixed_precision=mixed,
                **WIDTHS[config.width],
            )
        )
    if config.case == "parts":
        return _parts(gan, config)
    step = _published_step(gan) if published else train_step
    batches = _source(config).between(0, config.steps + 2)
    for _ in range(2):
        _finish(step(*next(batches)))
    waiting, started = 0.0, time.perf_counter()
    for _ in range(config.steps):
        before = time.perf_counter()
        batch = next(batches)
        waiting += time.perf_counter() - before
        _finish(step(*batch))
    elapsed = time.perf_counter() - started
    return {
        "steps_per_second": config.steps / elapsed,
        "waiting": waiting / elapsed,
        "flops": step_flops(gan, config.batch_size),
    }


def _source(config: BenchmarkConfig):
    from data.batches import Batches, Part
    from data.packed import PatchPairs

    shape = (4 * config.batch_size, PATCH, PATCH, 3)
    rng = np.random.default_rng(0)
    sides = [rng.integers(256, size=shape, dtype=np.uint8) for _ in range(2)]
    return Batches([Part(PatchPairs(*sides), config.batch_size)])


def _finish(report) -> None:
    for value in report.values():
        float(value)


def _published_step(gan):
    """Return the step of ICCV section 4.2, written plainly: two updates by two separate passes.

    The generator's update takes one batch. The discriminator's update takes another batch, which
    the generator enhances again. Here both are one array, which does not change the cost.
    `models/gan_released.py` has the step of the released code, whose discriminator sees one image
    of each pair; here it sees both.
    """
    import tensorflow as tf

    from losses.discriminator_loss import discriminator_cross_entropy

    @tf.function
    def update_generator(phone, target):
        with tf.GradientTape() as tape:
            enhanced = gan.generator(phone, training=True)
            enhanced_logits = gan.discriminator(enhanced, training=True)
            terms = gan.objective.terms(enhanced, target, enhanced_logits, gan.vgg)
            total = tf.add_n(list(terms.values()))
        variables = gan.generator.trainable_variables
        gradients = tape.gradient(total, [variable.value for variable in variables])
        gan.generator_optimizer.apply(gradients, variables)
        return {**terms, "generator": total}

    @tf.function
    def update_discriminator(phone, target):
        enhanced = gan.generator(phone, training=True)
        with tf.GradientTape() as tape:
            logits = gan.discriminator(enhanced, training=True)
            target_logits = gan.discriminator(target, training=True)
            loss = discriminator_cross_entropy(logits, target_logits)
        variables = gan.discriminator.trainable_variables
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        gan.discriminator_optimizer.apply(gradients, variables)
        return {"discriminator": loss}

    def step(phone, target):
        return {**update_generator(phone, target), **update_discriminator(phone, target)}

    return step


def _parts(gan, config: BenchmarkConfig) -> dict[str, float]:
    """Return the seconds of the parts of a step, each compiled and timed alone."""
    import tensorflow as tf

    phone, target = (tf.constant(side) for side in _source(config)[0])
    enhanced = tf.identity(gan.generator(phone, training=True))

    def gradient(function, inputs, variables=()):
        sources = [inputs, *(variable.value for variable in variables)]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.reduce_mean(tf.square(function(inputs)))
        return tape.gradient(loss, sources if not variables else sources[1:])

    generator, discriminator, vgg = gan.generator, gan.discriminator, gan.vgg
    parts = {
        "generator, forward": lambda: generator(phone, training=True),
        "generator, forward and backward": lambda: gradient(
            lambda x: generator(x, training=True), phone, generator.trainable_variables
        ),
        "VGG-19 of the target, forward": lambda: vgg(target),
        "VGG-19 of the enhanced, forward and backward": lambda: gradient(vgg, enhanced),
        "discriminator of both, forward and backward": lambda: gradient(
            lambda x: discriminator(x, training=True),
            tf.concat([enhanced, target], 0),
            discriminator.trainable_variables,
        ),
    }
    seconds = {}
    for name, part in parts.items():
        compiled = tf.function(part)
        _wait(compiled())
        started = time.perf_counter()
        for _ in range(config.steps):
            _wait(compiled())
        seconds[name] = (time.perf_counter() - started) / config.steps
    return seconds


def _wait(tensors) -> None:
    tensors = tensors if isinstance(tensors, list) else [tensors]
    for tensor in tensors:
        tensor.numpy()


def step_flops(gan, batch_size: int) -> float:
    """Return the floating-point operations of one step, of convolutions and dense layers.

    The unit is a network's forward pass. The gradient of the weights costs one unit, the gradient
    of the inputs one more. The generator takes three units for forward, weights and inputs. VGG-19
    takes three units: target forward, enhanced forward and inputs. The discriminator takes seven:
    both halves forward, weights and inputs, and the enhanced half's inputs for the generator. First
    layers need no gradient of their inputs; the count leaves that 1 to 2% in.
    """
    cost = 3 * forward_flops(gan.generator)
    if gan.vgg is not None:
        cost += 3 * forward_flops(gan.vgg)
    if gan.discriminator is not None:
        cost += 7 * forward_flops(gan.discriminator)
    return batch_size * cost


def forward_flops(model) -> float:
    """Return the floating-point operations of a network for one patch."""
    import keras

    weighted = [
        layer
        for layer in model.layers
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense))
    ]
    outputs = keras.Model(model.inputs, [layer.output for layer in weighted])
    shapes: Any = outputs.compute_output_shape((1, PATCH, PATCH, 3))
    total = 0.0
    for layer, shape in zip(weighted, shapes, strict=True):
        kernel: Any = layer.kernel
        total += 2 * float(np.prod(shape[1:-1])) * float(np.prod(kernel.shape))
    return total


if __name__ == "__main__":
    command_line.run(main, BenchmarkConfig, __doc__, errors=[BenchmarkError])
