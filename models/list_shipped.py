"""The networks that ship as a table: phones, size, score and terms.

Each cell comes from one place: names, phones and terms from `models.shipped.SHIPPED`, the size from
the model file, and the score from the card of the network, `models/pretrained/NAME.md`.
"""

import re

from common.text_columns import in_columns
from models.shipped import PRETRAINED, SHIPPED, ShippedNetwork, shipped_file

HEADINGS = ("network", "photos of", "size", "score", "terms of the weights")
# The card says the score in a line of its own below "Scores".
_SCORE = re.compile(r"^In short: (.+?)\.?$", re.MULTILINE)


def list_shipped() -> str:
    """Return the table, and where the cards are, as lines of text.

    Raises:
        OSError: A card or a model file cannot be read.
    """
    table = in_columns([HEADINGS, *shipped_rows()], left=len(HEADINGS))
    return f"{table}\nThe cards have all figures and terms: {PRETRAINED / 'NAME.md'}\n"


def shipped_rows() -> list[tuple[str, ...]]:
    """Return the cells of the table, one row for each network whose model file is there.

    Returns:
        Rows of the columns of `HEADINGS`.

    Raises:
        OSError: A card or a model file cannot be read.
    """
    rows = []
    for name, network in SHIPPED.items():
        path = shipped_file(name)
        if path is not None:
            size = f"{path.stat().st_size / 1e6:.1f} MB"
            rows.append((name, _phones(network), size, score_of(name), network.terms))
    return rows


def score_of(name: str) -> str:
    """Return the score of a network in a few words, as its card has it; "" without a card.

    Raises:
        OSError: The card cannot be read.
    """
    card = PRETRAINED / f"{name}.md"
    found = _SCORE.search(card.read_text("utf-8")) if card.is_file() else None
    return found[1] if found else ""


def _phones(network: ShippedNetwork) -> str:
    return ", ".join(" ".join(phone) for phone in network.phones) or "any phone"
