"""A shoot that never took place: whole photos of a virtual phone and a virtual DSLR.

    python -m simulation.simulate_photos --phone generic --photos FOLDER --output shoot

writes shoot/phone and shoot/canon as a person would bring them home, for `python -m align`.
"""

import dataclasses
import datetime
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from common import command_line
from common.command_line import option
from common.layout import TARGET
from data.layout import DatasetError
from data.photo_folder import PhotoFolder
from data.shipped_photos import shipped_photos
from simulation.cameras import DSLR, PHONES, Camera, SimulationError, phone_camera
from simulation.geometry import random_pose
from simulation.shooting import shoot

FIRST_NUMBERS = 1, 4021  # of the phone's and the DSLR's files: their counters know nothing of it
START = datetime.datetime(2024, 5, 4, 10, 12, 40)  # by the phone's clock
PAUSE = 20.0, 120.0  # seconds from scene to scene, uniform
LAG = 0.0, 4.0  # seconds from the phone's shutter to the DSLR's, uniform
CLOCK_ERROR = 2 * 3600.0  # seconds, the most by which the DSLR's clock is wrong

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

    Both cameras are held by hand: each picture has a pose of its own, and its own noise and
    exposure. Pictures have the photo's resolution, so that a photo of 1024×680 gives a phone's
    picture of about 760×570.

        OUTPUT/phone/IMG_0001.jpg …    JPEG of the camera's own quality, with EXIF capture time
        OUTPUT/canon/IMG_4021.jpg …    the same scenes; the DSLR's clock is up to two hours off,
                                       and its shutter opens up to four seconds later

    The folder appears complete or not at all. The same arguments give the same bytes.

    Args:
        photos: by name, uint8 RGB H×W×3; shot in the order of their names.
        phone: name of a virtual phone, or its parameters.
        output: the folder to make.
        seed: of all random choices; 0 or more.
        limit: number of photos to shoot, the first by name; None for all.

    Returns:
        OUTPUT.

    Raises:
        SimulationError: unknown phone; a photo cannot be read, is not uint8 H×W×3, or is below 128
            pixels; seed or limit out of range; OUTPUT exists.
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
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as temporary:
        root = Path(temporary) / target.name
        sides = [(root / "phone", camera), (root / TARGET, DSLR)]
        for folder, _ in sides:
            folder.mkdir(parents=True)
        progress = tqdm(zip(names, times, strict=True), "shooting", len(names), disable=None)
        for index, (name, moments) in enumerate(progress):
            for side, (folder, taker) in enumerate(sides):
                rng = np.random.default_rng([seed, index, side])
                try:
                    picture, _ = shoot(photos[name], taker, random_pose(rng), rng)
                except DatasetError as error:
                    raise SimulationError(f"{name}: {error}") from error
                path = folder / f"IMG_{FIRST_NUMBERS[side] + index:04}.jpg"
                _write(path, picture, taker, moments[side])
        root.rename(target)
    return target


def _clocks(count, rng):
    """When each scene was shot, by the phone's clock and by the DSLR's."""
    phone = np.cumsum(rng.uniform(*PAUSE, count))
    dslr = phone + rng.uniform(*LAG, count) + rng.uniform(-CLOCK_ERROR, CLOCK_ERROR)
    return [[START + datetime.timedelta(seconds=s) for s in side] for side in (phone, dslr)]


def _write(path, picture, camera, moment):
    """As JPEG with EXIF. `develop` has compressed it with these very settings, so no more is lost
    than rounding.
    """  # noqa: D205
    date = f"{moment:%Y:%m:%d %H:%M:%S}"  # whole seconds, as most cameras write
    exif = Image.Exif()
    exif[_MAKE], exif[_MODEL], exif[_CHANGED] = "virtual camera", camera.name, date
    exif.get_ifd(_EXIF_IFD).update({_TAKEN: date, _DIGITIZED: date})
    options = {"quality": camera.jpeg_quality, "subsampling": "4:2:0", "exif": exif}
    Image.fromarray(picture).save(path, **options)


@dataclasses.dataclass(frozen=True)
class ShootConfig:
    """Command line of `python -m simulation.simulate_photos`."""

    phone: str = option(help=f"virtual phone: {', '.join(sorted(PHONES))}")
    output: str = option(help="folder to make, with phone/ and canon/ in it")
    photos: str | None = option(None, "folder of JPEG and PNG photos; none: shipped ones")
    limit: int | None = option(None, "how many of the photos to shoot; none: all")
    seed: int = option(0, "seed of all random choices")


def main(config: ShootConfig) -> None:
    """Simulate the shoot that the command line asks for."""
    phone_camera(config.phone)  # fail before the photos are read
    photos = PhotoFolder(config.photos) if config.photos else shipped_photos()
    folder = simulate_shoot(photos, config.phone, config.output, config.seed, config.limit)
    count = len(list((folder / "phone").iterdir()))
    print(f"{count} scenes in {folder / 'phone'} and {folder / TARGET}")


if __name__ == "__main__":
    command_line.run(
        main,
        ShootConfig,
        __doc__,
        errors=[DatasetError],
        prog="python -m simulation.simulate_photos",
    )
