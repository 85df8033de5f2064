"""Orientation in XMP alone, and the regions of faces of a photo that is turned."""

import re

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from photos import load_photo

HEAD = (
    "<x:xmpmeta xmlns:x='adobe:ns:meta/'>"
    "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
)
NAMES = (
    "xmlns:faces='http://www.metadataworkinggroup.com/schemas/regions/' "
    "xmlns:area='http://ns.adobe.com/xmp/sType/Area#' "
    "xmlns:dim='http://ns.adobe.com/xap/1.0/sType/Dimensions#'"
)
TAIL = "</rdf:RDF></x:xmpmeta>"
WIDTH, HEIGHT = 60, 40
FACE = (0.25, 0.75, 0.2, 0.1)  # center, width and height in the stored picture

AS_ATTRIBUTES = (
    "<rdf:Description {names}><faces:Regions>"
    "<faces:AppliedToDimensions dim:w='60' dim:h='40' dim:unit='pixel'/>"
    "<faces:Area area:x='{0}' area:y='{1}' area:w='{2}' area:h='{3}' area:unit='normalized'/>"
    "</faces:Regions></rdf:Description>"
)
AS_ELEMENTS = (
    "<rdf:Description {names}><faces:Regions>"
    "<faces:AppliedToDimensions rdf:parseType='Resource'><dim:w>60</dim:w><dim:h>40</dim:h>"
    "</faces:AppliedToDimensions><faces:Area rdf:parseType='Resource'>"
    "<area:x>{0}</area:x><area:y>{1}</area:y><area:w>{2}</area:w><area:h>{3}</area:h>"
    "</faces:Area></faces:Regions></rdf:Description>"
)
DESCRIBED = (
    "<rdf:Description {names}><faces:Regions>"
    "<faces:AppliedToDimensions><rdf:Description dim:w='60' dim:h='40'/>"
    "</faces:AppliedToDimensions><faces:Area>"
    "<rdf:Description area:x='{0}' area:y='{1}' area:w='{2}' area:h='{3}'/>"
    "</faces:Area></faces:Regions></rdf:Description>"
)


def write(path, packet, orientation=None):
    """Write a black picture with a white face."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    x, y, w, h = FACE
    top, left = round((y - h / 2) * HEIGHT), round((x - w / 2) * WIDTH)
    pixels[top : top + round(h * HEIGHT), left : left + round(w * WIDTH)] = 255
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    Image.fromarray(pixels).save(path, exif=exif, xmp=packet, lossless=True)


def areas(packet):
    """Return the numbers of the area, and the sides of the picture, in any form."""
    text = packet.decode()
    found = {}
    for name in ("area:x", "area:y", "area:w", "area:h", "dim:w", "dim:h"):
        (number,) = re.findall(rf"""{name}(?:=["']|>)([\d.]+)""", text)
        found[name] = float(number)
    return found


@pytest.mark.parametrize("form", [AS_ATTRIBUTES, AS_ELEMENTS, DESCRIBED])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_regions_turn_with_the_photo(tmp_path, form, orientation):
    packet = HEAD + form.format(*FACE, names=NAMES) + TAIL
    write(tmp_path / "x.webp", packet.encode(), orientation)
    photo = load_photo(tmp_path / "x.webp")
    found, (height, width) = areas(photo.xmp), photo.pixels.shape[:2]
    assert (found["dim:w"], found["dim:h"]) == (width, height)
    lines, columns = np.nonzero(photo.pixels[..., 0] > 128)
    center = (columns.mean() + 0.5) / width, (lines.mean() + 0.5) / height
    sides = np.ptp(columns) + 1, np.ptp(lines) + 1
    assert (found["area:x"], found["area:y"]) == pytest.approx(center, abs=1e-4)
    assert (found["area:w"] * width, found["area:h"] * height) == pytest.approx(sides)


@pytest.mark.parametrize("form", [AS_ATTRIBUTES, AS_ELEMENTS, DESCRIBED])
@pytest.mark.parametrize("face", [("left", 0.5, 0.1, 0.1), ("", "", "", "")])
def test_regions_that_make_no_sense_stay(tmp_path, form, face):
    packet = HEAD + form.format(*face, names=NAMES) + TAIL
    write(tmp_path / "x.webp", packet.encode(), 6)
    kept = load_photo(tmp_path / "x.webp").xmp.decode()
    for value in face[1:]:
        assert f"{value}" in kept


FORMS = {
    "attribute": '<rdf:Description {names} tiff:Orientation="6"/>',
    "single quotes": "<rdf:Description {names} tiff:Orientation='6'/>",
    "spaces": "<rdf:Description {names} tiff:Orientation = '6' />",
    "element": "<rdf:Description {names}><tiff:Orientation>6</tiff:Orientation></rdf:Description>",
    "tab": "<rdf:Description {names}><tiff:Orientation>\t6\t</tiff:Orientation></rdf:Description>",
    "prefix": "<rdf:Description xmlns:t='http://ns.adobe.com/tiff/1.0/' t:Orientation='6'/>",
}


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("code", ["utf-8", "utf-16"])
@pytest.mark.parametrize("form", FORMS)
def test_orientation_in_xmp_alone(tmp_path, form, code, suffix):
    if suffix == ".png" and code == "utf-16":
        pytest.skip("the text of a PNG is UTF-8")
    names = "xmlns:tiff='http://ns.adobe.com/tiff/1.0/'"
    path = tmp_path / f"x{suffix}"
    packet = (HEAD + FORMS[form].format(names=names) + TAIL).encode(code)
    if suffix == ".png":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", packet.decode())
        Image.new("RGB", (WIDTH, HEIGHT)).save(path, pnginfo=info)
    else:
        write(path, packet)
    photo = load_photo(path)
    assert photo.pixels.shape[:2] == (WIDTH, HEIGHT)
    assert b"Orientation" not in (photo.xmp or b"").replace(b"\0", b"")


def test_orientation_of_exif_wins(tmp_path):
    packet = HEAD + FORMS["single quotes"].format(
        names="xmlns:tiff='http://ns.adobe.com/tiff/1.0/'"
    )
    write(tmp_path / "x.jpg", (packet + TAIL).encode(), orientation=1)
    assert load_photo(tmp_path / "x.jpg").pixels.shape[:2] == (HEIGHT, WIDTH)
