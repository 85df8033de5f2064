"""How fast a training step is, how near the machine's limit, and what the shared pass saves.

    python benchmarks/training.py --width full --batch_size 16

measures, each in a process of its own and in one run: the machine's float32 matrix product (the
limit), the step as train.py takes it, the same with --mixed_precision, the published schedule
written plainly (the generator's and the discriminator's updates as two passes on two batches, the
enhanced images recomputed, TensorFlow as it comes), that schedule with this project's TensorFlow
settings, the parts of the step, and the input. Weights and patches are random: they do not matter
to the speed. Printed as Markdown; --output writes the numbers as JSON.
"""

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

import numpy as np

from common import command_line
from common.atomic_files import replacing
from common.command_line import option

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
    """A case that did not run."""


@dataclasses.dataclass(frozen=True)
class BenchmarkConfig:
    """What to measure."""

    width: str = option("full", "of the generator", choices=tuple(WIDTHS))
    batch_size: int = option(16, "pairs a step")
    steps: int = option(5, "timed steps of each case, after two that are not")
    content_layer: str = option("block5_conv4", "VGG-19 layer of the content loss")
    preset: str = option("thesis", "losses and networks", choices=("thesis", "iccv"))
    pairs: int = option(4000, "pairs of the input measurement")
    parts: bool = option(True, "measure the parts of the step too")
    output: str | None = option(None, "JSON file for the numbers")
    case: str | None = option(None, "measure this one case here and print JSON (internal)")


def main(config: BenchmarkConfig) -> None:
    """Measure everything and print the tables."""
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
    """Best FLOP/s of a large float32 NumPy matrix product: the machine's practical limit."""
    a = np.random.default_rng(0).random((size, size), np.float32)
    best = np.inf
    for _ in range(repeats):
        started = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - started)
    return 2 * size**3 / best


def input_speed(pairs: int, batch_size: int) -> dict[str, float]:
    """Pairs a second out of a pack, its file out of the page cache and in it."""
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
        if hasattr(os, "posix_fadvise"):  # not on macOS and Windows: "cold" is warm there
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _in_own_process(config: BenchmarkConfig, case: str) -> dict:
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    environment.pop("TF_ENABLE_ONEDNN_OPTS", None)  # the project sets it, TensorFlow alone does not
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
    mixed, published, onednn = CASES.get(config.case, (False, False, True))
    if not onednn:
        import keras  # noqa: F401  before the project's own import, which would switch oneDNN on
    from training.config import TrainConfig
    from training.networks import build

    with contextlib.redirect_stdout(io.StringIO()):
        networks = build(
            TrainConfig(
                phone="random",
                preset=config.preset,
                batch_size=config.batch_size,
                content_layer=config.content_layer,
                vgg_weights="random",
                mixed_precision=mixed,
                **WIDTHS[config.width],
            )
        )
    if config.case == "parts":
        return _parts(networks, config)
    step = _published_step(networks) if published else networks.step
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
        "flops": step_flops(networks, config.batch_size),
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


def _published_step(networks):
    """ICCV section 4.2 and the released code, written plainly: two updates, two passes, no sharing.

    The generator's update takes one batch; the discriminator's another, which the generator
    enhances anew. Both come from the same batch array here, which changes nothing in the cost.
    """
    import tensorflow as tf

    from losses.texture import discriminator_loss

    @tf.function
    def update_generator(phone, target):
        with tf.GradientTape() as tape:
            enhanced = networks.generator(phone, training=True)
            terms = networks.objective.terms(
                enhanced,
                target,
                enhanced_logits=networks.discriminator(enhanced, training=True),
                enhanced_features=networks.features(enhanced),
                target_features=networks.features(target),
            )
            total = tf.add_n(list(terms.values()))
        variables = networks.generator.trainable_variables
        gradients = tape.gradient(total, [variable.value for variable in variables])
        networks.generator_optimizer.apply(gradients, variables)
        return {**terms, "generator": total}

    @tf.function
    def update_discriminator(phone, target):
        enhanced = networks.generator(phone, training=True)
        with tf.GradientTape() as tape:
            logits = networks.discriminator(enhanced, training=True)
            target_logits = networks.discriminator(target, training=True)
            loss = discriminator_loss(logits, target_logits)
        variables = networks.discriminator.trainable_variables
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        networks.discriminator_optimizer.apply(gradients, variables)
        return {"discriminator": loss}

    def step(phone, target):
        return {**update_generator(phone, target), **update_discriminator(phone, target)}

    return step


def _parts(networks, config: BenchmarkConfig) -> dict[str, float]:
    """Seconds of the parts of a step, each compiled and timed alone."""
    import tensorflow as tf

    phone, target = (tf.constant(side) for side in _source(config)[0])
    enhanced = tf.identity(networks.generator(phone, training=True))

    def gradient(function, inputs, variables=()):
        sources = [inputs, *(variable.value for variable in variables)]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.reduce_mean(tf.square(function(inputs)))
        return tape.gradient(loss, sources if not variables else sources[1:])

    generator, discriminator, features = (
        networks.generator,
        networks.discriminator,
        networks.features,
    )
    parts = {
        "generator, forward": lambda: generator(phone, training=True),
        "generator, forward and backward": lambda: gradient(
            lambda x: generator(x, training=True), phone, generator.trainable_variables
        ),
        "VGG-19 of the target, forward": lambda: features(target),
        "VGG-19 of the enhanced, forward and backward": lambda: gradient(features, enhanced),
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


def step_flops(networks, batch_size: int) -> float:
    """Floating-point operations that one step of the method needs, convolutions and dense layers.

    Forward is 1 unit of a network's cost, the gradient of its weights 1, of its inputs 1. The
    generator: forward, weights, inputs. VGG-19: target forward, enhanced forward and inputs. The
    discriminator: both halves forward and weights and inputs, and the enhanced half's inputs for
    the generator. What needs no gradient of its inputs (first layers) is not taken off: 1 to 2%.
    """
    cost = 3 * forward_flops(networks.generator)
    if networks.features is not None:
        cost += 3 * forward_flops(networks.features)
    if networks.discriminator is not None:
        cost += 7 * forward_flops(networks.discriminator)
    return batch_size * cost


def forward_flops(model) -> float:
    """Floating-point operations of a network's convolutions and dense layers for one patch."""
    import keras

    weighted = [
        layer
        for layer in model.layers
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense))
    ]
    outputs = keras.Model(model.inputs, [layer.output for layer in weighted])
    shapes = outputs.compute_output_shape((1, PATCH, PATCH, 3))
    return sum(
        2 * float(np.prod(shape[1:-1])) * float(np.prod(layer.kernel.shape))
        for layer, shape in zip(weighted, shapes, strict=True)
    )


if __name__ == "__main__":
    command_line.run(main, BenchmarkConfig, __doc__, errors=[BenchmarkError])
