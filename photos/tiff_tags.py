"""The tags of a TIFF's main directory that do not describe the photo: TIFF 6.0 and supplements."""

XMP, PROFILE, IPTC, RESOURCES, LAYERS = 700, 34675, 33723, 34377, 37724

# How the file stores its pixels, and what `Photo` holds elsewhere. Any file may have them in EXIF.
LAYOUT = frozenset(
    {
        *(*range(254, 267), 273, 277, 278, 279, 280, 281, 284, *range(288, 294), 297, 317),
        *(*range(320, 327), *range(328, 335), 336, *range(338, 352), *range(400, 406)),
        *(*range(433, 436), *range(512, 522), 559, 33421, 33422, XMP, PROFILE, LAYERS),
    }
)
YCBCR = frozenset(range(529, 533))  # in a TIFF, they describe its own pixels

DNG_VERSION, DNG = 50706, frozenset(range(50706, 52600))  # Adobe, DNG 1.7
DNG_CAMERA = frozenset({50708, 50735, 50736, 50827})  # which camera and lens took the photo

# Where the pixels are: GeoTIFF 1.1, RPC coefficients, GDAL.
GEO = frozenset({33550, 33922, 34264, 34735, 34736, 34737, 42112, 50844})
