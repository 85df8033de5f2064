"""Color photos that ship with scikit-image, for demos and tests without a download."""

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
    package = importlib.util.find_spec("skimage")
    if package is None or package.origin is None:
        raise FileNotFoundError(
            "the shipped photos are part of scikit-image: install it with pip install scikit-image"
        )
    folder = Path(package.origin).parent / "data"
    return {Path(name).stem: iio.imread(folder / name)[..., :3] for name in FILES}
