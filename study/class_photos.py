"""Photos of the classes: find the files, check them, and make the photos uniform."""

import itertools
from pathlib import Path

import numpy as np
from PIL import Image

from common.write_picture import write_picture
from photos import PhotoError, load_photo, photos_in
from photos.plain import srgb_pixels
from study.design import StudyError, check_name

QUALITY = 92  # JPEG quality, with 4:4:4 colors: no visible difference at 1:1
SMALLEST = 32  # pixels; smallest side of a photo
SHAPE_TOLERANCE = 0.01  # relative difference of aspect ratios that rounded crops can have
THUMBNAIL_SIDE = 48  # pixels; classes are compared at this size
# Smallest correlation of thumbnails. Enhanced photos have 0.8 and more, other scenes below 0.4.
SAME_SCENE = 0.5
MOST_NAMES = 5  # that an error message lists

ClassFiles = dict[str, dict[str, Path]]  # file by phone and scene


def find_class_files(folder: Path, phone: str) -> tuple[ClassFiles, bool]:
    """Find the photos of a class.

    Args:
        folder: folder of photos, or of one subfolder of photos for each phone.
        phone: name of the phone if the folder has no subfolders.

    Returns:
        The files by phone and scene, in the order of their names; whether subfolders exist.

    Raises:
        StudyError: there are no photos, there are photos beside subfolders of photos, two photos
            have one name, or a name is not safe on a page.
    """
    if not folder.is_dir():
        raise StudyError(f"{folder}: no such folder; give an existing folder of photos")
    below = {
        path.name: photos_in(path)
        for path in sorted(folder.iterdir())
        if path.is_dir() and not path.name.startswith(".")
    }
    below = {name: files for name, files in below.items() if files}
    here = photos_in(folder)
    if here and below:
        raise StudyError(
            f"{folder}: photos beside subfolders of photos ({', '.join(below)}): "
            "keep only the photos or only the subfolders"
        )
    if not here and not below:
        raise StudyError(f"{folder}: no photos in this folder")
    named = below or {phone: here}
    return {check_name(name, "phone"): _scenes(files) for name, files in named.items()}, bool(below)


def _scenes(files: list[Path]) -> dict[str, Path]:
    scenes: dict[str, Path] = {}
    for path in sorted(files, key=lambda path: _natural(path.stem)):
        name = check_name(path.stem, f"{path.parent}: photo")
        if name in scenes:
            raise StudyError(
                f"{path.parent}: {scenes[name].name} and {path.name} share a name: keep one of them"
            )
        scenes[name] = path
    return scenes


def _natural(name: str) -> list:
    """Return a sort key that puts 2 before 10."""
    parts = ("".join(group) for _, group in itertools.groupby(name, str.isdecimal))
    return [(int(part), "") if part.isdecimal() else (-1, part.casefold()) for part in parts]


def check_complete(found: dict[str, ClassFiles]) -> None:
    """Raise StudyError unless all classes with photos of a phone have the same photos."""
    for phone in dict.fromkeys(phone for phones in found.values() for phone in phones):
        having = {kind: phones[phone] for kind, phones in found.items() if phone in phones}
        if len(having) < 2:
            kind = next(iter(having))
            raise StudyError(
                f"{phone}: only class {kind} has photos of this phone: add photos of a second class"
            )
        everything = dict.fromkeys(scene for scenes in having.values() for scene in scenes)
        for kind, scenes in having.items():
            missing = [scene for scene in everything if scene not in scenes]
            if missing:
                more = ", …" if len(missing) > MOST_NAMES else ""
                raise StudyError(
                    f"class {kind} lacks {len(missing)} of {len(everything)} photos of {phone} "
                    f"that other classes have: {', '.join(missing[:MOST_NAMES])}{more}"
                )


def make_uniform(files: dict[str, Path], longest: int, unaligned: bool) -> dict[str, Image.Image]:
    """Read the classes of one photo and convert them to sRGB and to one size.

    Args:
        files: file of each class.
        longest: limit on width and height, pixels. Photos are never enlarged. They are shrunk to
            the size of the smallest one, and to the limit.
        unaligned: accept photos that do not seem to show the same scene.

    Returns:
        Photos by class, 8-bit RGB, all of one size, without metadata.

    Raises:
        StudyError: a file cannot be read, the shapes differ, or a photo shows another scene.
    """
    pictures = {kind: _read(path) for kind, path in files.items()}
    (first, reference), *others = pictures.items()
    for kind, picture in others:
        ratio = picture.width / picture.height / (reference.width / reference.height)
        if abs(ratio - 1) > SHAPE_TOLERANCE:
            raise StudyError(
                f"{files[kind]} is {_size(picture)} but {files[first]} is {_size(reference)}: "
                "all classes of a photo need one shape"
            )
    width, height = min((picture.size for picture in pictures.values()), key=lambda s: s[0] * s[1])
    scale = min(1.0, longest / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if min(size) < SMALLEST:
        raise StudyError(
            f"{files[first]}: {width}×{height} pixels are too few; each side needs {SMALLEST}"
        )
    if not unaligned:
        for kind, picture in others:
            found = _correlation(picture, reference)
            if found < SAME_SCENE:
                raise StudyError(
                    f"{files[kind]} does not seem to show what {files[first]} shows "
                    f"(correlation {found:.2f}): align the photos, or add --unaligned"
                )
    return {
        kind: picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)
        for kind, picture in pictures.items()
    }


def write_uniform(picture: Image.Image, path: Path) -> None:
    """Write a JPEG with the settings of all photos, without metadata."""
    write_picture(path, picture, quality=QUALITY, subsampling=0, optimize=True)


def _read(path: Path) -> Image.Image:
    try:
        pixels = srgb_pixels(load_photo(path))
    except PhotoError as error:
        raise StudyError(str(error)) from error
    if pixels.dtype == np.uint16:
        pixels = np.rint(pixels / 257).astype(np.uint8)
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    return Image.fromarray(pixels)


def _correlation(one: Image.Image, other: Image.Image) -> float:
    """Return the correlation of gray thumbnails; 1 if one of them is flat."""
    size = THUMBNAIL_SIDE, THUMBNAIL_SIDE
    first, second = (
        np.asarray(picture.convert("L").resize(size, Image.Resampling.BOX), float)
        for picture in (one, other)
    )
    if min(first.std(), second.std()) < 1:
        return 1.0
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def _size(picture: Image.Image) -> str:
    return f"{picture.width}×{picture.height}"
