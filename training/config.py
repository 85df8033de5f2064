"""Everything that decides a training run, and how a resumed run takes it up again."""

import dataclasses
import json
from pathlib import Path

from common.atomic_files import replacing
from common.command_line import option
from common.run_folder import CONFIG, STATE, run_folder
from models.networks import NETWORKS, networks_in_words


class TrainingError(ValueError):
    """A run that cannot start or go on as asked."""


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """Everything that decides a training run, with its defaults."""

    phone: str = option(help="name of the phone: its folder in the data set")
    dataset: str = option(
        "dped",
        "pairs to train on: the data set's, simulated ones, or half of each in every batch",
        choices=("dped", "simulated", "both"),
    )
    data_dir: str = option("dped", "root of the data set")
    simulated_dir: str | None = option(
        None, "root of the simulated pairs; by default DATA_DIR/simulated"
    )
    photos: str | None = option(
        None, "folder of photos to simulate pairs from; by default those that ship"
    )
    virtual_phone: str | None = option(
        None, "phone to simulate; by default PHONE, or generic for one that has no parameters"
    )
    simulated_pairs: int = option(1000, "training pairs to simulate")
    model: str = option(
        "dped", f"network to train ({networks_in_words()})", choices=tuple(NETWORKS)
    )
    preset: str | None = option(
        None,
        "losses, weights and, for dped, the norm; by default those published with the network",
        choices=("thesis", "iccv", "mse", "content", "fidelity", "distortion"),
    )
    steps: int = option(20_000, "training steps in all")
    batch_size: int = option(50, "pairs a step, over all machines")
    learning_rate: float = option(5e-4, "of Adam, for the generator")
    discriminator_learning_rate: float | None = option(
        None, "of Adam, for the discriminator; by default the preset's"
    )
    schedule: str = option(
        "constant",
        "learning rates over the run: constant as published, or cosine down to 0",
        choices=("constant", "cosine"),
    )
    weight_average: float = option(
        0.999, "decay of the average of weights that is validated and saved; 0: the last weights"
    )
    channels: int | None = option(None, "width of the generator; by default the published one")
    blocks: int | None = option(
        None, "residual blocks of the generator, or convolutions of mobile; by default 4 or 3"
    )
    start_from: str | None = option(None, "begin with the weights of this .keras file")
    distill: str | None = option(
        None,
        "comma-separated teachers: learn what these .keras files or TF1 checkpoints (by their "
        "prefix) make of unpaired photos, beside the pairs",
    )
    unpaired_photos: str | None = option(
        None, "folder of photos for --distill; by default the data set's full_size_test_images"
    )
    distilled_pairs: int = option(15_000, "patches of the photos that the teachers are asked about")
    distilled_share: float = option(
        0.75, "share of each batch that is of these; 1: the data set's pairs only validate"
    )
    discriminator_width: float = option(1.0, "multiplier of the discriminator's channels")
    content_layer: str = option("block5_conv4", "VGG-19 layer of the content loss")
    vgg_weights: str = option("imagenet", "imagenet (downloads), a file, or random")
    mixed_precision: bool = option(False, "compute in bfloat16, keep the weights in float32")
    jit_compile: bool = option(False, "let XLA compile TensorFlow's step; JAX always does")
    distribute: str = option(
        "none",
        "share every step among this machine's GPUs, or the workers of TF_CONFIG (TensorFlow)",
        choices=("none", "mirrored", "multiworker"),
    )
    run_dir: str | None = option(None, "folder of the run; by default runs/PHONE/MODEL")
    cache_dir: str = option("runs/cache", "folder of packed patches")
    validate_every: int = option(500, "steps between validations; each saves a checkpoint")
    resume: bool = option(False, "go on from the run's last checkpoint")
    seed: int = option(0, "of initial weights, shuffling and augmentation")

    def __post_init__(self):
        counts = ("steps", "batch_size", "blocks", "validate_every", "simulated_pairs")
        for name in (*counts, "distilled_pairs"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise TrainingError(f"--{name} must be at least 1")
        for name in ("learning_rate", "discriminator_learning_rate", "discriminator_width"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise TrainingError(f"--{name} must be greater than 0")
        if not 0 <= self.weight_average < 1:
            raise TrainingError("--weight_average must be at least 0 and below 1")
        if self.channels is not None and self.channels < 1:
            raise TrainingError("--channels must be at least 1")
        if self.channels is not None and "channels" not in NETWORKS[self.model].options:
            raise TrainingError(f"--channels has no meaning for {self.model}: its widths are fixed")
        if self.dataset == "both" and self.batch_size < 2:
            raise TrainingError("--dataset both needs a --batch_size of at least 2")
        if self.photos is not None and self.dataset == "dped":
            raise TrainingError("--photos has no meaning without --dataset simulated or both")
        if not 0 < self.distilled_share <= 1:
            raise TrainingError("--distilled_share must be above 0 and at most 1")
        if self.distill is None and self.unpaired_photos is not None:
            raise TrainingError("--unpaired_photos has no meaning without --distill")
        if self.seed < 0:
            raise TrainingError("--seed must be at least 0")
        if self.jit_compile and self.distribute != "none":
            raise TrainingError("--jit_compile has no meaning with --distribute")

    @property
    def folder(self) -> Path:
        """Where the run is."""
        return Path(self.run_dir) if self.run_dir else run_folder(self.phone, self.model)


def resolved(config: TrainConfig) -> TrainConfig:
    """The configuration with everything decided: its preset, and on resume the earlier run's.

    On resume, what is left at its default is as in the run; what is given must agree with it,
    but for places of files, how the step is compiled, and the steps where the learning rate does
    not depend on them. What the step is shared among is always as given.

    Raises:
        TrainingError: the folder holds a run and --resume is not given, or the other way round;
            or what is given contradicts the run.
    """
    if not config.resume:
        if (config.folder / STATE).exists():
            raise TrainingError(
                f"{config.folder}: holds a run; --resume goes on with it, --run_dir starts another"
            )
        return dataclasses.replace(config, preset=config.preset or NETWORKS[config.model].preset)
    saved = config.folder / CONFIG
    if not saved.is_file():
        raise TrainingError(f"{config.folder}: no run to resume")
    try:
        earlier = TrainConfig(**json.loads(saved.read_text()))
    except (ValueError, TypeError) as error:
        raise TrainingError(f"{saved}: damaged or of another version") from error
    movable = {"resume", "run_dir", "cache_dir", "data_dir", "simulated_dir", "photos"}
    movable |= {"unpaired_photos", "start_from", "distill"}
    movable |= {"jit_compile", "distribute"}
    if earlier.schedule == "constant":
        movable.add("steps")
    if "random" not in (earlier.vgg_weights, config.vgg_weights):
        movable.add("vgg_weights")
    given = {
        field.name: getattr(config, field.name)
        for field in dataclasses.fields(config)
        if getattr(config, field.name) != field.default
    }
    given["run_dir"] = config.run_dir  # the folder may have moved since
    for name, value in given.items():
        before = getattr(earlier, name)
        if name not in movable and before != value:
            raise TrainingError(f"{config.folder}: was trained with --{name} {before}, not {value}")
    given["distribute"] = config.distribute
    if config.distribute != "none":
        given["jit_compile"] = config.jit_compile
    return dataclasses.replace(earlier, **given)


def write_config(config: TrainConfig) -> None:
    """Write the run's config.json."""
    config.folder.mkdir(parents=True, exist_ok=True)
    with replacing(config.folder / CONFIG) as temporary:
        temporary.write_text(json.dumps(dataclasses.asdict(config), indent=2) + "\n")
