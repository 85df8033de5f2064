"""The design of a study: classes, photos and questions, and the folder that holds them.

STUDY/study.json       the `Study` of this module
STUDY/photos/ID.jpg    one picture for each class, phone and scene; a random name
STUDY/secret.key       key of the signatures of tokens; the server never sends it
STUDY/votes.sqlite     the answers, unless `--database` names another database
"""

import dataclasses
import itertools
import json
import re
import unicodedata
from pathlib import Path

from common.plain_file import read_json

VERSION = 1
FILE, PHOTOS, SECRET, DATABASE = "study.json", "photos", "secret.key", "votes.sqlite"
LONGEST_NAME = 60
MOST_REPEATS = 10_000
_ID = re.compile(r"[0-9a-f]{32}")


class StudyError(ValueError):
    """An error in the arguments, a folder or the votes; the message is one line."""


@dataclasses.dataclass(frozen=True)
class Picture:
    """A photo as participants see it.

    Attributes:
        id: 32 random hexadecimal digits; the name of the file.
        kind: class of the photo, such as "enhanced".
        phone: phone that took the original photo.
        scene: name of the original file without suffix; phones may share a scene.
        width: pixels.
        height: pixels.
    """

    id: str
    kind: str
    phone: str
    scene: str
    width: int
    height: int


@dataclasses.dataclass(frozen=True)
class Question:
    """A comparison of two classes of one photo, without an order of sides."""

    phone: str
    scene: str
    first: str
    second: str


@dataclasses.dataclass(frozen=True)
class Study:
    """A prepared study.

    Attributes:
        id: 32 hexadecimal digits; distinguishes studies that share a database.
        title: heading of the page.
        prompt: the question about every pair.
        seed: seed of orders and sides.
        repeats: number of questions that each participant answers twice.
        classes: names, in the order of the command line.
        pairs: the pairs of classes to compare.
        pictures: all photos.
    """

    id: str
    title: str
    prompt: str
    seed: int
    repeats: int
    classes: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    pictures: tuple[Picture, ...]

    @property
    def phones(self) -> tuple[str, ...]:
        """Names of the phones, in the order of the pictures."""
        return tuple(dict.fromkeys(picture.phone for picture in self.pictures))

    def questions(self) -> tuple[Question, ...]:
        """Return every question about every photo that has both classes, in a fixed order."""
        there = {(picture.phone, picture.scene, picture.kind) for picture in self.pictures}
        photos = dict.fromkeys((picture.phone, picture.scene) for picture in self.pictures)
        return tuple(
            Question(phone, scene, first, second)
            for (phone, scene), (first, second) in itertools.product(photos, self.pairs)
            if {(phone, scene, first), (phone, scene, second)} <= there
        )


def check_name(name: str, what: str) -> str:
    """Return a name unchanged if it is safe on a page, in a table and in a file.

    A safe name is neither HTML nor a path nor a formula of a spreadsheet.

    Raises:
        StudyError: the name is empty or too long, has characters other than letters, digits,
            marks, spaces and `_ . , + ( ) -`, or does not begin with a letter, digit or `_`.
    """
    plain = all(c in " _.,+()-" or unicodedata.category(c)[0] in "LMN" for c in name)
    starts = name[:1] == "_" or unicodedata.category(name[:1] or " ")[0] in "LN"
    if not (plain and starts and len(name) <= LONGEST_NAME and name == name.strip()):
        raise StudyError(
            f"{what} {name[: LONGEST_NAME + 1]!r}: give a name of up to {LONGEST_NAME} letters, "
            "digits, spaces and _ . , + ( ) - that begins with a letter or digit"
        )
    return name


def write_study(folder: Path, study: Study) -> None:
    """Write STUDY/study.json into a new folder."""
    facts = {"version": VERSION, **dataclasses.asdict(study)}
    text = json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
    (folder / FILE).write_text(text, encoding="utf-8")


def read_study(folder: str | Path) -> Study:
    """Read STUDY/study.json.

    Raises:
        StudyError: the file is missing, or `prepare` of this version did not write the file.
    """
    path = Path(folder) / FILE
    try:
        facts = read_json(path)
        if facts.pop("version") != VERSION:
            raise ValueError
        facts["pictures"] = tuple(Picture(**picture) for picture in facts["pictures"])
        facts["pairs"] = tuple((first, second) for first, second in facts["pairs"])
        facts["classes"] = tuple(facts["classes"])
        study = Study(**facts)
        _check(study)
        return study
    except FileNotFoundError:
        raise StudyError(
            f"{folder}: no study in this folder: make a study with "
            f"python -m study prepare --out {folder}"
        ) from None
    except OSError as error:
        raise StudyError(f"{path}: {error.strerror or error}") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise StudyError(
            f"{path}: damaged, or written by another version: prepare the study again"
        ) from None


def _check(study: Study) -> None:
    """Raise ValueError, TypeError or StudyError for a study that `prepare` cannot have made."""
    pictures = study.pictures
    numbers = [study.seed, study.repeats]
    numbers += [side for picture in pictures for side in (picture.width, picture.height)]
    ids = [study.id, *(picture.id for picture in pictures)]
    names = [*study.classes]
    names += [name for picture in pictures for name in (picture.phone, picture.scene)]
    kinds = [picture.kind for picture in pictures]
    if {*map(type, numbers)} != {int}:
        raise TypeError("a number of another type")
    if {*map(type, [study.title, study.prompt, *ids, *names, *kinds])} != {str}:
        raise TypeError("a text of another type")
    if not (0 <= study.repeats <= MOST_REPEATS and study.seed >= 0):
        raise ValueError("a number out of its range")
    if not all(_ID.fullmatch(i) for i in ids) or len({*ids}) < len(ids) or not study.questions():
        raise ValueError("no questions, or a wrong or doubled id")
    for name in names:
        check_name(name, "name")
