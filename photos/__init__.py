"""Photo files in and out, with all that a camera wrote into them.

`read_photo` and `write_photo` are the plain way: 8-bit RGB. `load_photo` and `save_photo` keep
depth, alpha, gray, profile and metadata, in a `Photo`.
"""

from photos.decoding import load_photo
from photos.encoding import save_photo
from photos.files import PHOTO_SUFFIXES, PhotoError, opened, photos_in
from photos.header import Header, read_header
from photos.photo import Photo
from photos.plain import color_profile, read_photo, write_photo

__all__ = [
    "PHOTO_SUFFIXES",
    "Header",
    "Photo",
    "PhotoError",
    "color_profile",
    "load_photo",
    "opened",
    "photos_in",
    "read_header",
    "read_photo",
    "save_photo",
    "write_photo",
]
