"""A study without people, to see what a report can tell: `python -m study simulate`.

Photos that ship with scikit-image are shot by virtual phones and a virtual DSLR. Participants do
not look at them: they draw from a Bradley-Terry model whose scores are known, so that the report
can be held against them.
"""

import dataclasses
import json
import math
import random
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from common.command_line import option
from data.shipped_photos import shipped_photos
from simulation.cameras import PHONES
from simulation.shooting import aligned_pair
from study import visit, vote_report
from study.analysis import analyse
from study.design import Study, read_study
from study.plan import plan
from study.prepare import PrepareConfig, prepare
from study.serve import open_store
from study.store import Store
from study.study_error import StudyError
from study.votes import read_votes

# Logits above the phone's own photo. The worse the phone, the more is gained; Photoshop and APE are
# compared for the iPhone alone, as in the seed.
TRUTH = {
    "iphone": {"phone": 0.0, "enhanced": 2.2, "dslr": 2.4, "photoshop": 1.3, "ape": 0.8},
    "blackberry": {"phone": 0.0, "enhanced": 1.5, "dslr": 1.6},
    "sony": {"phone": 0.0, "enhanced": 0.9, "dslr": 1.0},
}
PAIRS = (
    "phone:enhanced", "phone:dslr", "enhanced:dslr",
    "enhanced:photoshop", "enhanced:ape", "photoshop:ape",
)  # fmt: skip
FILE = "simulation.json"


@dataclasses.dataclass(frozen=True)
class SimulateConfig:
    """How large a study, and where."""

    out: str = option(help="folder of the study; it must not exist")
    participants: int = option(42, "people who answer everything")
    photos: int = option(9, "photos of each phone")
    repeats: int = option(6, "questions that each participant is asked a second time")
    seed: int = option(0, "of photos, orders and answers")

    def __post_init__(self):
        """Raise StudyError for values that are out of range."""
        if self.participants < 2:
            raise StudyError(f"--participants {self.participants}: give 2 or more")
        if not 1 <= self.photos <= 50:
            raise StudyError(f"--photos {self.photos}: give 1 to 50")


def write_photos(folder: Path, photos: int, seed: int) -> None:
    """Write FOLDER/CLASS/PHONE/N.png: crops of the shipped photos, shot by each phone and the DSLR.

    The enhanced photos and those of Photoshop and APE are stand-ins: mixtures of the two.
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
                    Image.fromarray(np.uint8(np.rint(mixed))).save(path)


def _crop(photo: np.ndarray, turn: int) -> np.ndarray:
    """The whole photo, or its left, right … two thirds: other pictures of the same."""
    if turn == 0:
        return photo
    height, width = photo.shape[:2]
    wide, high = width * 2 // 3, height * 2 // 3
    left, top = (width - wide) * (turn % 2), (height - high) * (turn // 2 % 2)
    return np.ascontiguousarray(photo[top : top + high, left : left + wide])


def answer(
    study: Study, store: Store, truth: Mapping[str, Mapping[str, float]], people: int, seed: int
) -> None:
    """Let participants answer everything, by their scores.

    Args:
        study: what is asked.
        store: takes the votes, as it takes a browser's.
        truth: logits by phone and class.
        people: their number.
        seed: of their answers.
    """
    rng = random.Random(seed)
    for person in tqdm(range(people), unit="participant", disable=None):
        visitor = f"simulated {person}"
        joined = store.join(visitor)
        for step, asked in enumerate(plan(study, joined.number)):
            scores = truth[asked.question.phone]
            chance = 1 / (1 + math.exp(scores[asked.right] - scores[asked.left]))
            side = "left" if rng.random() < chance else "right"
            _, agreed = visit.vote(study, store, visitor, step, side)
            assert agreed


def main(config: SimulateConfig) -> None:
    """Make the photos, the study, the votes and the report; compare it with the truth."""
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
        answer(study, store, TRUTH, config.participants, config.seed)
        votes = read_votes(study, store)
    finally:
        store.close()
    (target / FILE).write_text(json.dumps(TRUTH, indent=1) + "\n", encoding="utf-8")
    analysis = analyse(study, votes)
    vote_report.write_report(target / "report", analysis, votes)
    print(f"{'phone':12}{'class':12}{'true':>6}{'found':>7}   95 % interval")
    inside = total = 0
    for phone, scores in TRUTH.items():
        found = analysis.scores[phone]
        for i, name in enumerate(found.classes):
            if name == analysis.reference:
                continue
            hit = found.low[i] <= scores[name] <= found.high[i]
            inside, total = inside + hit, total + 1
            print(
                f"{phone:12}{name:12}{scores[name]:6.2f}{found.score[i]:7.2f}   "
                f"{found.low[i]:.2f} to {found.high[i]:.2f}{'' if hit else '   outside'}"
            )
    print(f"{inside} of {total} intervals hold the true score")
    print(f"look at {target / 'report' / 'report.html'}")
