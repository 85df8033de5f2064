"""Metadata: every tag of every type, what is damaged, and what only some formats hold."""

import io
import struct
import warnings
import zlib

import exif_blocks
import numpy as np
import pytest
from exif_blocks import DETAILS, GPS, SIZES
from fake_photos import noise
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from photos import Photo, camera_of_file, load_photo, save_photo
from photos.exif import PREFIX
from photos.photo import Encoding, Notes
from photos.read_exif import read_exif
from photos.tiff_tags import LAYOUT, YCBCR

ORIENTATION, MAKER, RATING, HOST, XP_KEYWORDS = 0x0112, 0x010F, 0x4746, 0x013C, 0x9C9E
MAKER_NOTE, USER_COMMENT = 0x927C, 0x9286
POINTERS = {DETAILS, GPS, 0xA005}
SUFFIXES = (".jpg", ".png", ".webp", ".tif", ".heic", ".avif")
MAIN_TAGS = set(ExifTags.TAGS) - LAYOUT - YCBCR - POINTERS - {ORIENTATION}
MAIN_TAGS -= {34377, *range(50706, 52600)}  # resources of Photoshop; tags of DNG files
DETAIL_TAGS = set(ExifTags.TAGS) - POINTERS - {0xA002, 0xA003, ORIENTATION}


def write(path, block, seed=0):
    """Write a small photo with an EXIF block."""
    image = Image.fromarray(noise(3, np.uint8, 16, 24))
    if path.suffix == ".tif":
        save_photo(path, Photo(np.asarray(image), exif=read_exif(block)[0]))
    elif path.suffix == ".heic":
        pytest.importorskip("pillow_heif").register_heif_opener()
        image.save(path, "HEIF", exif=PREFIX + block)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow reads the orientation of an AVIF
            image.save(path, exif=PREFIX + block)


def block_in(path):
    """Return the directories in a file, read without the project's own code."""
    if path.suffix == ".tif":
        block = path.read_bytes()
    else:
        with Image.open(path) as image:
            block = image.info["exif"]
    found = exif_blocks.parse(block)
    if path.suffix == ".avif":  # whose orientation is not in EXIF
        order = "<" if block[6:8] == b"II" else ">"
        assert ORIENTATION not in found[0]
        found[0][ORIENTATION] = (3, 1, struct.pack(order + "H", 1))
    if path.suffix == ".tif":
        found[0] = {tag: value for tag, value in found[0].items() if tag not in LAYOUT}
    return found


def again(path):
    """Read a photo and write it in the same format; return the file and what is left out."""
    photo = load_photo(path)
    target = path.with_name(f"again{path.suffix}")
    return target, [*photo.left_out, *save_photo(target, photo)]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_tag_of_every_type_is_kept_byte_by_byte(tmp_path, suffix, order):
    for kind in SIZES:
        main = {tag: exif_blocks.value(kind, tag % 4, tag) for tag in MAIN_TAGS}
        details = {tag: exif_blocks.value(kind, 1 + tag % 4, tag) for tag in DETAIL_TAGS}
        gps = {tag: exif_blocks.value(kind, 1 + tag % 3, tag) for tag in ExifTags.GPSTAGS}
        write(tmp_path / f"x{suffix}", exif_blocks.build(main, details, gps, order))
        target, left_out = again(tmp_path / f"x{suffix}")
        found = block_in(target)
        assert found[0].pop(ORIENTATION) == (3, 1, struct.pack(order + "H", 1))
        assert (found[0], found[DETAILS], found[GPS]) == (main, details, gps), kind
        assert left_out == []


@pytest.mark.parametrize("suffix", [each for each in SUFFIXES if each != ".avif"])
def test_an_orientation_of_an_odd_type_costs_no_photo(tmp_path, suffix):
    for kind in SIZES:
        for count in (0, 1, 3):
            odd = {ORIENTATION: exif_blocks.value(kind, count, 300), **GOOD}
            write(tmp_path / f"x{suffix}", exif_blocks.build(odd))
            target, left_out = again(tmp_path / f"x{suffix}")
            assert block_in(target)[0] == {**GOOD, ORIENTATION: (3, 1, b"\1\0")}
            assert left_out == [] and load_photo(target).pixels.size == 16 * 24 * 3


GOOD = {MAKER: (2, 6, b"Maker\0"), RATING: (3, 1, b"\5\0")}
BAD = {
    "outside the file": (2, 40, 1 << 30),
    "too many": (5, 1 << 31, 8),
    "no type": (0, 1, b"\0\0\0\0"),
    "unknown type": (14, 1, b"\0\0\0\0"),
    "type of a pointer": (13, 1, b"\1\0\0\0"),
    "large type": (65535, 65535, b"\0\0\0\0"),
}


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".heic", ".avif"])
@pytest.mark.parametrize("kind", BAD)
def test_a_damaged_tag_costs_only_itself_and_is_named(tmp_path, suffix, kind):
    bad = BAD[kind]
    main = {**GOOD, HOST: bad}
    details = {0x829A: (5, 1, struct.pack("<2I", 1, 100)), USER_COMMENT: bad}
    gps = {1: (2, 2, b"N\0"), 6: bad}
    write(tmp_path / f"x{suffix}", exif_blocks.build(main, details, gps))
    target, left_out = again(tmp_path / f"x{suffix}")
    found = block_in(target)
    assert {tag: found[0][tag] for tag in GOOD} == GOOD and HOST not in found[0]
    assert found[DETAILS] == {0x829A: details[0x829A]} and found[GPS] == {1: gps[1]}
    assert left_out == ["HostComputer", "UserComment", "GPSAltitude"]


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (lambda block: block[:3], "EXIF, which is damaged"),
        (lambda block: b"garbage" * 9, "EXIF, which is damaged"),
        (lambda block: block[:60], "the end of its EXIF"),
        (lambda block: block[:4] + struct.pack("<I", 1 << 31) + block[8:], "the end of its EXIF"),
    ],
    ids=["short", "garbage", "cut", "nowhere"],
)
def test_damaged_blocks_cost_no_photo_and_are_named(tmp_path, damage, word):
    main = {tag: exif_blocks.value(2, 9) for tag in (MAKER, HOST, 0x0131, 0x0132, RATING)}
    Image.new("RGB", (9, 9)).save(
        tmp_path / "x.webp", exif=PREFIX + damage(exif_blocks.build(main))
    )
    target, left_out = again(tmp_path / "x.webp")
    assert word in left_out
    assert load_photo(target).pixels.shape == (9, 9, 3)


def test_loops_and_hostile_counts_end(tmp_path):
    loop = {MAKER: GOOD[MAKER], DETAILS: (4, 1, 8), GPS: (4, 1, 8)}
    exif, damaged = read_exif(exif_blocks.build(loop))
    assert exif.text(MAKER) == "Maker" and not exif.directories.get(GPS)
    # 60,000 tags that all claim the same megabyte
    entry = struct.pack("<HHII", 0, 7, 1_000_000, 0)
    block = b"II*\0\x08\0\0\0" + struct.pack("<H", 60_000)
    block += b"".join(struct.pack("<H", tag) + entry[2:] for tag in range(1000, 61_000))
    exif, damaged = read_exif(block + bytes(1_000_000))
    assert len(exif.block()) < 20_000_000 and len(damaged) > 59_000


def test_what_is_read_of_damaged_blocks_is_written_whole():
    rng = np.random.default_rng(0)
    details = {MAKER_NOTE: (7, 300, bytes(range(100)) * 3), 0x829A: (5, 1, bytes(8))}
    whole = exif_blocks.build({**GOOD, HOST: (2, 9, b"computer\0")}, details, {1: (2, 2, b"N\0")})
    read = 0
    for _ in range(1000):
        block = bytearray(whole)
        for place in rng.integers(8, len(block) - 4, 3):
            values = [0, 8, 255, 1 << 31, int(rng.integers(1 << 32))]
            struct.pack_into("<I", block, place, values[rng.integers(5)])
        exif, _ = read_exif(bytes(block[: rng.integers(20, len(block) + 200)]))
        if exif.directories:
            again, damaged = read_exif(exif.block())
            assert damaged == [] and again.directories == exif.directories
            read += 1
    assert read > 300


def test_exif_of_other_programs_reads_ours(tmp_path):
    write(tmp_path / "x.tif", exif_blocks.build(GOOD, {0x829A: (5, 1, struct.pack("<2I", 1, 4))}))
    with Image.open(tmp_path / "x.tif") as image:
        exif = image.getexif()
        assert (exif[MAKER], exif[RATING], exif.get_ifd(DETAILS)[0x829A]) == ("Maker", 5, 0.25)


def test_a_makers_note_keeps_its_place():
    note = bytes(range(1, 200))
    source = exif_blocks.build({MAKER: (2, 40, b"m" * 40)}, {MAKER_NOTE: (7, len(note), note)})
    exif, _ = read_exif(source)
    exif.set_text(0x0131, "some program " * 20)
    result = exif.block()
    assert result.find(note) == source.find(note) == exif.note_place
    assert exif_blocks.parse(result)[DETAILS][MAKER_NOTE] == (7, len(note), note)


def test_what_a_jpeg_cannot_hold_is_named_and_the_rest_is_kept(tmp_path):
    large = {MAKER_NOTE: (7, 50_000, bytes(50_000)), 0x829A: (5, 1, struct.pack("<2I", 1, 4))}
    exif, _ = read_exif(exif_blocks.build({**GOOD, HOST: (2, 30_000, b"h" * 30_000)}, large))
    photo = Photo(noise(3, np.uint8), exif=exif, xmp=b"<x/>" + b" " * 70_000)
    photo.notes = Notes(density=(300, 200), chunks=((b"tEXt", b"Title\0x"),))
    left_out = save_photo(tmp_path / "x.jpg", photo)
    assert left_out == ["MakerNote", "XMP above 65 kB", "the text"]
    found = block_in(tmp_path / "x.jpg")
    assert found[0][RATING] == GOOD[RATING] and list(found[DETAILS]) == [0x829A]
    assert save_photo(tmp_path / "x.png", photo) == []
    assert block_in(tmp_path / "x.png")[DETAILS] == large
    assert save_photo(tmp_path / "x.bmp", photo) == ["EXIF", "XMP", "the text"]


def test_resolution_of_every_format_that_holds_it(tmp_path):
    image = Image.fromarray(noise(3, np.uint8))
    deep = Photo(noise(3), notes=Notes(density=(300, 150)))
    for suffix in (".jpg", ".png", ".bmp"):
        image.save(tmp_path / f"x{suffix}", dpi=(300, 150))
        with Image.open(again(tmp_path / f"x{suffix}")[0]) as result:
            assert np.allclose(result.info["dpi"], (300, 150), atol=0.02), suffix
    save_photo(tmp_path / "deep.png", deep)
    with Image.open(again(tmp_path / "deep.png")[0]) as result:
        assert np.allclose(result.info["dpi"], (300, 150), atol=0.02)
    image.save(tmp_path / "x.tif", dpi=(300, 150))
    with Image.open(again(tmp_path / "x.tif")[0]) as result:
        assert result.info["dpi"] == (300, 150)
    image.save(tmp_path / "none.jpg")
    with Image.open(again(tmp_path / "none.jpg")[0]) as result:
        assert "dpi" not in result.info


def test_resolution_turns_with_the_photo(tmp_path):
    exif = Image.Exif()
    exif.update({ORIENTATION: 6, 0x011A: 300, 0x011B: 150, 0x0128: 2})
    Image.fromarray(noise(3, np.uint8)).save(tmp_path / "x.jpg", dpi=(300, 150), exif=exif)
    with Image.open(again(tmp_path / "x.jpg")[0]) as result:
        assert result.info["dpi"] == (150, 300)
        assert (result.getexif()[0x011A], result.getexif()[0x011B]) == (150, 300)


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("late", [False, True], ids=["before the pixels", "after the pixels"])
def test_text_of_a_png(tmp_path, depth, late):
    path = tmp_path / "x.png"
    save_photo(path, Photo(noise(3, depth)))
    kept = [
        (b"tEXt", b"Title\0Harbor"),
        (b"zTXt", b"Comment\0\0" + zlib.compress(b"long " * 99)),
        (b"iTXt", b"Author\0\0\0de\0Autor\0J\xc3\xb6rg"),
        (b"tIME", struct.pack(">HBBBBB", 2024, 5, 6, 7, 8, 9)),
        (b"prVt", b"of a program"),
    ]
    dropped = [(b"prVT", b"only true of these pixels"), (b"tEXt", b"Raw profile type icc\0\n")]
    more = [(b"eXIf", exif_blocks.build({**GOOD, ORIENTATION: (3, 1, b"\6\0")}))]
    more.append((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x:xmpmeta/>"))
    chunks = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in kept + dropped + more
    )
    data = path.read_bytes()
    place = data.index(b"IEND") - 4 if late else data.index(b"IDAT") - 4
    path.write_bytes(data[:place] + chunks + data[place:])
    photo = load_photo(path)
    assert photo.pixels.shape == (47, 31, 3)  # turned, at both depths and places
    assert photo.xmp == b"<x:xmpmeta/>" and photo.exif.text(MAKER) == "Maker"
    assert list(photo.notes.chunks) == kept
    target, left_out = again(path)
    assert left_out == [] and list(load_photo(target).notes.chunks) == kept
    with Image.open(target) as image:
        image.load()
        assert image.text["Title"] == "Harbor" and image.text["Author"] == "Jörg"
    assert load_photo(path, gps=False).notes.chunks == ()


def test_exif_in_the_text_of_a_png(tmp_path):
    info = PngInfo()
    block = PREFIX + exif_blocks.build(GOOD)
    info.add_text("Raw profile type exif", f"\nexif\n{len(block):8}\n{block.hex()}\n")
    Image.fromarray(noise(3, np.uint8)).save(tmp_path / "x.png", pnginfo=info)
    assert block_in(again(tmp_path / "x.png")[0])[0][RATING] == GOOD[RATING]


def resources(*parts):
    return b"".join(
        b"8BIM" + struct.pack(">HHI", number, 0, len(data)) + data + b"\0" * (len(data) % 2)
        for number, data in parts
    )


def test_iptc_and_comments_of_a_jpeg_and_a_tiff(tmp_path):
    iptc = (1028, b"\x1c\x02\x5a\0\x06Zurich")
    held = resources(iptc, (1033, b"thumbnail"), (1005, b"resolution"), (1060, b"<xmp/>"))
    kept = resources(iptc, (1005, b"resolution"))
    segment = b"Photoshop 3.0\0" + held
    extra = struct.pack(">BBH", 0xFF, 0xED, 2 + len(segment)) + segment
    image = Image.fromarray(noise(3, np.uint8))
    image.save(tmp_path / "x.jpg", extra=extra, comment=b"by the lake")
    target, left_out = again(tmp_path / "x.jpg")
    with Image.open(target) as result:
        assert result.info["photoshop"][1028] == iptc[1]
        assert result.info["comment"] == b"by the lake" and left_out == []
    assert kept in target.read_bytes() and b"thumbnail" not in target.read_bytes()
    exif, _ = read_exif(
        exif_blocks.build({34377: (7, len(held), held), 33723: (7, 11, iptc[1]), **GOOD})
    )
    save_photo(tmp_path / "x.tif", Photo(noise(3), exif=exif))
    found = block_in(again(tmp_path / "x.tif")[0])[0]
    assert found[34377][2] == kept and found[33723][2] == iptc[1]
    for name in ("x.jpg", "x.tif"):  # which may name the place
        save_photo(tmp_path / name, load_photo(tmp_path / name, gps=False))
        assert b"Zurich" not in (tmp_path / name).read_bytes()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_a_big_endian_tiff_stays_one(tmp_path, order, depth):
    exif, _ = read_exif(exif_blocks.build(GOOD, order=order))
    for compressed in (False, True):
        photo = Photo(noise(3, depth), exif=exif, encoding=Encoding("TIFF", compressed=compressed))
        save_photo(tmp_path / "x.tif", photo)
        np.testing.assert_array_equal(load_photo(tmp_path / "x.tif").pixels, photo.pixels)
    assert (tmp_path / "x.tif").read_bytes()[:2] == {"<": b"II", ">": b"MM"}[order]


def test_tags_of_a_big_tiff(tmp_path):
    import tifffile

    tags = [(HOST, 2, 0, "a computer", True), (RATING, 3, 1, 4, True)]
    tifffile.imwrite(
        tmp_path / "x.tif", noise(3, np.uint8), photometric="rgb", bigtiff=True, extratags=tags
    )
    photo = load_photo(tmp_path / "x.tif")
    assert photo.exif.text(HOST) == "a computer" and photo.exif.number(RATING) == 4
    assert block_in(again(tmp_path / "x.tif")[0])[0][RATING] == (3, 1, b"\4\0")


def test_the_camera_is_known_despite_odd_tags(tmp_path):
    block = exif_blocks.build({**GOOD, 0x0110: (2, 6, b"Model\0"), HOST: BAD["too many"]})
    write(tmp_path / "x.jpg", block)
    assert camera_of_file(tmp_path / "x.jpg") == ("Maker", "Model")
    assert camera_of_file(tmp_path / "none.jpg") == ("", "")


def test_the_thumbnail_of_exif_goes(tmp_path):
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG")
    exif = Image.Exif()
    exif[MAKER] = "Maker"
    block = exif.tobytes()[6:]
    place = block.index(struct.pack("<I", 0), 8) if block[:2] == b"II" else block.index(bytes(4), 8)
    assert place > 0
    order = "<" if block[:2] == b"II" else ">"
    (first,) = struct.unpack_from(order + "I", block, 4)
    (count,) = struct.unpack_from(order + "H", block, first)
    link = first + 2 + 12 * count
    thumbnail = struct.pack(order + "H", 2)
    start = len(block) + 2 + 24 + 4
    for tag, number in ((0x0201, start), (0x0202, len(file.getvalue()))):
        thumbnail += struct.pack(order + "HHII", tag, 4, 1, number)
    thumbnail += bytes(4) + file.getvalue()
    block = block[:link] + struct.pack(order + "I", len(block)) + block[link + 4 :] + thumbnail
    Image.fromarray(noise(3, np.uint8)).save(tmp_path / "x.jpg", exif=PREFIX + block)
    target, _ = again(tmp_path / "x.jpg")
    with Image.open(target) as image:
        assert image.getexif().get_ifd(1) == {} and image.getexif()[MAKER] == "Maker"
