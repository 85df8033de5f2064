"""The photos of a study: found, checked against each other, made alike but for their content."""

import itertools
from pathlib import Path

import numpy as np
from PIL import Image

from photos import PhotoError, load_photo, photos_in
from photos.plain import srgb_pixels
from study.design import check_name
from study.study_error import StudyError

QUALITY = 92  # of the JPEGs, with 4:4:4 colours: no difference to see at 1:1
SMALLEST = 32  # pixels a side
SHAPES = 0.01  # relative difference of aspect ratios that rounding a crop can explain
THUMBNAIL = 48  # pixels a side, at which classes are compared
SAME_SCENE = (
    0.5  # correlation of thumbnails; enhancement leaves 0.8 and more, other scenes below 0.4
)
_NAMED = 5

Found = dict[str, dict[str, Path]]  # phone: scene: file


def find_photos(folder: Path, phone: str) -> tuple[Found, bool]:
    """The photos of a class.

    Args:
        folder: holds photos, or one sub-folder of photos for each phone.
        phone: what the phone is called if the folder holds the photos themselves.

    Returns:
        The files by phone and scene, in the order of their names; whether there are sub-folders.

    Raises:
        StudyError: there are no photos, both kinds at once, two of one name, or a name that cannot
            be shown.
    """
    if not folder.is_dir():
        raise StudyError(f"{folder}: no such folder")
    below = {
        path.name: photos_in(path)
        for path in sorted(folder.iterdir())
        if path.is_dir() and not path.name.startswith(".")
    }
    below = {name: files for name, files in below.items() if files}
    here = photos_in(folder)
    if here and below:
        raise StudyError(
            f"{folder}: photos and also folders of photos ({', '.join(below)}): keep either"
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
            raise StudyError(f"{path.parent}: {scenes[name].name} and {path.name}: keep one")
        scenes[name] = path
    return scenes


def _natural(name: str) -> list:
    """So that 2 comes before 10."""
    parts = ("".join(group) for _, group in itertools.groupby(name, str.isdecimal))
    return [(int(part), "") if part.isdecimal() else (-1, part.casefold()) for part in parts]


def check_names(found: dict[str, Found]) -> None:
    """Raise StudyError unless the classes that have a phone have the same photos of it."""
    for phone in dict.fromkeys(phone for phones in found.values() for phone in phones):
        having = {kind: phones[phone] for kind, phones in found.items() if phone in phones}
        if len(having) < 2:
            kind = next(iter(having))
            raise StudyError(
                f"{phone}: only class {kind} has photos of it: nothing to compare with"
            )
        everything = dict.fromkeys(scene for scenes in having.values() for scene in scenes)
        for kind, scenes in having.items():
            missing = [scene for scene in everything if scene not in scenes]
            if missing:
                more = ", …" if len(missing) > _NAMED else ""
                raise StudyError(
                    f"class {kind} lacks {len(missing)} of {len(everything)} photos of {phone} "
                    f"that others have: {', '.join(missing[:_NAMED])}{more}"
                )


def alike(files: dict[str, Path], longest: int, unaligned: bool) -> dict[str, Image.Image]:
    """The classes of one photo, in sRGB and of one size, ready to be encoded.

    Args:
        files: by class.
        longest: limit on width and height, pixels. Pictures are only ever made smaller: to the
            limit, or to the smallest among them.
        unaligned: accept pictures that do not seem to show the same.

    Returns:
        By class, 8-bit RGB, all of one size, without metadata.

    Raises:
        StudyError: a file cannot be read, the shapes differ, or a picture shows something else.
    """
    pictures = {kind: _read(path) for kind, path in files.items()}
    (first, reference), *others = pictures.items()
    for kind, picture in others:
        ratio = picture.width / picture.height / (reference.width / reference.height)
        if abs(ratio - 1) > SHAPES:
            raise StudyError(
                f"{files[kind]} is {_size(picture)} but {files[first]} is {_size(reference)}: "
                "classes need the same size, or the same aligned crop"
            )
    width, height = min((picture.size for picture in pictures.values()), key=lambda s: s[0] * s[1])
    scale = min(1.0, longest / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if min(size) < SMALLEST:
        raise StudyError(f"{files[first]}: {width}×{height} is too small to judge")
    if not unaligned:
        for kind, picture in others:
            found = _correlation(picture, reference)
            if found < SAME_SCENE:
                raise StudyError(
                    f"{files[kind]} does not seem to show what {files[first]} shows "
                    f"(correlation {found:.2f}): align them, or say --unaligned"
                )
    return {
        kind: picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)
        for kind, picture in pictures.items()
    }


def encode(picture: Image.Image, path: Path) -> None:
    """Write a picture as JPEG, as all of them are: nothing but pixels in it."""
    picture.save(path, "JPEG", quality=QUALITY, subsampling=0, optimize=True)


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
    """Of gray thumbnails; 1 where one of them is flat."""
    grays = [
        np.asarray(picture.convert("L").resize((THUMBNAIL,) * 2, Image.Resampling.BOX), float)
        for picture in (one, other)
    ]
    if min(gray.std() for gray in grays) < 1:
        return 1.0
    return float(np.corrcoef(*(gray.ravel() for gray in grays))[0, 1])


def _size(picture: Image.Image) -> str:
    return f"{picture.width}×{picture.height}"
