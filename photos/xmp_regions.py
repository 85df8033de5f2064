"""Regions of faces and subjects in XMP, which turn with the photo.

Cameras write regions for the picture as it is stored (Metadata Working Group, Guidelines for
Handling Image Metadata 2.0, section 5.9). A result is stored upright.
"""

from xml.dom.minidom import Document

from photos.xmp_tree import AREA, DIMENSIONS, REGIONS, elements_of, resolved, set_values, values_of

_PLACES = {  # for each orientation, the upright center of a region from its stored center
    2: lambda x, y: (1 - x, y),
    3: lambda x, y: (1 - x, 1 - y),
    4: lambda x, y: (x, 1 - y),
    5: lambda x, y: (y, x),
    6: lambda x, y: (1 - y, x),
    7: lambda x, y: (1 - y, 1 - x),
    8: lambda x, y: (y, 1 - x),
}


def turn_regions(document: Document, turned: int) -> bool:
    """Turn the regions of a packet.

    Args:
        document: The packet, which is changed.
        turned: The EXIF orientation of the file, 1 to 8.

    Returns:
        Whether there were any regions to turn.
    """
    if turned not in _PLACES:
        return False
    changed = False
    for element, scope in list(elements_of(document)):
        values, kind = values_of(element, scope), resolved(element.tagName, scope)
        # The properties stand in an element of that name, or in a description inside the element.
        inside = getattr(element.parentNode, "tagName", "")
        kinds = {kind, resolved(inside, scope)}
        if (REGIONS, "AppliedToDimensions") in kinds:
            sides = (DIMENSIONS, "w"), (DIMENSIONS, "h")
            if turned >= 5 and all(side in values for side in sides):
                swapped = dict(zip(sides, (values[sides[1]], values[sides[0]]), strict=True))
                set_values(document, element, scope, swapped)
                changed = True
        elif (AREA, "x") in values and (AREA, "y") in values:
            moved = _turned_area({n: v for (ns, n), v in values.items() if ns == AREA}, turned)
            named = {(AREA, name): value for name, value in moved.items()}
            set_values(document, element, scope, named)
            changed |= bool(named)
    return changed


def _turned_area(area: dict[str, str], turned: int) -> dict[str, str]:
    """Return the upright center and sides of an area; nothing where they make no sense."""
    if area.get("unit", "normalized").strip() != "normalized":
        return {}
    try:
        x, y = _PLACES[turned](float(area["x"]), float(area["y"]))
    except ValueError:
        return {}
    moved = {"x": f"{x:.6g}", "y": f"{y:.6g}"}
    if turned >= 5 and "w" in area and "h" in area:
        moved |= {"w": area["h"], "h": area["w"]}
    return moved
