"""Simulation of a shoot: whole photos of a virtual phone and a virtual DSLR.

    python -m simulation.simulate_photos --phone generic --photos FOLDER --output shoot

The command writes shoot/phone and shoot/canon: files like those of a real shoot, for
`python -m align`.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
import datetime
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from common import command_line
from common.atomic_files import new_folder
from common.command_line import option
from common.layout import TARGET
from common.long_work import counted
from common.plural import plural
from common.write_picture import write_picture
from data.pair_files import DatasetError
from data.photo_folder import PhotoFolder
from data.shipped_photos import shipped_photos
from simulation.cameras import DSLR, PHONES, Camera, SimulationError, phone_camera
from simulation.geometry import random_pose
from simulation.shooting import shoot

FIRST_NUMBERS = 1, 4021  # first file numbers of phone and DSLR; real counters differ as well
START = datetime.datetime(2024, 5, 4, 10, 12, 40)  # by the clock of the phone
PAUSE = 20.0, 120.0  # seconds between scenes, uniformly distributed
LAG = 0.0, 4.0  # seconds from the shot of the phone to the shot of the DSLR, uniform
CLOCK_ERROR = 2 * 3600.0  # seconds; largest error of the clock of the DSLR

_EXIF_IFD = 0x8769
_MAKE, _MODEL, _CHANGED, _TAKEN, _DIGITIZED = 0x010F, 0x0110, 0x0132, 0x9003, 0x9004


def simulate_shoot(
    photos: Mapping[str, np.ndarray],
    phone: str | Camera,
    output: str | Path,
    seed: int = 0,
    limit: int | None = None,
) -> Path:
    """Write the pictures that a virtual phone and the virtual DSLR take of each photo.

    Both cameras are held by hand: each picture has its own pose, noise and exposure. A picture has
    the resolution of the photo: a photo of 1024×680 gives a phone picture of about 760×570.

        OUTPUT/phone/IMG_0001.jpg …    JPEG of the quality of the camera, with EXIF capture time
        OUTPUT/canon/IMG_4021.jpg …    the same scenes. The clock of the DSLR is wrong by up to two
                                       hours. The DSLR takes its picture up to four seconds later.

    The folder is complete or absent. The same arguments give the same bytes.

    Args:
        photos: photos by name, uint8 RGB H×W×3; the shoot follows the order of the names.
        phone: name of a virtual phone, or its parameters.
        output: folder to make.
        seed: seed of all random choices, 0 or more.
        limit: number of photos to shoot, the first by name; None for all photos.

    Returns:
        OUTPUT.

    Raises:
        SimulationError: unknown phone; a photo cannot be read, is not uint8 H×W×3 or has a side
            below 128 pixels; seed or limit is out of range; OUTPUT exists.
    """
    camera = phone_camera(phone)
    if seed < 0:
        raise SimulationError(f"--seed {seed}: give 0 or more")
    if limit is not None and limit < 1:
        raise SimulationError(f"--limit {limit}: give 1 or more")
    target = Path(output)
    if target.exists():
        raise SimulationError(f"{target} exists: remove it, or choose another --output")
    names = sorted(photos)[:limit]
    times = zip(*_clocks(len(names), np.random.default_rng(seed)), strict=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    with new_folder(target) as root:
        sides = [(root / "phone", camera), (root / TARGET, DSLR)]
        for folder, _ in sides:
            folder.mkdir(parents=True)
        scenes = zip(names, times, strict=True)
        progress = counted(scenes, "shooting", "scene", len(names))
        for index, (name, shot_times) in enumerate(progress):
            for side, (folder, taker) in enumerate(sides):
                rng = np.random.default_rng([seed, index, side])
                try:
                    picture, _ = shoot(photos[name], taker, random_pose(rng), rng)
                except DatasetError as error:
                    raise SimulationError(f"{name}: {error}") from error
                path = folder / f"IMG_{FIRST_NUMBERS[side] + index:04}.jpg"
                _write(path, picture, taker, shot_times[side])
    return target


def _clocks(count: int, rng: np.random.Generator) -> list[list[datetime.datetime]]:
    """Return the time of each scene by the clock of the phone, and by the clock of the DSLR."""
    phone = np.cumsum(rng.uniform(*PAUSE, count))
    dslr = phone + rng.uniform(*LAG, count) + rng.uniform(-CLOCK_ERROR, CLOCK_ERROR)
    return [[START + datetime.timedelta(seconds=s) for s in side] for side in (phone, dslr)]


def _write(path: Path, picture: np.ndarray, camera: Camera, time: datetime.datetime) -> None:
    """Write a JPEG with EXIF.

    `develop` has compressed the picture with the same settings before, so this compression only
    adds rounding errors.
    """
    date = f"{time:%Y:%m:%d %H:%M:%S}"  # in whole seconds, as most cameras write
    exif = Image.Exif()
    exif[_MAKE], exif[_MODEL], exif[_CHANGED] = "virtual camera", camera.name, date
    exif.get_ifd(_EXIF_IFD).update({_TAKEN: date, _DIGITIZED: date})
    options = {"quality": camera.jpeg_quality, "subsampling": "4:2:0", "exif": exif}
    write_picture(path, picture, **options)


@dataclasses.dataclass(frozen=True)
class SimulatePhotosConfig:
    """Options of `python -m simulation.simulate_photos`."""

    phone: str = option(help=f"virtual phone: {', '.join(sorted(PHONES))}")
    output: str = option(help="folder to make; the command writes OUTPUT/phone and OUTPUT/canon")
    photos: str | None = option(
        None, "folder of JPEG and PNG photos; without it: photos that ship with scikit-image"
    )
    limit: int | None = option(None, "number of photos to shoot; without it: all")
    seed: int = option(0, "seed of all random choices")


def main(config: SimulatePhotosConfig) -> None:
    """Simulate a shoot."""
    phone_camera(config.phone)  # an unknown phone is an error before the photos are read
    photos = PhotoFolder(config.photos) if config.photos else shipped_photos()
    folder = simulate_shoot(photos, config.phone, config.output, config.seed, config.limit)
    count = len(list((folder / "phone").iterdir()))
    print(f"{plural(count, 'scene')} in {folder / 'phone'} and {folder / TARGET}")


if __name__ == "__main__":
    command_line.run(
        main,
        SimulatePhotosConfig,
        __doc__,
        errors=[DatasetError],
        prog="python -m simulation.simulate_photos",
    )
