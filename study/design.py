"""What a study compares: its classes, photos and questions, and the folder that holds them.

STUDY/study.json       all of this module's `Study`
STUDY/photos/ID.jpg    one picture of each class, phone and scene; the name says nothing
STUDY/secret.key       what tokens are signed with; never served
STUDY/votes.sqlite     the answers, unless they go to another database
"""

import dataclasses
import itertools
import json
import re
import unicodedata
from pathlib import Path

from study.study_error import StudyError

VERSION = 1
FILE, PHOTOS, SECRET, DATABASE = "study.json", "photos", "secret.key", "votes.sqlite"
LONGEST_NAME = 60
_ID = re.compile(r"[0-9a-f]{32}")


@dataclasses.dataclass(frozen=True)
class Picture:
    """One photo as participants see it.

    Attributes:
        id: 32 random hexadecimal digits, its file's name.
        kind: its class, such as "enhanced".
        phone: whose photo it goes back to.
        scene: its file's name without the suffix; the same scene may be there for each phone.
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
    """Two classes of one photo, in no order of sides."""

    phone: str
    scene: str
    first: str
    second: str


@dataclasses.dataclass(frozen=True)
class Study:
    """A study as it was prepared.

    Attributes:
        id: 32 hexadecimal digits; votes of several studies can share a database.
        title: heading of the page.
        prompt: the question that is asked of every pair.
        seed: of orders and sides.
        repeats: how many questions each participant is asked twice.
        classes: names, in the order in which they were given.
        pairs: the pairings of classes that are asked about.
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
        """Every pairing of every photo for which both classes are there, in a fixed order."""
        there = {(picture.phone, picture.scene, picture.kind) for picture in self.pictures}
        photos = dict.fromkeys((picture.phone, picture.scene) for picture in self.pictures)
        return tuple(
            Question(phone, scene, first, second)
            for (phone, scene), (first, second) in itertools.product(photos, self.pairs)
            if {(phone, scene, first), (phone, scene, second)} <= there
        )


def check_name(name: str, what: str) -> str:
    """A name that can stand on a page, in a table and in a file: returned as it is.

    Raises:
        StudyError: it is empty, long, or has characters other than letters, digits, marks, spaces
            and `_ . , + ( ) -`, or does not start with a letter, digit or `_`: neither HTML nor a
            path nor a formula of a spreadsheet can be one.
    """
    plain = all(c in " _.,+()-" or unicodedata.category(c)[0] in "LMN" for c in name)
    starts = name[:1] == "_" or unicodedata.category(name[:1] or " ")[0] in "LN"
    if not (plain and starts and len(name) <= LONGEST_NAME and name == name.strip()):
        raise StudyError(
            f"{what} {name[: LONGEST_NAME + 1]!r}: up to {LONGEST_NAME} letters, digits, spaces "
            "and _ . , + ( ) - name one, beginning with a letter or digit"
        )
    return name


def write_study(folder: Path, study: Study) -> None:
    """Write STUDY/study.json into a folder that no one reads yet."""
    facts = {"version": VERSION, **dataclasses.asdict(study)}
    text = json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
    (folder / FILE).write_text(text, encoding="utf-8")


def read_study(folder: str | Path) -> Study:
    """Read STUDY/study.json.

    Raises:
        StudyError: there is none, or it is not what `prepare` wrote.
    """
    path = Path(folder) / FILE
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        if facts.pop("version") != VERSION:
            raise ValueError
        facts["pictures"] = tuple(Picture(**picture) for picture in facts["pictures"])
        facts["pairs"] = tuple((first, second) for first, second in facts["pairs"])
        facts["classes"] = tuple(facts["classes"])
        study = Study(**facts)
        ids = [study.id, *(picture.id for picture in study.pictures)]
        if not all(_ID.fullmatch(i) for i in ids) or not study.questions():
            raise ValueError
        for word in (*study.classes, *(w for p in study.pictures for w in (p.phone, p.scene))):
            check_name(word, "name")
        return study
    except FileNotFoundError:
        raise StudyError(
            f"{folder}: no study here: make one with python -m study prepare --out {folder}"
        ) from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise StudyError(f"{path}: not written by this version of python -m study") from None
