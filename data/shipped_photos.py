"""Color photos that ship inside scikit-image's wheel, for demos and tests without a download."""

import importlib.util
from pathlib import Path

import imageio.v3 as iio
import numpy as np

# The wheel's everyday color photos. It also holds a second view of the motorcycle, which must not
# end up across a training/test split, and pictures from telescopes and microscopes.
FILES = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg")


def shipped_photos() -> dict[str, np.ndarray]:
    """The photos by name, uint8 RGB H×W×3, 451×300 to 741×500 pixels.

    They are read from the package's folder by path: nothing of scikit-image is imported, and
    nothing is downloaded.

    Raises:
        FileNotFoundError: scikit-image is not installed, or came without the photos.
    """
    package = importlib.util.find_spec("skimage")
    if package is None:
        raise FileNotFoundError("the shipped photos come with scikit-image: pip install it")
    folder = Path(package.origin).parent / "data"
    return {Path(name).stem: iio.imread(folder / name)[..., :3] for name in FILES}
