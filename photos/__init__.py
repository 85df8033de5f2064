"""Photo files in and out, with everything that a camera wrote into them.

`load_photo` and `save_photo` keep depth, alpha, gray, color profile and metadata, in a `Photo`.
`read_photo` and `write_photo` are for code that needs 8-bit RGB only. `formats.py` holds the table
of formats. `batches/` enhances many files.
"""

from photos.decoding import load_photo
from photos.encoding import save_photo
from photos.files import PhotoError, opened
from photos.formats import PHOTO_SUFFIXES, WRITTEN_SUFFIXES
from photos.header import Header, read_header
from photos.listing import list_photos, photos_in
from photos.metadata import camera_of, camera_of_file
from photos.photo import Photo
from photos.plain import color_profile, read_photo, write_photo

__all__ = [
    "PHOTO_SUFFIXES",
    "WRITTEN_SUFFIXES",
    "Header",
    "Photo",
    "PhotoError",
    "camera_of",
    "camera_of_file",
    "color_profile",
    "list_photos",
    "load_photo",
    "opened",
    "photos_in",
    "read_header",
    "read_photo",
    "save_photo",
    "write_photo",
]
