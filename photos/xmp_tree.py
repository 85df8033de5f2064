"""A packet of XMP as a tree of elements, and the namespaces of their names."""

from collections.abc import Iterator
from xml.dom.minidom import Document, Element, Text

_ADOBE = "http://ns.adobe.com/"
PARTS_OF_GOOGLE = "http://ns.google.com/photos/"
TIFF, EXIF = f"{_ADOBE}tiff/1.0/", f"{_ADOBE}exif/1.0/"
CAMERA = f"{PARTS_OF_GOOGLE}1.0/camera/"
REGIONS = "http://www.metadataworkinggroup.com/schemas/regions/"
AREA = f"{_ADOBE}xmp/sType/Area#"
DIMENSIONS = f"{_ADOBE}xap/1.0/sType/Dimensions#"
# Prefixes of packets that do not declare them.
_USUAL = {
    "tiff": TIFF,
    "exif": EXIF,
    "xmp": f"{_ADOBE}xap/1.0/",
    "xmpNote": f"{_ADOBE}xmp/note/",
    "hdrgm": f"{_ADOBE}hdr-gain-map/1.0/",
    "GCamera": CAMERA,
    "Camera": CAMERA,
    "Container": f"{PARTS_OF_GOOGLE}1.0/container/",
    "GContainer": f"{PARTS_OF_GOOGLE}1.0/container/",
    "Item": f"{PARTS_OF_GOOGLE}1.0/container/item/",
    "GDepth": f"{PARTS_OF_GOOGLE}1.0/depthmap/",
    "GImage": f"{PARTS_OF_GOOGLE}1.0/image/",
    "GAudio": f"{PARTS_OF_GOOGLE}1.0/audio/",
    "mwg-rs": REGIONS,
    "stArea": AREA,
    "stDim": DIMENSIONS,
}

Scope = dict[str, str]  # the namespace of each prefix
Name = tuple[str, str]  # namespace, name


def elements_of(document: Document) -> Iterator[tuple[Element, Scope]]:
    """Yield the elements of a document, each with the namespaces of its prefixes."""
    scope = dict(_USUAL)
    waiting = [(node, scope) for node in document.childNodes if isinstance(node, Element)]
    while waiting:
        element, scope = waiting.pop()
        declared = {
            name[6:]: value for name, value in element.attributes.items() if name[:6] == "xmlns:"
        }
        scope = scope | declared if declared else scope
        yield element, scope
        waiting += [(node, scope) for node in element.childNodes if isinstance(node, Element)]


def resolved(name: str, scope: Scope) -> Name:
    """Return the namespace and the local name of a name with a prefix."""
    prefix, _, local = name.rpartition(":")
    return scope.get(prefix, ""), local


def values_of(element: Element, scope: Scope) -> dict[Name, str]:
    """Return the properties of an element, which are attributes or elements of text."""
    found = {resolved(name, scope): value for name, value in element.attributes.items()}
    for child in element.childNodes:
        if isinstance(child, Element) and all(isinstance(n, Text) for n in child.childNodes):
            text = "".join(node.data for node in child.childNodes if isinstance(node, Text))
            found[resolved(child.tagName, scope)] = text
    return found


def set_values(document: Document, element: Element, scope: Scope, values: dict[Name, str]) -> None:
    """Give properties of an element, which it has as attributes or as elements, other values."""
    for name in list(element.attributes.keys()):
        if (what := resolved(name, scope)) in values:
            element.setAttribute(name, values[what])
    for child in element.childNodes:
        if isinstance(child, Element) and (what := resolved(child.tagName, scope)) in values:
            child.childNodes[:] = []
            child.appendChild(document.createTextNode(values[what]))
