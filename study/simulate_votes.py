"""Simulate a study with known scores, to test the report: `python -m study simulate`.

Virtual phones and a virtual DSLR take pictures of photos that ship with scikit-image. Simulated
participants do not look at the pictures. They answer at random by a Bradley-Terry model with known
scores, so that the scores of the report can be compared with the true scores.
"""

import dataclasses
import json
import math
import random
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from common.atomic_files import write_whole
from common.command_line import option
from common.long_work import counted
from common.write_picture import write_picture
from data.shipped_photos import shipped_photos
from simulation.cameras import PHONES
from simulation.shooting import aligned_pair
from study import visit
from study.analysis import Analysis, analyze
from study.design import Study, StudyError, read_study
from study.plan import plan
from study.prepare import PrepareConfig, prepare
from study.report_votes import write_report
from study.store import Store, open_store
from study.votes import read_votes

# Logits above the photo of the phone. A worse phone gains more. Photoshop and Apple Photo Enhancer
# (APE) are compared for the iPhone only, as in the thesis.
TRUTH = {
    "iphone": {"phone": 0.0, "enhanced": 2.2, "dslr": 2.4, "photoshop": 1.3, "ape": 0.8},
    "blackberry": {"phone": 0.0, "enhanced": 1.5, "dslr": 1.6},
    "sony": {"phone": 0.0, "enhanced": 0.9, "dslr": 1.0},
}
PAIRS = (  # as --pair takes them
    "phone:enhanced", "phone:dslr", "enhanced:dslr",
    "enhanced:photoshop", "enhanced:ape", "photoshop:ape",
)  # fmt: skip
TRUTH_FILE = "simulation.json"
MOST_PARTICIPANTS = 100_000


@dataclasses.dataclass(frozen=True)
class SimulateVotesConfig:
    """Options of `python -m study simulate`.

    Raises:
        StudyError: a value is out of range.
    """

    out: str = option(help="folder of the study; the folder must not exist yet")
    participants: int = option(42, "number of participants; all answer everything")
    photos: int = option(9, "number of photos of each phone")
    repeats: int = option(6, "number of questions that each participant answers twice")
    seed: int = option(0, "seed of photos, orders and answers")

    def __post_init__(self):
        if not 2 <= self.participants <= MOST_PARTICIPANTS:
            raise StudyError(f"--participants {self.participants}: give 2 to {MOST_PARTICIPANTS:,}")
        if self.seed < 0:
            raise StudyError(f"--seed {self.seed}: give 0 or more")
        if not 1 <= self.photos <= 50:
            raise StudyError(f"--photos {self.photos}: give 1 to 50")


def write_photos(folder: Path, photos: int, seed: int) -> None:
    """Write FOLDER/CLASS/PHONE/N.png: pictures of crops of the shipped photos, by all cameras.

    The classes "enhanced", "photoshop" and "ape" are mixtures of the pictures of phone and DSLR.
    """
    shipped = list(shipped_photos().values())
    for number in range(photos):
        scene = _crop(shipped[number % len(shipped)], number // len(shipped))
        for phone in TRUTH:
            rng = np.random.default_rng([seed, number, list(PHONES).index(phone)])
            before, after = aligned_pair(scene, phone, rng)
            for kind, weight in (
                ("phone", 0), ("dslr", 1), ("enhanced", 0.8), ("photoshop", 0.5), ("ape", 0.3)
            ):  # fmt: skip
                if kind in TRUTH[phone]:
                    path = folder / kind / phone / f"{number + 1}.png"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    mixed = before * (1 - weight) + after * weight
                    write_picture(path, np.rint(mixed).astype(np.uint8))


def _crop(photo: np.ndarray, turn: int) -> np.ndarray:
    """Return the whole photo, or two thirds of it from one of the four corners."""
    if turn == 0:
        return photo
    height, width = photo.shape[:2]
    wide, high = width * 2 // 3, height * 2 // 3
    left, top = (width - wide) * (turn % 2), (height - high) * (turn // 2 % 2)
    return np.ascontiguousarray(photo[top : top + high, left : left + wide])


def answer_everything(
    study: Study, store: Store, truth: Mapping[str, Mapping[str, float]], people: int, seed: int
) -> None:
    """Let simulated participants answer all questions.

    Args:
        study: the study.
        store: the votes of the study; the answers arrive as from a browser.
        truth: true scores, in logits, by phone and class.
        people: number of participants.
        seed: seed of the answers.
    """
    rng = random.Random(seed)
    for person in counted(range(people), "voting", "participant"):
        visitor = f"simulated {person}"
        joined = store.join(visitor)
        for step, asked in enumerate(plan(study, joined.number)):
            scores = truth[asked.question.phone]
            chance = 1 / (1 + math.exp(scores[asked.right] - scores[asked.left]))
            side = "left" if rng.random() < chance else "right"
            _, agreed = visit.vote(study, store, visitor, step, side)
            assert agreed


def main(config: SimulateVotesConfig) -> None:
    """Make photos, study, votes and report; compare the scores of the report with the truth."""
    target = Path(config.out)
    if target.exists():
        raise StudyError(f"{target} exists: remove it, or choose another --out")
    with tempfile.TemporaryDirectory() as temporary:
        write_photos(Path(temporary), config.photos, config.seed)
        kinds = dict.fromkeys(kind for scores in TRUTH.values() for kind in scores)
        prepare(
            PrepareConfig(
                out=config.out,
                classes=tuple(f"{kind}={Path(temporary) / kind}" for kind in kinds),
                pairs=PAIRS,
                title="A simulated study",
                repeats=config.repeats,
                seed=config.seed,
            )
        )
    study = read_study(target)
    store = open_store(target, None, study.id)
    try:
        answer_everything(study, store, TRUTH, config.participants, config.seed)
        votes = read_votes(study, store)
    finally:
        store.close()
    write_whole(target / TRUTH_FILE, json.dumps(TRUTH, indent=1).encode() + b"\n")
    analysis = analyze(study, votes)
    write_report(target / "report", analysis, votes)
    _print_comparison(analysis)
    print(f"open {target / 'report' / 'report.html'}")


def _print_comparison(analysis: Analysis) -> None:
    print(f"{'phone':12}{'class':12}{'true':>6}{'found':>7}   95 % interval")
    inside = total = 0
    for phone, scores in TRUTH.items():
        found = analysis.scores[phone]
        for i, name in enumerate(found.classes):
            if name == analysis.reference:
                continue
            hit = bool(found.low[i] <= scores[name] <= found.high[i])
            inside, total = inside + hit, total + 1
            print(
                f"{phone:12}{name:12}{scores[name]:6.2f}{found.score[i]:7.2f}   "
                f"{found.low[i]:.2f} to {found.high[i]:.2f}{'' if hit else '   outside'}"
            )
    print(f"{inside} of {total} intervals contain the true score")
