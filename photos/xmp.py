"""XMP (ISO 16684-1) that stays true of an enhanced photo.

Properties go that describe how the photo was stored, or that point to what the result lacks: the
video of a motion photo, gain maps, depth maps, a second packet. All other properties stay.
"""

import re
from xml.dom import expatbuilder
from xml.dom.minidom import Document, Node, Text

from photos.xmp_regions import turn_regions
from photos.xmp_tree import CAMERA, EXIF, PARTS_OF_GOOGLE, TIFF, elements_of, resolved, values_of

LARGEST = 1 << 20  # bytes; the tree of a packet takes some 50 times as much

_ADOBE = "http://ns.adobe.com/"
# Namespaces all of whose properties describe parts of the file that the result lacks.
_PARTS = (
    f"{_ADOBE}hdr-gain-map/",
    "http://ns.apple.com/HDRGainMap/",
    "http://ns.apple.com/HDRToneMap/",
    f"{PARTS_OF_GOOGLE}1.0/container/",
    f"{PARTS_OF_GOOGLE}1.0/depthmap/",
    f"{PARTS_OF_GOOGLE}1.0/image/",
    f"{PARTS_OF_GOOGLE}1.0/audio/",
    f"{PARTS_OF_GOOGLE}dd/1.0/",
    "http://ns.xiaomi.com/photos/1.0/camera/",
    "http://ns.oppo.com/photos/1.0/camera/",
    "http://ns.vivo.com/photos/1.0/camera/",
)
# Letters for private use that stand for tab, line feed and return while a packet is a tree.
_HIDDEN = {0x9: "\ue000", 0xA: "\ue001", 0xD: "\ue002"}
_CAMERA_PARTS = re.compile(r"MotionPhoto|MicroVideo")
_STALE = {
    (TIFF, "Orientation"),
    (f"{_ADOBE}xmp/note/", "HasExtendedXMP"),
    (f"{_ADOBE}xap/1.0/", "Thumbnails"),
}
_SIZES = {  # index of the side
    (TIFF, "ImageWidth"): 0,
    (TIFF, "ImageLength"): 1,
    (EXIF, "PixelXDimension"): 0,
    (EXIF, "PixelYDimension"): 1,
}


class XmpError(ValueError):
    """A packet that is no XML, or too large."""


def kept_xmp(packet: bytes, size: tuple[int, int], turned: int = 1) -> bytes | None:
    """Return a packet that stays true of an enhanced photo.

    Args:
        packet: The packet.
        size: Width and height of the upright photo, pixels.
        turned: The orientation of the file; the regions of faces turn with the photo.

    Returns:
        UTF-8; the packet itself where nothing is to be changed, or None for an empty one.

    Raises:
        XmpError: The packet is damaged or too large.
    """
    if not packet.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16, which has zeros
        packet = packet.rstrip(b"\0 \r\n\t")
    if not packet:
        return None
    if len(packet) > LARGEST:
        raise XmpError("XMP above 1 MB")
    try:
        document = _tree(packet)
        cleaned, moved = _clean(document, size), turn_regions(document, turned)
        if not cleaned and not moved:
            return packet
        _drop_unused_prefixes(document)
        written = b"".join(node.toxml("utf-8") for node in document.childNodes)
        for code, letter in _HIDDEN.items():
            written = written.replace(letter.encode(), f"&#x{code:X};".encode())
        return written
    except Exception as error:  # damage, or nesting beyond what Python allows
        raise XmpError("XMP, which is damaged") from error


def orientation_of_xmp(packet: bytes) -> int | None:
    """Return the orientation that a packet gives, or None; a damaged packet gives none."""
    if b"Orientation" not in packet.replace(b"\0", b"") or len(packet) > LARGEST:
        return None
    try:
        for element, scope in elements_of(_tree(packet)):
            value = values_of(element, scope).get((TIFF, "Orientation"), "")
            if value.strip().isdecimal():
                return int(value)
    except Exception:  # damage, or nesting beyond what Python allows
        return None
    return None


def _tree(packet: bytes) -> Document:
    if b"<!DOCTYPE" in packet:  # before its entities grow
        raise ValueError("a document type")
    document = expatbuilder.parseString(_hidden_spaces(packet), namespaces=False)
    if document.doctype is not None:  # in UTF-16
        raise ValueError("a document type")
    return document


def _hidden_spaces(packet: bytes) -> bytes:
    """Put the letters of `_HIDDEN` in the place of references to these characters.

    minidom would write the characters themselves, which an attribute does not hold (XML 1.0,
    section 3.3.3).
    """
    if packet.startswith((b"\xff\xfe", b"\xfe\xff")):
        return packet

    def hidden(found: re.Match[bytes]) -> bytes:
        return _HIDDEN[int(found[1], 16) if found[1] else int(found[2])].encode()

    return re.sub(rb"&#(?:x0*([9aAdD])|0*(9|10|13));", hidden, packet)


def _clean(document: Document, size: tuple[int, int]) -> bool:
    """Remove and correct properties; return whether there were any."""
    changed = False
    for element, scope in list(elements_of(document)):
        for name, value in list(element.attributes.items()):
            what = resolved(name, scope)
            if _is_stale(*what):
                element.removeAttribute(name)
                changed = True
            elif what in _SIZES and value != str(size[_SIZES[what]]):
                element.setAttribute(name, str(size[_SIZES[what]]))
                changed = True
        what = resolved(element.tagName, scope)
        if _is_stale(*what) and element.parentNode is not None:
            element.parentNode.removeChild(element)
            changed = True
        elif what in _SIZES and all(n.nodeType == Node.TEXT_NODE for n in element.childNodes):
            number = document.createTextNode(str(size[_SIZES[what]]))
            texts = [node.data for node in element.childNodes if isinstance(node, Text)]
            changed |= "".join(texts).strip() != number.data
            element.childNodes[:] = []
            element.appendChild(number)
    return changed


def _is_stale(namespace: str, name: str) -> bool:
    if namespace == CAMERA and _CAMERA_PARTS.match(name):
        return True
    return namespace.startswith(_PARTS) or (namespace, name) in _STALE


def _drop_unused_prefixes(document: Document) -> None:
    elements = [element for element, _ in elements_of(document)]
    names = {name for e in elements for name in (e.tagName, *e.attributes.keys())}
    used = {name.split(":")[0] for name in names if not name.startswith("xmlns:")}
    for element in elements:
        for name in list(element.attributes.keys()):
            if name.startswith("xmlns:") and name[6:] not in used:
                element.removeAttribute(name)
