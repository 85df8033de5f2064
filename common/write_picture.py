"""Writing of pictures in any format of Pillow."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from common.atomic_files import naming


def write_picture(path: Path, picture: np.ndarray | Image.Image, **options: Any) -> None:
    """Write a picture to a file; the suffix decides the format.

    Pillow 13 writes to files from C and does not notice that a full disk took only a part. So it
    writes to memory here.

    Args:
        path: The file.
        picture: uint8 `(H, W)` or `(H, W, 3)`, or an image.
        options: Pillow's options for the format.

    Raises:
        OSError: The file cannot be written whole.
    """
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    encoded = io.BytesIO()
    Image.init()
    image.save(encoded, Image.EXTENSION[path.suffix.lower()], **options)
    with naming(path):
        path.write_bytes(encoded.getvalue())
