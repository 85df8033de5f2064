r"""Gather photos under free licenses in one folder, to train networks that may ship.

    apt-get download lomiri-wallpapers-16.04 lomiri-wallpapers-20.04 mate-backgrounds \
        plasma-workspace-wallpapers palapeli-data gcompris-qt-data
    for package in *.deb; do dpkg -x $package unpacked; done
    python -m data.free_photos --packages unpacked --city100 city100/dslr --output photos-free

The photos come from Debian packages, from City100 (MIT) and from the installed scikit-image. Tables
in this module name the photos and leave out drawings, paintings and rendered pictures. The
copyright file of each package states the licenses; for GCompris, the README of each folder does.
`models/pretrained/universal_photos.csv` lists authors and licenses.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
import hashlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from common import command_line
from common.atomic_files import write_whole
from common.command_line import option
from common.long_work import counted
from data.qt_resources import read_resources
from photos import photos_in

BACKGROUNDS = "usr/share/backgrounds"
# {folder of an unpacked package: names of its photos}
WALLPAPERS = {
    BACKGROUNDS: (
        "Bridge_by_Sander_Klootwijk Dragonfly_by_Bolly Picture_0B_by_freespace "
        "Picture_1A_by_freespace Wine_by_Jakkub_Mede aitzgorri_by_Aitzol_Berasategi "
        "free_by_Peter_Nerlich friends_by_Aitzol_Berasategi greentock_by_Peter_Nerlich "
        "life_by_Aitzol_Berasategi picosdeeuropa_by_Aitzol_Berasategi "
        "seeding_by_Clements_Engelhardt sunset_by_Aitzol_Berasategi Kleiber_by_Lukas_Baubkus"
    ),
    f"{BACKGROUNDS}/mate/nature": (
        "Aqua Blinds Dune FreshFlower Garden GreenMeadow LadyBird RainDrops Storm TwoWings "
        "YellowFlower"
    ),
    "usr/share/palapeli/collection": (
        "castle-maintenon cincinnati-bridge citrus-fruits european-honey-bee "
        "panther-chameleon-female"
    ),
}
PLASMA = (
    "BytheWater ColdRipple ColorfulCups DarkestHour EveningGlow FallenLeaf Grey Kite "
    "OneStandsOut Path summer_1am"
)
RESOURCES = "usr/share/gcompris-qt/rcc"
# {activity of GCompris: (words in the paths of its photos, words in the paths of other files)}
ACTIVITIES = {
    "erase": ("", ""),
    "explore_farm_animals": ("animals/", ""),
    "explore_monuments": ("/", "svg"),
    "explore_world_animals": ("animals/", ""),
    "explore_world_music": ("music/", "africa"),
    "details": ("_background", "gogh eglise tanguy"),
    "categorization": ("monuments/ fishes/ renewable/", ""),
    "clickgame": ("sea", ""),
}
WHEELS = {
    "skimage": "data/astronaut.png data/chelsea.png data/coffee.png data/motorcycle_left.png "
    "data/rocket.jpg",
}
LONG_SIDE = 1600  # pixels; larger photos are reduced
SHORT_SIDE = 180  # pixels; smaller photos are left out
PARTS = ("test", "validate", *["train"] * 10)


class FreePhotosError(ValueError):
    """A command without a source of photos."""


@dataclasses.dataclass(frozen=True)
class FreePhotosConfig:
    """Sources and destination of the photos."""

    packages: str | None = option(None, "folder of the unpacked Debian packages")
    city100: str | None = option(None, "folder of the DSLR photos of City100")
    output: str = option("photos-free", "folder for the photos, which become PNG files")


def part_of(name: str) -> str:
    """Return the part of the photos, "train", "validate" or "test", by a hash of the subject.

    The subject is the last part of the name, so two photos of one subject are in one part.

    Args:
        name: Name of the photo's file.
    """
    subject = Path(name).stem.split("-")[-1].lower().removesuffix("_background")
    digest = hashlib.sha256(subject.encode()).digest()
    return PARTS[digest[0] % len(PARTS)]


def package_photos(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and file content of each photo in the unpacked Debian packages."""
    for place, names in WALLPAPERS.items():
        prefix = {BACKGROUNDS: "lomiri"}.get(place, place.split("/")[-2])
        for name in names.split():
            for path in folder.glob(f"{place}/{name}.*"):
                if path.suffix in (".jpg", ".png"):
                    yield f"{prefix}-{name}", path.read_bytes()
    for name in PLASMA.split():
        files = sorted((folder / "usr/share/wallpapers" / name).glob("contents/images/2560*"))
        if files:
            yield f"plasma-{name}", files[0].read_bytes()
    for activity, (words, never) in ACTIVITIES.items():
        path = folder / RESOURCES / f"{activity}.rcc"
        if not path.exists():
            continue
        for name, content in read_resources(path):
            inside = name.split("/resource/")[-1]
            photo = name.endswith((".webp", ".jpg")) and any(
                word in inside for word in words.split() or [""]
            )
            if photo and not any(word in inside.lower() for word in never.split()):
                yield f"gcompris-{activity}-{Path(name).parent.name}-{Path(name).stem}", content


def wheel_photos() -> Iterator[tuple[str, bytes]]:
    """Yield name and file content of each photo in the installed Python packages."""
    for wheel, names in WHEELS.items():
        spec = importlib.util.find_spec(wheel)
        if spec is None or spec.origin is None:
            continue
        for name in names.split():
            path = Path(spec.origin).parent / name
            if path.exists():
                yield f"{wheel}-{path.stem}", path.read_bytes()


def decode_reduced(content: bytes) -> np.ndarray | None:
    """Decode a photo to uint8 BGR of at most `LONG_SIDE`; None if too small or not decodable."""
    photo = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if photo is None or min(photo.shape[:2]) < SHORT_SIDE:
        return None
    return reduce_photo(photo, LONG_SIDE)


def reduce_photo(photo: np.ndarray, long_side: int, least: int = 1) -> np.ndarray:
    """Reduce a photo so that no side is longer than `long_side` and none shorter than `least`.

    Args:
        photo: `(H, W, 3)` uint8. A smaller photo is returned as it is.
        long_side: Pixels.
        least: Pixels.
    """
    scale = long_side / max(photo.shape[:2])
    if scale >= 1:
        return photo
    size = [max(round(side * scale), least) for side in photo.shape[1::-1]]
    return cv2.resize(photo, size, interpolation=cv2.INTER_AREA)


def main(config: FreePhotosConfig) -> None:
    """Gather the photos and print the number of photos from each source."""
    found = list(wheel_photos())
    if config.packages:
        if not Path(config.packages).is_dir():
            raise FreePhotosError(
                f"{config.packages}: no such folder; correct --packages, or leave the option out"
            )
        found += package_photos(Path(config.packages))
    if config.city100:
        files = photos_in(Path(config.city100), (".jpg",))
        found += [(f"city100-{path.stem}", path.read_bytes()) for path in files]
    if not found:
        raise FreePhotosError("found no photos; give --packages or --city100")
    output = Path(config.output)
    output.mkdir(parents=True, exist_ok=True)
    counts: dict[str, int] = {}
    for name, content in counted(found, "gathering", "photo"):
        photo = decode_reduced(content)
        if photo is None:
            print(f"left out {name}: damaged, or a side below {SHORT_SIDE} pixels", file=sys.stderr)
            continue
        _, encoded = cv2.imencode(".png", photo, [cv2.IMWRITE_PNG_COMPRESSION, 3])
        write_whole(output / f"{name}.png", encoded.tobytes())
        source = name.split("-")[0]
        counts[source] = counts.get(source, 0) + 1
    print(", ".join(f"{source} {count}" for source, count in counts.items()))


if __name__ == "__main__":
    command_line.run(main, FreePhotosConfig, __doc__, [FreePhotosError])
