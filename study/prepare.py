"""From folders of photos to a study: `python -m study prepare`."""

import dataclasses
import itertools
import secrets
import tempfile
from pathlib import Path

from tqdm import tqdm

from common.command_line import option
from study.design import PHOTOS, Picture, Study, check_name, write_study
from study.photos import Found, alike, check_names, encode, find_photos
from study.plan import minutes, plan
from study.study_error import StudyError
from study.tokens import write_secret

LONGEST_TEXT = 200


@dataclasses.dataclass(frozen=True)
class PrepareConfig:
    """What is compared, and how it is asked."""

    out: str = option(help="folder of the study; it must not exist")
    classes: tuple[str, ...] = option(
        (),
        "a class and the folder of its photos, or of one sub-folder for each phone; twice or more",
        action="append",
        flag="class",
        metavar="NAME=DIR",
    )
    pairs: tuple[str, ...] = option(
        (),
        "a pairing to ask about; may be repeated; none: all pairings",
        action="append",
        flag="pair",
        metavar="NAME:NAME",
    )
    phone: str = option("phone", "name of the phone, where the folders have no sub-folders")
    title: str = option("Which photo is better?", "heading of the page")
    prompt: str = option("Which photo do you like better?", "what is asked about every pair")
    repeats: int = option(0, "questions that each participant is asked a second time")
    longest_side: int = option(1600, "limit on the width and height of photos, in pixels")
    unaligned: bool = option(False, "accept photos that do not seem to show the same scene")
    seed: int = option(0, "of orders and sides")

    def __post_init__(self):
        """Raise StudyError for values that are out of range."""
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
    """Check the photos and write the study's folder, whole or not at all.

    Raises:
        StudyError: the arguments or the photos are at fault, or the folder exists.
        OSError: a file cannot be written.
    """
    target = Path(config.out)
    if target.exists():
        raise StudyError(f"{target} exists: remove it, or choose another --out")
    found = _classes(config)
    pairs = _pairs(config, tuple(found))
    check_names(found)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as temporary:
        root = Path(temporary) / "study"
        (root / PHOTOS).mkdir(parents=True)
        pictures = _write_pictures(root / PHOTOS, found, config)
        study = Study(
            secrets.token_hex(16), config.title.strip(), config.prompt.strip(), config.seed,
            config.repeats, tuple(found), pairs, pictures,
        )  # fmt: skip
        _check_questions(study)
        write_study(root, study)
        write_secret(root)
        root.rename(target)
    return study


def _classes(config) -> dict[str, Found]:
    found, nested = {}, {}
    for word in config.classes:
        name, equals, folder = word.partition("=")
        if not equals or not folder:
            raise StudyError(f"--class {word}: give NAME=DIR")
        check_name(name, "class")
        if name in found:
            raise StudyError(f"--class {name}: given twice")
        found[name], nested[name] = find_photos(Path(folder), check_name(config.phone, "phone"))
    if len(found) < 2:
        raise StudyError("give two classes or more: --class NAME=DIR --class NAME=DIR")
    if len(set(nested.values())) > 1:
        without = ", ".join(name for name, below in nested.items() if not below)
        raise StudyError(f"class {without} has no sub-folders for phones, others have")
    return found


def _pairs(config, classes) -> tuple[tuple[str, str], ...]:
    if not config.pairs:
        return tuple(itertools.combinations(classes, 2))
    pairs = {}
    for word in config.pairs:
        names = tuple(word.split(":"))
        if len(names) != 2 or not set(names) <= set(classes) or names[0] == names[1]:
            raise StudyError(f"--pair {word}: give NAME:NAME of two of {', '.join(classes)}")
        if frozenset(names) in pairs:
            raise StudyError(f"--pair {word}: given twice")
        pairs[frozenset(names)] = names
    return tuple(pairs.values())


def _write_pictures(folder, found, config) -> tuple[Picture, ...]:
    phones = dict.fromkeys(phone for files in found.values() for phone in files)
    photos = {
        (phone, scene): None
        for phone in phones
        for files in found.values()
        for scene in files.get(phone, ())
    }
    pictures = []
    for phone, scene in tqdm(photos, unit="photo", disable=None):
        files = {
            kind: files[phone][scene]
            for kind, files in found.items()
            if scene in files.get(phone, ())
        }
        for kind, picture in alike(files, config.longest_side, config.unaligned).items():
            name = secrets.token_hex(16)
            encode(picture, folder / f"{name}.jpg")
            pictures.append(Picture(name, kind, phone, scene, *picture.size))
    return tuple(pictures)


def _check_questions(study) -> None:
    questions = study.questions()
    for pair in study.pairs:
        if not any((question.first, question.second) == pair for question in questions):
            raise StudyError(f"no phone has photos of both {pair[0]} and {pair[1]}")
    if study.repeats > (len(questions) + 1) // 2:
        raise StudyError(
            f"--repeats {study.repeats}: at most half of the {len(questions)} questions can be "
            "asked twice, with half of the visit between"
        )


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}{'s' * (count != 1)}"


def main(config: PrepareConfig) -> None:
    """Prepare a study and say what comes of it."""
    study = prepare(config)
    questions, asked = study.questions(), len(plan(study, 0))
    photos = {(question.phone, question.scene) for question in questions}
    pairings = {(question.first, question.second) for question in questions}
    repeats = f" and {study.repeats} again" if study.repeats else ""
    print(
        f"{_many(len(questions), 'question')}{repeats}: {_many(len(photos), 'photo')} of "
        f"{_many(len(study.phones), 'phone')}, {_many(len(pairings), 'pairing')} of "
        f"{len(study.classes)} classes; about {minutes(asked)} min each"
    )
    print(f"then: python -m study serve {config.out}")
