"""Photo files in and out, with all that a camera wrote into them.

`read_photo` and `write_photo` are the plain way: 8-bit RGB. `load_photo` and `save_photo` keep
depth, alpha, gray, profile and metadata, in a `Photo`.
"""

from photo_files.decoding import load_photo
from photo_files.encoding import save_photo
from photo_files.files import PHOTO_SUFFIXES, PhotoError, opened, photos_in
from photo_files.header import Header, read_header
from photo_files.photo import Photo
from photo_files.plain import color_profile, read_photo, write_photo

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
