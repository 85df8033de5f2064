"""EXIF blocks byte by byte, for tests: a builder and a reader apart from the project's own."""

import struct

DETAILS, GPS, INTEROP = 0x8769, 0x8825, 0xA005
# Bytes a value, by type.
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}


def build(main, details=None, gps=None, order="<", shift=0):
    """Return a block of directories `{tag: (type, count, data)}`; data may contradict the count.

    The data of an entry may also be an int: an offset that is written as it is. `shift` is added to
    the other offsets.
    """
    parts, at = [], 8

    def directory(tags, children):
        nonlocal at
        start, at = at, at + 6 + 12 * (len(tags) + len(children))
        head, values = struct.pack(order + "H", len(tags) + len(children)), b""
        entries = [*tags.items(), *((tag, (4, 1, child)) for tag, child in children.items())]
        for tag, (kind, count, data) in sorted(entries, key=lambda entry: entry[0]):
            if isinstance(data, int):
                held = struct.pack(order + "I", data)
            elif len(data) <= 4:
                held = data.ljust(4, b"\0")
            else:
                held = struct.pack(order + "I", at + shift + len(values))
                values += data + b"\0" * (len(data) % 2)
            head += struct.pack(order + "HHI", tag, kind, count) + held
        parts.append(head + bytes(4) + values)
        at += len(values)
        return start

    children = {}
    for tag, tags in ((DETAILS, details), (GPS, gps)):
        if tags:
            children[tag] = directory(tags, {})
    first = directory(main, children)
    magic = b"II*\0" if order == "<" else b"MM\0*"
    return magic + struct.pack(order + "I", first) + b"".join(parts)


def parse(block):
    """Return the directories of a block, `{number: {tag: (type, count, data)}}`; 0 is the first."""
    block = block.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}[block[:2]]
    found, places = {}, {0: struct.unpack_from(order + "I", block, 4)[0]}
    while places:
        number, place = places.popitem()
        found[number] = {}
        (count,) = struct.unpack_from(order + "H", block, place)
        tags = []
        for at in range(place + 2, place + 2 + 12 * count, 12):
            tag, kind, values, pointer = struct.unpack_from(order + "HHII", block, at)
            tags.append(tag)
            if tag in (DETAILS, GPS, INTEROP) and kind == 4:
                places[tag] = pointer
                continue
            size = SIZES[kind] * values
            start = pointer if size > 4 else at + 8
            assert start + size <= len(block)
            found[number][tag] = (kind, values, block[start : start + size])
        assert tags == sorted(set(tags))
    return found


def value(kind, count, seed=0):
    """Return an entry of `count` values of a type."""
    size = SIZES[kind] * count
    data = bytes((seed + 37 * n) % 255 + 1 for n in range(size))
    return kind, count, data
