"""Color photos that ship inside dependencies, for demos and tests without a download."""

import importlib.util
from pathlib import Path

import imageio.v3 as iio
import numpy as np

# The everyday color photos of the package. The package also holds pictures from telescopes and
# microscopes, and a second view of the motorcycle. One view in the training part and the other in
# the test part would mix the two parts.
FILES = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg")


def shipped_photos() -> dict[str, np.ndarray]:
    """Return the photos by name, uint8 RGB H×W×3, 451×300 to 741×500 pixels.

    The files are read from the folder of the package: scikit-image is not imported, and nothing is
    downloaded.

    Raises:
        FileNotFoundError: scikit-image is not installed, or was installed without the photos.
    """
    folder = _folder("skimage", "scikit-image") / "data"
    return {Path(name).stem: iio.imread(folder / name)[..., :3] for name in FILES}


def shipped_portrait() -> dict[str, np.ndarray]:
    """Return the one photo that ships with Matplotlib, by name, uint8 RGB 606×512 pixels.

    Raises:
        FileNotFoundError: Matplotlib is not installed, or was installed without the photo.
    """
    folder = _folder("matplotlib", "Matplotlib") / "mpl-data" / "sample_data"
    return {"grace_hopper": iio.imread(folder / "grace_hopper.jpg")[..., :3]}


def _folder(package: str, name: str) -> Path:
    """Return the folder of an installed package, without an import of the package."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise FileNotFoundError(
            f"the shipped photos are part of {name}: install it with pip install {name.lower()}"
        )
    return Path(found.origin).parent
