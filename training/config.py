"""Everything that decides a training run, and how a resumed run takes its decisions up again."""

import dataclasses
import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from common.atomic_files import write_whole
from common.command_line import ESSENTIAL, given_options, option
from common.numbers import LARGEST
from common.run_folder import CONFIG, STATE, run_folder
from common.saved_options import options_from_json
from losses.presets import PRESETS
from models.networks import NETWORKS, networks_in_words
from training.recipes import RECIPES

DATA, NETWORK, OBJECTIVE, OPTIMIZER, DISTILLATION, MACHINE, RUN = (
    *("training pairs", "networks", "losses", "optimization", "distillation"),
    *("hardware", "the run"),
)

# Far beyond what any machine can use; larger numbers are mistakes.
MOST = {
    **dict.fromkeys(("channels", "blocks", "discriminator_width"), 10_000),
    **dict.fromkeys(("simulated_pairs", "distilled_pairs", "look_steps"), 100_000_000),
    **dict.fromkeys(("learning_rate", "discriminator_learning_rate", "adam_epsilon"), 1e30),
}
GIVEN = "given"  # the field of a configuration that is no option
ADAPTIVE = ("look_steps", "mosaics", "rehearsed")  # options for the network that sees the photo
VALIDATIONS = 10  # of a run, or more
RAREST_VALIDATION = 500  # steps between validations, where the user gives no number
DEFAULT_RECIPE = NETWORKS["dped"].recipe  # of a command that names neither recipe nor network


class TrainingError(ValueError):
    """A run that cannot start or go on as asked."""


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """Everything that decides a training run, with the defaults.

    A field that is a key of a recipe has the default None, which means the recipe's value. Such a
    field has the type that it has after `resolved`.
    """

    phone: str = option(help="name of the phone: its folder in the data set", group=ESSENTIAL)
    data_dir: str = option("dped", "root of the data set", group=ESSENTIAL)
    recipe: str | None = option(
        None,
        "a whole training by name, whose values flags override: stable trains best, quick takes "
        "minutes on two cores, thesis follows the slides, iccv the released code; by default the "
        "one of --model",
        choices=tuple(RECIPES),
        group=ESSENTIAL,
    )
    model: str = option(
        None,
        f"network to train ({networks_in_words()}); by default the recipe's",
        choices=tuple(NETWORKS),
        group=ESSENTIAL,
    )
    preset: str = option(
        None,
        "the objective: loss terms and weights, for dped also norm and discriminator; by default "
        "the recipe's",
        choices=tuple(PRESETS),
        group=ESSENTIAL,
    )
    steps: int = option(None, "training steps in all; by default the recipe's", group=ESSENTIAL)
    batch_size: int = option(
        None, "pairs a step, over all machines; by default the recipe's", group=ESSENTIAL
    )
    start_from: str | None = option(
        None,
        "begin with the weights of this .keras file or of a network that ships, such as universal; "
        "by default the recipe's",
        group=ESSENTIAL,
        metavar="FILE",
    )
    resume: bool = option(False, "go on from the run's last checkpoint", group=ESSENTIAL)
    run_dir: str | None = option(
        None, "folder of the run; by default runs/PHONE/MODEL", group=ESSENTIAL
    )
    dataset: str = option(
        "dped",
        "pairs to train on: the data set's, simulated pairs, or half of each in every batch",
        choices=("dped", "simulated", "both"),
        group=DATA,
    )
    simulated_dir: str | None = option(
        None, "root of the simulated pairs; by default DATA_DIR/simulated", group=DATA
    )
    photos: str | None = option(
        None,
        "folder of photos to simulate pairs from; by default the photos that ship",
        group=DATA,
    )
    virtual_phone: str | None = option(
        None,
        "phone to simulate; by default PHONE, or generic for a phone without parameters",
        group=DATA,
    )
    simulated_pairs: int = option(1000, "training pairs to simulate", group=DATA)
    augment: str = option(
        None,
        "whether to flip and rotate the pairs; by default the recipe's",
        choices=("none", "symmetries"),
        group=DATA,
    )
    mosaics: float = option(
        None,
        "share of the batches whose patches are arranged as one picture, for a network that sees "
        "the whole photo",
        group=DATA,
    )
    flat: str = option(
        None,
        "keep: the network adaptive leaves areas of one color exactly as they are; free: the "
        "network may learn faint patterns there",
        choices=("free", "keep"),
        group=OBJECTIVE,
    )
    light: str = option(
        None,
        "whether the network adaptive learns the DSLR's light, or keeps its decisions about light "
        "and learns the DSLR's detail in this light",
        choices=("learn", "keep"),
        group=OBJECTIVE,
    )
    rehearsed: float = option(
        None,
        "share of each batch on which the network repeats its start: photos with colors that the "
        "pairs may lack",
        group=DATA,
    )
    channels: int | None = option(
        None, "width of the generator; by default the published width", group=NETWORK
    )
    blocks: int | None = option(
        None,
        "residual blocks of the generator, or convolutions of mobile; by default 4 or 3",
        group=NETWORK,
    )
    discriminator_width: float = option(
        None, "multiplier of the discriminator's channels", group=NETWORK
    )
    initial_weights: str = option(
        None,
        "released: a normal of 0.01, as in the released code; near_identity: the builder's own "
        "weights, near the identity for dped",
        choices=("released", "near_identity"),
        group=NETWORK,
    )
    content_layer: str = option(
        None, "VGG-19 layer of the content loss, such as block5_conv4", group=OBJECTIVE
    )
    content_features: str = option(
        None,
        "raw: as VGG-19 gives them, meant for block5_conv4; relative: scaled to each target's own",
        choices=("raw", "relative"),
        group=OBJECTIVE,
    )
    vgg_weights: str = option(
        "imagenet", "imagenet (downloads), a file, or random", group=OBJECTIVE
    )
    label_smoothing: float = option(
        None, "s makes the discriminator's labels s/2 and 1 - s/2", group=OBJECTIVE
    )
    discriminator_batch: str = option(
        None,
        "same: both networks learn from one pass; other: the discriminator has a second batch, "
        "enhanced or DSLR at random, as in the released code",
        choices=("same", "other"),
        group=OBJECTIVE,
    )
    learning_rate: float = option(None, "of Adam, for the generator", group=OPTIMIZER)
    discriminator_learning_rate: float = option(
        None, "of Adam, for the discriminator", group=OPTIMIZER
    )
    look_steps: int = option(
        None,
        "steps before the training that fit the light of the whole set alone: tone curves and "
        "color matrix of the network adaptive",
        group=OPTIMIZER,
    )
    patience: int = option(
        None,
        "validations without a better score after which the training ends; 0: never",
        group=OPTIMIZER,
    )
    choose: str = option(
        None,
        "which validated network becomes best.keras: the one with the highest PSNR, or the last "
        "one, because PSNR falls while texture grows",
        choices=("psnr", "last"),
        group=OPTIMIZER,
    )
    schedule: str = option(
        None,
        "learning rates over the run: constant as published, or cosine down to 0",
        choices=("constant", "cosine"),
        group=OPTIMIZER,
    )
    adam_epsilon: float = option(None, "epsilon of Adam", group=OPTIMIZER)
    ema_decay: float = option(
        None,
        "decay of the average of weights that is validated and saved; 0: the last weights",
        group=OPTIMIZER,
    )
    distill: str | None = option(
        None,
        "comma-separated teachers: learn the output of these .keras files or TF1 checkpoints (by "
        "their prefix) for unpaired photos, beside the pairs",
        group=DISTILLATION,
    )
    unpaired_photos: str | None = option(
        None,
        "folder of photos for --distill, by default the data set's full_size_test_images, or to "
        "rehearse, by default photos with exchanged colors",
        group=DISTILLATION,
    )
    distilled_pairs: int = option(15_000, "patches of the unpaired photos", group=DISTILLATION)
    distilled_share: float = option(
        0.75,
        "share of each batch from the teachers; 1: the data set's pairs only validate",
        group=DISTILLATION,
    )
    mixed_precision: bool = option(
        False, "compute in bfloat16, keep the weights in float32", group=MACHINE
    )
    jit_compile: bool = option(
        False, "let XLA compile TensorFlow's step; JAX always does", group=MACHINE
    )
    distribute: str = option(
        "none",
        "share every step among this machine's GPUs, or the workers of TF_CONFIG (TensorFlow)",
        choices=("none", "mirrored", "multiworker"),
        group=MACHINE,
    )
    cache_dir: str = option("runs/cache", "folder of packed patches", group=RUN)
    validate_every: int = option(
        None,
        "steps between validations, each of which saves a checkpoint; by default a tenth of "
        f"--steps, at most {RAREST_VALIDATION}",
        group=RUN,
    )
    seed: int = option(0, "of initial weights, shuffling and augmentation", group=RUN)
    given: frozenset[str] = given_options()

    def __post_init__(self):
        counts = ("steps", "batch_size", "blocks", "validate_every", "simulated_pairs")
        for name in (*counts, "distilled_pairs"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise TrainingError(f"--{name} must be at least 1")
        for name, most in MOST.items():
            value = getattr(self, name)
            if value is not None and value > most:
                raise TrainingError(f"--{name} must be at most {most:,}")
        positive = ("learning_rate", "discriminator_learning_rate", "discriminator_width")
        for name in (*positive, "adam_epsilon"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise TrainingError(f"--{name} must be greater than 0")
        for name in ("look_steps", "patience"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise TrainingError(f"--{name} must be at least 0")
        for name in ("ema_decay", "label_smoothing", "mosaics", "rehearsed"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 1:
                raise TrainingError(f"--{name} must be at least 0 and below 1")
        if self.channels is not None and self.channels < 1:
            raise TrainingError("--channels must be at least 1")
        sized = self.model is None or "channels" in NETWORKS[self.model].options
        if self.channels is not None and not sized:
            raise TrainingError(f"--channels has no meaning for {self.model}: its widths are fixed")
        if self.dataset == "both" and self.batch_size is not None and self.batch_size < 2:
            raise TrainingError("--dataset both needs a --batch_size of at least 2")
        if self.photos is not None and self.dataset == "dped":
            raise TrainingError("--photos has no meaning without --dataset simulated or both")
        if not 0 < self.distilled_share <= 1:
            raise TrainingError("--distilled_share must be above 0 and at most 1")
        if not 0 <= self.seed <= LARGEST:
            raise TrainingError(f"--seed must be from 0 to {LARGEST}")
        if self.jit_compile and self.distribute != "none":
            raise TrainingError("--jit_compile has no meaning with --distribute")

    @property
    def folder(self) -> Path:
        """The folder of the run."""
        if self.run_dir:
            return Path(self.run_dir)
        model = self.model or RECIPES[self.recipe or DEFAULT_RECIPE]["model"]
        return run_folder(self.phone, model)


# What a resumed run may change: places of files, and how the step is computed.
MOVABLE = {"resume", "run_dir", "cache_dir", "data_dir", "simulated_dir", "photos"}
MOVABLE |= {"unpaired_photos", "start_from", "distill", "jit_compile", "distribute"}


def resolved(config: TrainConfig) -> TrainConfig:
    """Return the configuration with everything decided, by the recipe or by the run to resume.

    Flags win over the recipe. On resume, the earlier run decides wherever the command gives no
    flag. A flag must agree with the earlier run, also where the flag equals the default. Three
    things may change: places of files, the way the step is compiled, and the number of steps if the
    learning rate does not depend on it. `--distribute` is always as given.

    Raises:
        TrainingError: The folder holds a run and --resume is not given, or --resume is given and
            the folder holds none; or a flag contradicts the run.
    """
    if config.resume:
        return _as_in_earlier_run(config)
    if (config.folder / STATE).exists():
        raise TrainingError(
            f"{config.folder}: holds a run; --resume goes on with it, --run_dir starts another"
        )
    return with_recipe(config)


def with_recipe(config: TrainConfig) -> TrainConfig:
    """Return the configuration with the recipe's value wherever no value is given."""
    name = config.recipe or (NETWORKS[config.model].recipe if config.model else DEFAULT_RECIPE)
    recipe = dict(RECIPES[name])
    if config.model not in (None, recipe["model"]):
        # Sizes and weights of another network, and a training that only that network has.
        recipe.update(channels=None, blocks=None, start_from=None)
        recipe.update(dict.fromkeys(ADAPTIVE, 0), light="learn", flat="free")
    values = {key: value for key, value in recipe.items() if getattr(config, key) is None}
    if config.validate_every is None:
        steps = values.get("steps", config.steps)
        values["validate_every"] = min(max(steps // VALIDATIONS, 1), RAREST_VALIDATION)
    config = dataclasses.replace(config, recipe=name, **values)
    if config.unpaired_photos is not None and not (config.distill or config.rehearsed):
        raise TrainingError("--unpaired_photos has no meaning without --distill or --rehearsed")
    for option_name in ADAPTIVE:
        if getattr(config, option_name) and config.model != "adaptive":
            raise TrainingError(f"--{option_name} has a meaning for --model adaptive only")
        if getattr(config, option_name) and config.distribute != "none":
            raise TrainingError(f"--distribute has no meaning with --{option_name}")
        if getattr(config, option_name) and config.discriminator_batch == "other":
            raise TrainingError(f"--discriminator_batch other has no meaning with --{option_name}")
    if config.flat == "keep" and config.model != "adaptive":
        raise TrainingError("--flat keep has a meaning for --model adaptive only")
    if config.light == "keep":
        if config.model != "adaptive":
            raise TrainingError("--light keep has a meaning for --model adaptive only")
        if config.look_steps:
            raise TrainingError("--look_steps changes the light: give --look_steps 0")
        if config.distribute != "none":
            raise TrainingError("--distribute has no meaning with --light keep")
        if config.discriminator_batch == "other":
            raise TrainingError("--light keep has no meaning with --discriminator_batch other")
    return config


def _as_in_earlier_run(config: TrainConfig) -> TrainConfig:
    earlier = read_config(config.folder, TrainConfig, with_recipe)
    movable = set(MOVABLE)
    if earlier.schedule == "constant":
        movable.add("steps")
    if "random" not in (earlier.vgg_weights, config.vgg_weights):
        movable.add("vgg_weights")
    taken = take_up(config, earlier, movable, config.folder)
    taken = dataclasses.replace(taken, distribute=config.distribute)
    if config.distribute != "none":
        taken = dataclasses.replace(taken, jit_compile=config.jit_compile)
    return taken


def read_config(folder: Path, config_class: type, complete: Callable = lambda config: config):
    """Read the configuration of the run in a folder.

    Args:
        folder: The folder of the run.
        config_class: The dataclass of its options.
        complete: Makes the configuration complete.

    Raises:
        TrainingError: There is no run, or its configuration is damaged.
    """
    saved = folder / CONFIG
    if not saved.is_file():
        raise TrainingError(f"{folder}: no run to resume")
    try:
        return complete(config_class(**options_from_json(config_class, saved.read_text())))
    except (ValueError, TypeError) as error:
        raise TrainingError(f"{saved}: damaged or of another version ({error})") from error


def take_up(config: Any, earlier: Any, movable: Collection[str], folder: Path) -> Any:
    """Return the configuration with which a command goes on with an earlier run.

    Args:
        config: The configuration of the command, with a field that `given_options` made.
        earlier: The configuration of the run.
        movable: The options that the command may change.
        folder: The folder of the run.

    Raises:
        TrainingError: The command gives another option that differs from the run's.
    """
    given = {
        field.name: getattr(config, field.name)
        for field in dataclasses.fields(config)
        if field.name != GIVEN
        and (field.name in config.given or getattr(config, field.name) != field.default)
    }
    given["run_dir"] = config.run_dir  # the folder may have moved since
    for name, value in given.items():
        before = getattr(earlier, name)
        if name not in movable and before != value:
            raise TrainingError(f"{folder}: was trained with --{name} {before}, not {value}")
    return dataclasses.replace(earlier, **given)


def write_config(folder: Path, config: Any) -> None:
    """Write config.json, the options of a run, into the folder of the run.

    Args:
        folder: The folder, which is created if it is missing.
        config: A dataclass of options.
    """
    folder.mkdir(parents=True, exist_ok=True)
    options = {name: value for name, value in dataclasses.asdict(config).items() if name != GIVEN}
    write_whole(folder / CONFIG, (json.dumps(options, indent=2) + "\n").encode())
