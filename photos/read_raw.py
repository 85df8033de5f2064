"""Reader of raw files of cameras and phones, DNG among them, by rawpy (LibRaw).

A raw file is read as its camera rendered it: from the JPEG that the camera put into the file, if
that is as large as the photo. Otherwise LibRaw develops the photo with the camera's white balance.
"""

import contextlib
import io
from typing import Any, BinaryIO, cast

import numpy as np
from PIL import Image, ImageFile

from photos.exif import DETAILS, INTEROP, MAIN, ORIENTATION, SHORT, Exif
from photos.read_exif import ExifError, read_exif
from photos.tiff_tags import LAYOUT, XMP, YCBCR

_COLOR_SPACE = 0xA001
_ORIENTATIONS = {0: 1, 3: 3, 5: 8, 6: 6}  # EXIF's numbers of LibRaw's turns
_WHOLE = 0.9  # share of the photo's long side from which on a JPEG counts as the photo


class RawFile(ImageFile.ImageFile):
    """A raw file as Pillow's plugins give files, not turned."""

    format = "RAW"
    format_description = "raw file of a camera"

    def _open(self) -> None:
        import rawpy

        assert self.fp is not None
        try:
            self._raw: Any = rawpy.imread(cast(BinaryIO, self.fp))
        except rawpy.LibRawError as error:  # pyright: ignore[reportAttributeAccessIssue]
            raise SyntaxError(str(error)) from error
        sizes = self._raw.sizes
        if sizes.width * sizes.height > 2 * (Image.MAX_IMAGE_PIXELS or 0):  # as Pillow's `open`
            raise Image.DecompressionBombError
        self._size, self._mode = (sizes.width, sizes.height), "RGB"
        self._jpeg = self._whole_jpeg()
        if self._jpeg is not None:
            self._size, self._mode = self._jpeg.size, self._jpeg.mode
            self.info.update(self._jpeg.info)
        exif = self._exif_of_file()
        if self._jpeg is None:  # LibRaw develops sRGB, whatever the camera was set to
            exif.set_numbers(_COLOR_SPACE, 1, kind=SHORT, directory=DETAILS)
            exif.directories.pop(INTEROP, None)
        exif.set_numbers(ORIENTATION, _ORIENTATIONS.get(sizes.flip, 1), kind=SHORT)
        self.info["exif"] = exif.tobytes()
        self.tile = []

    def load(self) -> Any:
        """Decode the JPEG, or develop the photo."""
        if self._raw is not None:
            if self._jpeg is not None:
                pixels = self._jpeg
                pixels.load()
            else:
                developed = self._raw.postprocess(use_camera_wb=True, user_flip=0, output_bps=8)
                pixels = Image.fromarray(np.ascontiguousarray(developed))
            self._size, self._mode, self.im = pixels.size, pixels.mode, pixels.im
            self._raw.close()
            self._raw = self._jpeg = None
        return super().load()

    def _whole_jpeg(self) -> Image.Image | None:
        import rawpy

        with contextlib.suppress(Exception):  # no preview, or a damaged one
            found = self._raw.extract_thumb()
            if found.format == rawpy.ThumbFormat.JPEG:
                image = Image.open(io.BytesIO(found.data), formats=["JPEG"])
                if max(image.size) >= _WHOLE * max(self._size):
                    return image
        return None

    def _exif_of_file(self) -> Exif:
        """Return the EXIF of a file that begins as a TIFF does, or of the JPEG in it."""
        assert self.fp is not None
        with contextlib.suppress(ExifError):
            exif = read_exif(self.fp, (LAYOUT | YCBCR) - {XMP})[0]
            packet = exif.directories.get(MAIN, {}).pop(XMP, None)
            if packet is not None:
                self.info["xmp"] = packet.data
            return exif
        with contextlib.suppress(ExifError):
            return read_exif(self.info.get("exif", b""))[0]
        return Exif()
