"""Learn one phone's mapping from its photos to those of a DSLR.

    python train.py --phone blackberry

writes runs/blackberry/dped: best.keras and last.keras, sample pictures, TensorBoard scalars.
"""

import dataclasses
import json
import math
import signal
from pathlib import Path

import numpy as np
from tqdm import tqdm

import commandline
from atomic import replacing
from backend import import_keras
from commandline import option
from data.batches import Batches, split_for_validation
from data.layout import DatasetError, training_pairs
from data.packed import PatchPairs, open_pairs
from metrics import score
from recording import Recorder, contact_sheet

STATE, CONFIG, BEST, LAST = "state.npz", "config.json", "best.keras", "last.keras"
# What each network is trained for unless --preset says otherwise.
OWN_PRESET = {"dped": "thesis", "mobile": "thesis", "srcnn": "mse", "johnson": "content"}


class TrainingError(ValueError):
    """A run that cannot start or go on as asked."""


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """Everything that decides a training run, with its defaults."""

    phone: str = option(help="name of the phone: its folder in the data set")
    dataset: str = option("dped", "pairs to train on", choices=("dped", "simulated"))
    data_dir: str = option("dped", "root of the data set; simulated pairs go to its simulated/")
    model: str = option("dped", "network to train", choices=tuple(OWN_PRESET))
    preset: str | None = option(
        None,
        "losses and weights; by default those the network was published with",
        choices=("thesis", "iccv", "mse", "content"),
    )
    steps: int = option(20_000, "training steps in all")
    batch_size: int = option(50, "pairs a step")
    learning_rate: float = option(5e-4, "of Adam, for the generator")
    discriminator_learning_rate: float | None = option(
        None, "of Adam, for the discriminator; by default the preset's"
    )
    schedule: str = option(
        "constant",
        "learning rates over the run: constant as published, or cosine down to 0",
        choices=("constant", "cosine"),
    )
    channels: int | None = option(None, "width of the generator; by default the published one")
    blocks: int = option(4, "residual blocks of the generator")
    discriminator_width: float = option(1.0, "multiplier of the discriminator's channels")
    content_layer: str = option("block5_conv4", "VGG-19 layer of the content loss")
    vgg_weights: str = option("imagenet", "imagenet (downloads), a file, or random")
    run_dir: str | None = option(None, "folder of the run; by default runs/PHONE/MODEL")
    cache_dir: str = option("runs/cache", "folder of packed patches")
    validate_every: int = option(500, "steps between validations; each saves a checkpoint")
    resume: bool = option(False, "go on from the run's last checkpoint")
    seed: int = option(0, "of initial weights, shuffling and augmentation")

    def __post_init__(self):
        for name in ("steps", "batch_size", "blocks", "validate_every"):
            if getattr(self, name) < 1:
                raise TrainingError(f"--{name} must be at least 1")
        for name in ("learning_rate", "discriminator_learning_rate", "discriminator_width"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise TrainingError(f"--{name} must be greater than 0")
        if self.channels is not None and self.channels < 1:
            raise TrainingError("--channels must be at least 1")
        if self.channels is not None and self.model == "srcnn":
            raise TrainingError("--channels has no meaning for srcnn, whose layers are given")
        if self.seed < 0:
            raise TrainingError("--seed must be at least 0")

    @property
    def folder(self) -> Path:
        """Where the run is."""
        return Path(self.run_dir or Path("runs") / self.phone / self.model)


def train(config: TrainConfig) -> int:
    """Train a generator; see the module for what it leaves.

    Returns:
        0, or 128 + the signal's number when SIGINT or SIGTERM ended it (after saving).

    Raises:
        TrainingError: the folder holds another run, or a loss is not finite.
        DatasetError: the pairs are missing or damaged.
        models.WeightsError: VGG weights or checkpoint are missing or damaged.
    """
    config = _resolved(config)
    training, validation = split_for_validation(_pairs(config))
    if not len(validation):
        raise TrainingError(f"{config.data_dir}: at least two training pairs are needed")

    # Imported here: TensorFlow takes seconds, and bad input deserves its answer before.
    from models import save_model
    from models.training_state import restore_state, save_state

    _write_config(config)
    networks = build(config)
    progress = {"step": 0, "best_psnr": -math.inf, "pairs": len(training)}
    if config.resume:
        progress = restore_state(config.folder / STATE, networks.state)
        if progress["pairs"] != len(training):
            raise TrainingError(
                f"{config.folder}: was trained on {progress['pairs']} pairs, now there are "
                f"{len(training)}; start another run with --run_dir"
            )

    def save():
        save_model(networks.generator, config.folder / LAST)
        save_state(config.folder / STATE, networks.state, progress)

    recorder = Recorder(config.folder, progress["step"])
    batches = Batches(training, config.batch_size, config.seed)
    bar = tqdm(total=config.steps, initial=progress["step"], unit="step", disable=None)
    with bar, _Signals() as signals:
        for phone, target in batches.between(progress["step"], config.steps):
            report = {name: float(value) for name, value in networks.step(phone, target).items()}
            progress["step"] += 1
            _check_finite(report, progress["step"])
            recorder.losses(progress["step"], report)
            bar.update()
            stopping = signals.received  # once: a signal after this waits for the next step
            finished = progress["step"] == config.steps
            if finished or progress["step"] % config.validate_every == 0:
                scores, sheet = validate(networks.generator, validation)
                if math.isnan(scores["psnr"]):  # the last update broke the weights: do not save
                    _check_finite({"validation": scores["psnr"]}, progress["step"])
                recorder.validation(progress["step"], {**scores, **report}, sheet)
                bar.write(_line(progress["step"], scores))
                if scores["psnr"] > progress["best_psnr"]:
                    progress["best_psnr"] = scores["psnr"]
                    save_model(networks.generator, config.folder / BEST)
                save()
            elif stopping:
                save()
            if stopping:
                break
    recorder.close()
    if signals.received and progress["step"] < config.steps:
        print(f"stopped at step {progress['step']}, saved; go on with --resume")
        return 128 + signals.received
    print(f"{config.folder / BEST}: best validation PSNR {progress['best_psnr']:.2f} dB")
    return 0


def build(config: TrainConfig):
    """The networks of a run, as a `models.gan.GanTraining`."""
    keras = import_keras()
    from losses.objective import preset
    from models.discriminator import build_iccv_discriminator, build_thesis_discriminator
    from models.gan import GanTraining
    from models.generator import build_generator
    from models.johnson import build_johnson
    from models.mobile import build_mobile
    from models.srcnn import build_srcnn
    from models.vgg import build_vgg19

    keras.utils.set_random_seed(config.seed)
    objective = preset(config.preset, config.content_layer)
    width = {} if config.channels is None else {"channels": config.channels}
    if config.model == "dped":
        generator = build_generator(objective.norm, blocks=config.blocks, **width)
    elif config.model == "mobile":
        generator = build_mobile(blocks=config.blocks, **width)
    elif config.model == "johnson":
        generator = build_johnson(blocks=config.blocks, **width)
    else:
        generator = build_srcnn()
    discriminator = features = None
    if objective.discriminator is not None:
        builders = {"thesis": build_thesis_discriminator, "iccv": build_iccv_discriminator}
        discriminator = builders[objective.discriminator](width=config.discriminator_width)
    if "content" in objective.weights:
        features = build_vgg19(config.content_layer, config.vgg_weights)
    own_rate = config.discriminator_learning_rate or objective.discriminator_learning_rate
    rates = [config.learning_rate, own_rate]
    if config.schedule == "cosine":
        rates = [keras.optimizers.schedules.CosineDecay(rate, config.steps) for rate in rates]
    return GanTraining(generator, objective, discriminator, features, *rates)


def validate(generator, pairs: PatchPairs) -> tuple[dict[str, float], np.ndarray]:
    """Scores of a generator on pairs, and a sheet of input | enhanced | target."""
    phone, target = pairs.scaled()
    enhanced = generator.predict(phone, batch_size=16, verbose=0)
    after, before = score(enhanced, target), score(phone, target)
    scores = {
        "psnr": after["psnr"],
        "ms_ssim": after["ms_ssim"],
        "input_psnr": before["psnr"],
        "input_ms_ssim": before["ms_ssim"],
    }
    return scores, contact_sheet(phone[:8], enhanced[:8], target[:8])


def _line(step: int, scores: dict[str, float]) -> str:
    return (
        f"step {step}: validation {scores['psnr']:.2f} dB, MS-SSIM {scores['ms_ssim']:.4f} "
        f"(input {scores['input_psnr']:.2f} dB, {scores['input_ms_ssim']:.4f})"
    )


def _pairs(config: TrainConfig) -> PatchPairs:
    root = Path(config.data_dir)
    if config.dataset == "simulated":
        from data.shipped import shipped_photos
        from data.simulate import simulate_dataset

        root = root / "simulated"
        simulate_dataset(shipped_photos(), config.phone, root)
    return open_pairs(training_pairs(root, config.phone), config.cache_dir)


def _resolved(config: TrainConfig) -> TrainConfig:
    """The configuration with everything decided: its preset, and on resume the earlier run's.

    On resume, what is left at its default is as in the run; what is given must agree with it,
    but for places of files, and for the steps where the learning rate does not depend on them.
    """
    if not config.resume:
        if (config.folder / STATE).exists():
            raise TrainingError(
                f"{config.folder}: holds a run; --resume goes on with it, --run_dir starts another"
            )
        return dataclasses.replace(config, preset=config.preset or OWN_PRESET[config.model])
    saved = config.folder / CONFIG
    if not saved.is_file():
        raise TrainingError(f"{config.folder}: no run to resume")
    try:
        earlier = TrainConfig(**json.loads(saved.read_text()))
    except (ValueError, TypeError) as error:
        raise TrainingError(f"{saved}: damaged or of another version") from error
    movable = {"resume", "run_dir", "cache_dir", "data_dir"}
    if earlier.schedule == "constant":
        movable.add("steps")
    if "random" not in (earlier.vgg_weights, config.vgg_weights):
        movable.add("vgg_weights")
    given = {
        field.name: getattr(config, field.name)
        for field in dataclasses.fields(config)
        if getattr(config, field.name) != field.default
    }
    for name, value in given.items():
        before = getattr(earlier, name)
        if name not in movable and before != value:
            raise TrainingError(f"{config.folder}: was trained with --{name} {before}, not {value}")
    return dataclasses.replace(earlier, **given)


def _write_config(config: TrainConfig) -> None:
    config.folder.mkdir(parents=True, exist_ok=True)
    with replacing(config.folder / CONFIG) as temporary:
        temporary.write_text(json.dumps(dataclasses.asdict(config), indent=2) + "\n")


def _check_finite(report: dict[str, float], step: int) -> None:
    for name, value in report.items():
        if not math.isfinite(value):
            raise TrainingError(
                f"step {step}: the {name} loss is {value}; the last checkpoint is kept. "
                f"Start again in a new --run_dir with a lower --learning_rate, or check the pairs"
            )


class _Signals:
    """While active, SIGINT and SIGTERM are noted in `received` and the current step finishes."""

    def __enter__(self):
        self.received = 0
        self.earlier = {
            number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)
        }
        return self

    def _note(self, number, _frame):
        self.received = number

    def __exit__(self, *_):
        for number, handler in self.earlier.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    user_errors = [
        TrainingError,
        DatasetError,
        "data.cameras.SimulationError",
        "models.files.WeightsError",
    ]
    commandline.run(train, TrainConfig, __doc__, user_errors)
