"""XMP (ISO 16684-1) that stays true of an enhanced photo.

Properties go that describe how the photo was stored, or that point to what the result lacks: the
video of a motion photo, gain maps, depth maps, a second packet. All other properties stay.
"""

import re
from collections.abc import Iterator
from xml.dom import expatbuilder
from xml.dom.minidom import Document, Element, Node, Text

LARGEST = 1 << 20  # bytes; the tree of a packet takes some 50 times as much

_ADOBE, _GOOGLE = "http://ns.adobe.com/", "http://ns.google.com/photos/"
_TIFF, _EXIF = f"{_ADOBE}tiff/1.0/", f"{_ADOBE}exif/1.0/"
_CAMERA = f"{_GOOGLE}1.0/camera/"
# Namespaces all of whose properties describe parts of the file that the result lacks.
_PARTS = (
    f"{_ADOBE}hdr-gain-map/",
    "http://ns.apple.com/HDRGainMap/",
    "http://ns.apple.com/HDRToneMap/",
    f"{_GOOGLE}1.0/container/",
    f"{_GOOGLE}1.0/depthmap/",
    f"{_GOOGLE}1.0/image/",
    f"{_GOOGLE}1.0/audio/",
    f"{_GOOGLE}dd/1.0/",
    "http://ns.xiaomi.com/photos/1.0/camera/",
    "http://ns.oppo.com/photos/1.0/camera/",
    "http://ns.vivo.com/photos/1.0/camera/",
)
# Letters for private use that stand for tab, line feed and return while a packet is a tree.
_HIDDEN = {0x9: "\ue000", 0xA: "\ue001", 0xD: "\ue002"}
_CAMERA_PARTS = re.compile(r"MotionPhoto|MicroVideo")
_STALE = {
    (_TIFF, "Orientation"),
    (f"{_ADOBE}xmp/note/", "HasExtendedXMP"),
    (f"{_ADOBE}xap/1.0/", "Thumbnails"),
}
_SIZES = {  # index of the side
    (_TIFF, "ImageWidth"): 0,
    (_TIFF, "ImageLength"): 1,
    (_EXIF, "PixelXDimension"): 0,
    (_EXIF, "PixelYDimension"): 1,
}
# Prefixes of packets that do not declare them.
_USUAL = {
    "tiff": _TIFF,
    "exif": _EXIF,
    "xmp": f"{_ADOBE}xap/1.0/",
    "xmpNote": f"{_ADOBE}xmp/note/",
    "hdrgm": f"{_ADOBE}hdr-gain-map/1.0/",
    "GCamera": _CAMERA,
    "Camera": _CAMERA,
    "Container": f"{_GOOGLE}1.0/container/",
    "GContainer": f"{_GOOGLE}1.0/container/",
    "Item": f"{_GOOGLE}1.0/container/item/",
    "GDepth": f"{_GOOGLE}1.0/depthmap/",
    "GImage": f"{_GOOGLE}1.0/image/",
    "GAudio": f"{_GOOGLE}1.0/audio/",
}


class XmpError(ValueError):
    """A packet that is no XML, or too large."""


def kept_xmp(packet: bytes, size: tuple[int, int]) -> bytes | None:
    """Return a packet that stays true of an enhanced photo.

    Args:
        packet: The packet.
        size: Width and height of the upright photo, pixels.

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
        if b"<!DOCTYPE" in packet:  # before its entities grow
            raise ValueError("a document type")
        document = expatbuilder.parseString(_hidden_spaces(packet), namespaces=False)
        if document.doctype is not None:  # in UTF-16
            raise ValueError("a document type")
        if not _clean(document, size):
            return packet
        _drop_unused_prefixes(document)
        written = b"".join(node.toxml("utf-8") for node in document.childNodes)
        for code, letter in _HIDDEN.items():
            written = written.replace(letter.encode(), f"&#x{code:X};".encode())
        return written
    except Exception as error:  # damage, or nesting beyond what Python allows
        raise XmpError("XMP, which is damaged") from error


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
    for element, scope in list(_elements(document, dict(_USUAL))):
        for name, value in list(element.attributes.items()):
            what = _resolved(name, scope)
            if _is_stale(*what):
                element.removeAttribute(name)
                changed = True
            elif what in _SIZES and value != str(size[_SIZES[what]]):
                element.setAttribute(name, str(size[_SIZES[what]]))
                changed = True
        what = _resolved(element.tagName, scope)
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


def _elements(
    document: Document, scope: dict[str, str]
) -> Iterator[tuple[Element, dict[str, str]]]:
    """Yield the elements of a document, each with the namespaces of its prefixes."""
    waiting = [(node, scope) for node in document.childNodes if isinstance(node, Element)]
    while waiting:
        element, scope = waiting.pop()
        declared = {
            name[6:]: value for name, value in element.attributes.items() if name[:6] == "xmlns:"
        }
        scope = scope | declared if declared else scope
        yield element, scope
        waiting += [(node, scope) for node in element.childNodes if isinstance(node, Element)]


def _resolved(name: str, scope: dict[str, str]) -> tuple[str, str]:
    prefix, _, local = name.rpartition(":")
    return scope.get(prefix, ""), local


def _is_stale(namespace: str, name: str) -> bool:
    if namespace == _CAMERA and _CAMERA_PARTS.match(name):
        return True
    return namespace.startswith(_PARTS) or (namespace, name) in _STALE


def _drop_unused_prefixes(document: Document) -> None:
    elements = [element for element, _ in _elements(document, {})]
    names = {name for e in elements for name in (e.tagName, *e.attributes.keys())}
    used = {name.split(":")[0] for name in names if not name.startswith("xmlns:")}
    for element in elements:
        for name in list(element.attributes.keys()):
            if name.startswith("xmlns:") and name[6:] not in used:
                element.removeAttribute(name)
