"""Make a study from folders of photos: `python -m study prepare`."""

import dataclasses
import itertools
import secrets
from pathlib import Path

from common.atomic_files import new_folder
from common.command_line import ESSENTIAL, option
from common.long_work import counted
from common.plural import plural
from study.class_photos import (
    ClassFiles,
    check_complete,
    find_class_files,
    make_uniform,
    write_uniform,
)
from study.design import PHOTOS, Picture, Study, StudyError, check_name, read_study, write_study
from study.plan import minutes, plan
from study.tokens import write_secret

LONGEST_TEXT = 200


@dataclasses.dataclass(frozen=True)
class PrepareConfig:
    """Options of `python -m study prepare`.

    Raises:
        StudyError: a value is out of range.
    """

    out: str = option(help="folder of the study; the folder must not exist yet", group=ESSENTIAL)
    classes: tuple[str, ...] = option(
        (),
        "a class and its folder of photos, or of one subfolder per phone; give two classes or more",
        action="append",
        flag="class",
        metavar="NAME=DIR",
        group=ESSENTIAL,
    )
    pairs: tuple[str, ...] = option(
        (),
        "a pair of classes to compare; may be repeated; without it: all pairs",
        action="append",
        flag="pair",
        metavar="NAME:NAME",
        group=ESSENTIAL,
    )
    phone: str = option(
        "phone", "name of the phone if the folders have no subfolders", group=ESSENTIAL
    )
    title: str = option("Which photo is better?", "heading of the page", group=ESSENTIAL)
    prompt: str = option(
        "Which photo do you like better?", "question about every pair", group=ESSENTIAL
    )
    repeats: int = option(0, "number of questions that each participant answers twice")
    longest_side: int = option(1600, "limit on width and height of the photos, pixels")
    unaligned: bool = option(False, "accept photos that do not seem to show the same scene")
    seed: int = option(0, "seed of orders and sides")

    def __post_init__(self):
        for text, flag in ((self.title, "title"), (self.prompt, "prompt")):
            if not text.strip() or len(text) > LONGEST_TEXT or not text.isprintable():
                raise StudyError(f"--{flag}: give one line of up to {LONGEST_TEXT} characters")
        if self.repeats < 0:
            raise StudyError(f"--repeats {self.repeats}: give 0 or more")
        if self.longest_side < 200:
            raise StudyError(f"--longest_side {self.longest_side}: give 200 pixels or more")
        if self.seed < 0:
            raise StudyError(f"--seed {self.seed}: give 0 or more")


def prepare(config: PrepareConfig) -> Study:
    """Check the photos and write the folder of the study; the folder is complete or absent.

    Raises:
        StudyError: an argument or a photo is unsuitable, or the folder exists.
        OSError: a file cannot be written.
    """
    target = Path(config.out)
    exists = f"{target} exists: remove it, or choose another --out"
    if target.exists():
        raise StudyError(exists)
    found = _classes(config)
    pairs = _pairs(config, tuple(found))
    check_complete(found)
    target.parent.mkdir(parents=True, exist_ok=True)
    with new_folder(target) as root:
        (root / PHOTOS).mkdir()
        pictures = _write_pictures(root / PHOTOS, found, config)
        study = Study(
            id=secrets.token_hex(16),
            title=config.title.strip(),
            prompt=config.prompt.strip(),
            seed=config.seed,
            repeats=config.repeats,
            classes=tuple(found),
            pairs=pairs,
            pictures=pictures,
        )
        _check_questions(study)
        write_study(root, study)
        write_secret(root)
    if read_study(target).id != study.id:  # another run was faster, and its folder stays
        raise StudyError(exists)
    return study


def _classes(config: PrepareConfig) -> dict[str, ClassFiles]:
    found: dict[str, ClassFiles] = {}
    nested: dict[str, bool] = {}
    for word in config.classes:
        name, equals, folder = word.partition("=")
        if not equals or not folder:
            raise StudyError(f"--class {word}: give NAME=DIR")
        check_name(name, "class")
        if name in found:
            raise StudyError(f"--class {name}: given twice")
        found[name], nested[name] = find_class_files(
            Path(folder), check_name(config.phone, "phone")
        )
    if len(found) < 2:
        raise StudyError("give two classes or more: --class NAME=DIR --class NAME=DIR")
    if len(set(nested.values())) > 1:
        without = ", ".join(name for name, below in nested.items() if not below)
        raise StudyError(
            f"class {without} has no subfolders for phones, other classes do: use subfolders for "
            "all classes or for none"
        )
    return found


def _pairs(config: PrepareConfig, classes: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    if not config.pairs:
        return tuple(itertools.combinations(classes, 2))
    pairs: dict[frozenset[str], tuple[str, str]] = {}
    for word in config.pairs:
        first, _, second = word.partition(":")
        if first == second or not {first, second} <= set(classes):
            raise StudyError(f"--pair {word}: give NAME:NAME with two of {', '.join(classes)}")
        if frozenset((first, second)) in pairs:
            raise StudyError(f"--pair {word}: given twice")
        pairs[frozenset((first, second))] = first, second
    return tuple(pairs.values())


def _write_pictures(
    folder: Path, found: dict[str, ClassFiles], config: PrepareConfig
) -> tuple[Picture, ...]:
    phones = dict.fromkeys(phone for files in found.values() for phone in files)
    photos = {
        (phone, scene): None
        for phone in phones
        for files in found.values()
        for scene in files.get(phone, ())
    }
    pictures = []
    for phone, scene in counted(photos, "preparing", "photo"):
        files = {
            kind: files[phone][scene]
            for kind, files in found.items()
            if scene in files.get(phone, ())
        }
        for kind, picture in make_uniform(files, config.longest_side, config.unaligned).items():
            name = secrets.token_hex(16)
            write_uniform(picture, folder / f"{name}.jpg")
            pictures.append(Picture(name, kind, phone, scene, *picture.size))
    return tuple(pictures)


def _check_questions(study: Study) -> None:
    questions = study.questions()
    for pair in study.pairs:
        if not any((question.first, question.second) == pair for question in questions):
            raise StudyError(
                f"no phone has photos of both {pair[0]} and {pair[1]}: add photos, or choose other "
                "pairs with --pair"
            )
    if study.repeats > (len(questions) + 1) // 2:
        raise StudyError(
            f"--repeats {study.repeats}: at most half of the {len(questions)} questions can be "
            "repeated; give a smaller number"
        )


def main(config: PrepareConfig) -> None:
    """Prepare a study and print its size."""
    study = prepare(config)
    questions, asked = study.questions(), len(plan(study, 0))
    photos = {(question.phone, question.scene) for question in questions}
    pairs = {(question.first, question.second) for question in questions}
    repeats = f" and {plural(study.repeats, 'repeat')}" if study.repeats else ""
    print(
        f"{plural(len(questions), 'question')}{repeats}: {plural(len(photos), 'photo')} of "
        f"{plural(len(study.phones), 'phone')}, {plural(len(pairs), 'pair')} of "
        f"{len(study.classes)} classes; about {minutes(asked)} min per participant"
    )
    print(f"next: python -m study serve {config.out}")
