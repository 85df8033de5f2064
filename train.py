"""Train a network that turns one phone's photos into those of a DSLR.

    python train.py --phone blackberry

`train.py` writes into runs/blackberry/dped: best.keras and last.keras, sample pictures, curves.png,
TensorBoard scalars. --recipe chooses a whole training by name. With KERAS_BACKEND=jax in the
environment, the training runs on JAX, without TensorFlow. With --distribute, several GPUs or
machines share every step.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import contextlib

from common import command_line
from common.folder_lock import claimed
from common.long_work import waiting
from common.run_folder import STATE
from data.pair_files import DatasetError
from training.backends.workers import Workers, workers_of
from training.build_gan import build, check_weights
from training.config import TrainConfig, TrainingError, resolved, write_config
from training.kept_light import in_light
from training.loop import run_loop
from training.outcome import few_scenes_line, outcome_lines
from training.pairs import training_batches
from training.progress import Progress
from training.step_batches import step_batches


def train(config: TrainConfig) -> int:
    """Train a generator; the module's docstring says what the run leaves.

    Returns:
        0, or 128 + the signal's number when SIGINT or SIGTERM ended the run (after saving).

    Raises:
        TrainingError: The folder holds another run, a loss is not finite, or a worker of a
            distributed run is lost.
        FolderInUseError: Another training runs in the folder.
        DatasetError: The pairs are missing or damaged.
        models.WeightsError: VGG weights or a checkpoint are missing or damaged.
    """
    workers = workers_of(config)
    # The workers of one run share its folder, and the first worker alone writes there.
    with claimed(config.folder) if workers.chief else contextlib.nullcontext():
        return _train(resolved(config), workers)


def _train(config: TrainConfig, workers: Workers) -> int:
    """Train in a folder that belongs to this run."""
    check_weights(config)
    with waiting("reading the pairs"):
        batches, held_out = training_batches(config)
    share = workers.share(batches)
    progress = Progress(batches.count, batches.fingerprint, held_out.fingerprint)
    with workers.watched(progress):
        with waiting("building the networks"):
            gan, step = build(config, workers)
        if config.resume:
            _restore(config, gan, progress)
        workers.check_agreement(config, progress)
        if workers.chief:
            write_config(config.folder, config)
            if few := few_scenes_line(batches, held_out):
                print(few, flush=True)
        make = step_batches(config, gan, share)
        if gan.light is not None:
            held_out = in_light(held_out, gan.light)
        status = run_loop(config, gan, step, share, make, held_out, workers, progress)
    if workers.chief and not status:
        print("\n".join(outcome_lines(config, held_out)))
    return status


def _restore(config: TrainConfig, gan, progress: Progress) -> None:
    """Take up a run where its checkpoint stands; refuse a checkpoint of another run."""
    from training.training_state import gan_variables, restore_state

    path = config.folder / STATE
    facts = restore_state(path, gan_variables(gan))
    try:
        saved = Progress.from_saved(facts)
    except ValueError as error:
        raise TrainingError(f"{path}: damaged or of another version ({error})") from error
    if saved.pairs != progress.pairs:
        raise TrainingError(
            f"{config.folder}: was trained on {saved.pairs} pairs, now there are "
            f"{progress.pairs}; start another run with --run_dir"
        )
    checksums = (saved.fingerprint, saved.validation)
    # A run of an earlier version knows the checksum of some training pairs only.
    if saved.validation is not None and checksums != (progress.fingerprint, progress.validation):
        raise TrainingError(
            f"{config.folder}: was trained on other pairs; start another run with --run_dir"
        )
    if saved.step > config.steps:
        raise TrainingError(
            f"{config.folder}: is at step {saved.step} already, past --steps {config.steps}"
        )
    progress.step, progress.best_psnr = saved.step, saved.best_psnr
    progress.waited = saved.waited


if __name__ == "__main__":
    user_errors = [
        TrainingError,
        DatasetError,
        "simulation.cameras.SimulationError",
        "models.network_files.WeightsError",
    ]
    command_line.run(train, TrainConfig, __doc__, user_errors)
