"""The networks that ship with the project: their labels, and the phones that each serves.

A name in `SHIPPED` means the same network in every command and in the demos. Importing this module
does not load Keras.
"""

import dataclasses
from pathlib import Path

PRETRAINED = Path(__file__).resolve().parent / "pretrained"
SUFFIXES = (".tflite", ".keras")


@dataclasses.dataclass(frozen=True)
class ShippedNetwork:
    """A network that ships.

    Attributes:
        label: What a photographer reads in a list of networks.
        terms: The terms of the weights, in short; the card has all of them.
        phones: Make and model of each phone that the network serves, as EXIF writes them.
        pairs: The phone's name in folders of patch pairs, whose patches check the exported files.
    """

    label: str
    terms: str
    phones: tuple[tuple[str, str], ...] = ()
    pairs: str | None = None


# The demos list the networks in this order.
SHIPPED = {
    "universal": ShippedNetwork("Any phone", "made from photos under free licenses"),
    "iphone_3gs": ShippedNetwork(
        "iPhone 3GS → Canon 70D",
        "for research and comparison",
        phones=(("Apple", "iPhone 3GS"),),
        pairs="iphone",
    ),
    "sony": ShippedNetwork(
        "Sony Xperia Z → Canon 70D",
        "for research and comparison",
        phones=tuple(("Sony", f"C66{kind}") for kind in ("01", "02", "03", "06", "16")),
        pairs="sony",
    ),
    "iphone_x": ShippedNetwork(
        "iPhone X → Nikon D5500",
        "made from photos under free licenses",
        phones=(("Apple", "iPhone X"),),
        pairs="iphonex",
    ),
}
ANY_PHONE = "universal"


def network_of_phone(make: str, model: str) -> str:
    """Return the name of the network for a phone: its own if one ships, else `ANY_PHONE`.

    Args:
        make: The maker of the phone, as EXIF has it; capital letters do not matter.
        model: The model of the phone.
    """
    phone = (make.casefold(), model.casefold())
    for name, network in SHIPPED.items():
        if phone in ((m.casefold(), n.casefold()) for m, n in network.phones):
            return name
    return ANY_PHONE


def shipped_file(name: str, suffixes: tuple[str, ...] = SUFFIXES) -> Path | None:
    """Return the file of a network in `PRETRAINED`, or None if there is none.

    Args:
        name: The name of the network.
        suffixes: The kinds of file, the preferred kind first.
    """
    if Path(name).name != name:
        return None
    paths = (PRETRAINED / f"{name}{suffix}" for suffix in suffixes)
    return next((path for path in paths if path.is_file()), None)


def place_of(stem: str) -> int:
    """Return the place in lists of the network to whose files a name belongs; others come last."""
    owners = (stem == name or stem.startswith(f"{name}_") for name in SHIPPED)
    return next((place for place, owns in enumerate(owners) if owns), len(SHIPPED))
