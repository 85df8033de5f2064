"""What a file holds beside its photo: parts that go, pointers to them, and --in_place."""

import io
import struct
import subprocess
import sys
from pathlib import Path

import exif_blocks
import numpy as np
import pytest
from fake_photos import noise
from PIL import Image

import enhance
from enhance import EnhanceConfig
from photos import load_photo, save_photo
from photos.jpeg_parts import end_of_jpeg
from photos.xmp import XmpError, kept_xmp

VIDEO, GAIN_MAP, DEPTH_MAP = "the video of a motion photo", "the gain map for HDR", "the depth map"
MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0\0\0\x08mdat" + bytes(range(256)) * 40
PACKET = b"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:cam="http://ns.google.com/photos/1.0/camera/"
    xmlns:Con="http://ns.google.com/photos/1.0/container/"
    xmlns:Item="http://ns.google.com/photos/1.0/container/item/"
    xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"
    xmlns:apple="http://ns.apple.com/HDRGainMap/1.0/"
    xmlns:GDepth="http://ns.google.com/photos/1.0/depthmap/"
    xmlns:note="http://ns.adobe.com/xmp/note/"
    xmp:Rating="4" tiff:ImageWidth="1" cam:BurstID="burst"
    cam:MotionPhoto="1" cam:MotionPhotoVersion="1" cam:MicroVideoOffset="999"
    hdrgm:Version="1.0" apple:HDRGainMapVersion="65536" GDepth:Format="RangeInverse"
    note:HasExtendedXMP="0123456789ABCDEF0123456789ABCDEF">
   <tiff:Orientation>6</tiff:Orientation>
   <Con:Directory><rdf:Seq>
    <rdf:li rdf:parseType="Resource"><Con:Item Item:Semantic="Primary"/></rdf:li>
    <rdf:li rdf:parseType="Resource"><Con:Item Item:Semantic="GainMap"/></rdf:li>
   </rdf:Seq></Con:Directory>
   <dc:title><rdf:Alt><rdf:li xml:lang="de">J\xc3\xb6rg &amp; Co</rdf:li></rdf:Alt></dc:title>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
POINTERS = (
    *(b"MotionPhoto", b"MicroVideo", b"container", b"hdr-gain-map", b"hdrgm", b"HDRGainMap"),
    *(b"depthmap", b"GDepth", b"HasExtendedXMP", b"Semantic", b"Orientation", b"MPF\0"),
)


def jpeg(*segments, color="red", xmp=None):
    """Return a JPEG with further segments: (marker, content)."""
    file = io.BytesIO()
    extra = b"".join(struct.pack(">BBH", 0xFF, n, 2 + len(data)) + data for n, data in segments)
    options = {"xmp": xmp} if xmp else {}
    Image.new("RGB", (48, 32), color).save(file, "JPEG", extra=extra, **options)
    return file.getvalue()


def with_mpf(pictures):
    """Return a JPEG with MPF and further pictures: (type, content)."""

    def segment(entries):
        count = len(entries)
        values = b"".join(struct.pack("<3I2H", *entry, 0, 0) for entry in entries)
        tags = {
            0xB000: (7, 4, b"0100"),
            0xB001: (4, 1, struct.pack("<I", count)),
            0xB002: (7, len(values), values),
        }
        return b"MPF\0" + exif_blocks.build(tags)

    blank = [(0x030000, 0, 0)] * (1 + len(pictures))
    size = len(jpeg((0xE2, segment(blank)), xmp=PACKET))
    start = jpeg((0xE2, segment(blank)), xmp=PACKET).index(b"MPF\0") + 4
    entries, place = [(0x030000, size, 0)], size
    for kind, data in pictures:
        entries.append((kind, len(data), place - start))
        place += len(data)
    return jpeg((0xE2, segment(entries)), xmp=PACKET) + b"".join(data for _, data in pictures)


GAIN = jpeg(xmp=b'<x hdrgm:Version="1.0" xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"/>')
ISO_GAIN = jpeg((0xE2, b"urn:iso:std:iso:ts:21496:-1\0" + bytes(40)))
APPLE_GAIN = jpeg(xmp=b'<x xmlns:HDRGainMap="http://ns.apple.com/HDRGainMap/1.0/"/>')
EXTENDED = (0xE1, b"http://ns.adobe.com/xmp/extension/\0" + b"A" * 32 + bytes(8) + b"<x/>")
SAMSUNG = b"\0\0\x01\x0aImage_UTC_Data1700000000000SEFH\x6b\0\0\0SEFT"


def motion_photos():
    """Return files by name, and what their results lack."""
    return {
        "video": (jpeg(xmp=PACKET) + MP4, [VIDEO]),
        "video after padding": (jpeg() + bytes(64) + MP4, [VIDEO]),
        "video in a maker's data": (jpeg() + b"MotionPhoto_Data" + MP4 + SAMSUNG, [VIDEO]),
        "video of QuickTime": (jpeg() + MP4.replace(b"ftypmp42", b"ftypqt  "), [VIDEO]),
        "gain map": (with_mpf([(0, GAIN)]), [GAIN_MAP]),
        "gain map without MPF": (jpeg(xmp=PACKET) + GAIN, [GAIN_MAP]),
        "gain map of ISO": (with_mpf([(0, ISO_GAIN)]), [GAIN_MAP]),
        "gain map of Apple": (with_mpf([(0, APPLE_GAIN)]), [GAIN_MAP]),
        "gain map and video": (with_mpf([(0, GAIN)]) + MP4, [GAIN_MAP, VIDEO]),
        "depth": (with_mpf([(0x020002, jpeg())]), [DEPTH_MAP]),
        "stereo": (with_mpf([(0x020003, jpeg(color="blue"))]), ["another picture"]),
        "preview": (with_mpf([(0x010002, jpeg())]), []),
        "second packet": (jpeg(EXTENDED, xmp=PACKET), ["extended XMP"]),
        "signature": (
            jpeg((0xEB, b"JP\0\1\0\0\0\1\0\0\0\x20jumb" + bytes(24))),
            ["content credentials"],
        ),
        "small data of the maker": (jpeg(xmp=PACKET) + SAMSUNG, []),
        "large data": (jpeg() + b"maker" * 20_000, ["data after the photo"]),
        "zeros": (jpeg() + bytes(100_000), []),
        "plain": (jpeg(xmp=PACKET), []),
    }


@pytest.mark.parametrize("name", motion_photos())
def test_parts_of_a_jpeg_go_with_every_pointer_to_them(tmp_path, name):
    data, lost = motion_photos()[name]
    (tmp_path / "x.jpg").write_bytes(data)
    photo = load_photo(tmp_path / "x.jpg")
    assert list(photo.extras) == lost and photo.left_out == ()
    save_photo(tmp_path / "y.jpg", photo)
    result = (tmp_path / "y.jpg").read_bytes()
    assert [pointer for pointer in POINTERS if pointer in result] == []
    assert b"ftyp" not in result and end_of_jpeg(result) == len(result)
    assert load_photo(tmp_path / "y.jpg").extras == ()
    if PACKET in data:
        for kept in (b'xmp:Rating="4"', b'cam:BurstID="burst"', "Jörg &amp; Co".encode()):
            assert kept in result
        assert photo.pixels.shape == (48, 32, 3)  # turned, as XMP says
        assert b'tiff:ImageWidth="32"' in result


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".heic", ".avif", ".jpg"])
def test_pointers_go_in_every_format(tmp_path, suffix):
    from photos import Photo

    if suffix == ".heic":
        pytest.importorskip("pillow_heif")
    save_photo(tmp_path / f"x{suffix}", Photo(noise(3, np.uint8), xmp=PACKET))
    assert b"MotionPhoto" in (tmp_path / f"x{suffix}").read_bytes()
    photo = load_photo(tmp_path / f"x{suffix}")
    save_photo(tmp_path / f"y{suffix}", photo)
    result = (tmp_path / f"y{suffix}").read_bytes()
    assert [pointer for pointer in POINTERS if pointer in result] == []
    assert b'xmp:Rating="4"' in result and b'cam:BurstID="burst"' in result


def test_packets_of_other_spellings():
    size = 48, 32
    as_elements = (
        b"<r xmlns:c='http://ns.google.com/photos/1.0/camera/'><c:MotionPhoto>1</c:MotionPhoto>"
    )
    assert kept_xmp(as_elements + b"<c:BurstID>b</c:BurstID></r>", size) == (
        b'<r xmlns:c="http://ns.google.com/photos/1.0/camera/"><c:BurstID>b</c:BurstID></r>'
    )
    undeclared = b"<x:xmpmeta><a GCamera:MotionPhoto='1' tiff:Orientation='6' b='2'/></x:xmpmeta>"
    assert kept_xmp(undeclared, size) == b'<x:xmpmeta><a b="2"/></x:xmpmeta>'
    wide = '<?xml version="1.0" encoding="UTF-16"?><r tiff:Orientation="6" b="ö"/>'.encode("utf-16")
    assert kept_xmp(wide, size) == '<r b="ö"/>'.encode()
    nothing_to_do = b"<r   b = '2'/>"
    assert kept_xmp(nothing_to_do + b"\0\n  ", size) == nothing_to_do
    assert kept_xmp(b" \0", size) is None
    sizes = b"<r exif:PixelXDimension='7'><exif:PixelYDimension> 8 </exif:PixelYDimension></r>"
    assert kept_xmp(sizes, size) == (
        b'<r exif:PixelXDimension="48"><exif:PixelYDimension>32</exif:PixelYDimension></r>'
    )


@pytest.mark.parametrize(
    ("packet", "word"),
    [
        (b"<r tiff:Orientation='6'>", "damaged"),
        (b"no XML", "damaged"),
        (b"<!DOCTYPE r [<!ENTITY a 'aaaa'>]><r tiff:Orientation='6'>&a;</r>", "damaged"),
        (b"<r>" + b" " * (1 << 20) + b"</r>", "above 1 MB"),
        (b"<a>" * 9000 + b"<b tiff:Orientation='6'/>" + b"</a>" * 9000, "damaged"),
    ],
    ids=["open", "text", "entities", "large", "deep"],
)
def test_packets_that_cannot_be_cleaned_are_left_out(packet, word):
    with pytest.raises(XmpError, match=word):
        kept_xmp(packet, (48, 32))


def animations(folder):
    """Write files of several pictures; return their names and what their results lack."""
    frames = [Image.fromarray(noise(3, np.uint8) // n) for n in (1, 2, 3)]
    first, more = frames[0], frames[1:]
    first.save(folder / "a.webp", save_all=True, append_images=more)
    first.save(folder / "a.png", save_all=True, append_images=more)
    first.save(folder / "a.tif", save_all=True, append_images=more)
    first.save(folder / "a.mpo", "MPO", save_all=True, append_images=more)
    first.save(folder / "a.avif", save_all=True, append_images=more)
    first.convert("P").save(folder / "gif.png", "GIF", save_all=True, append_images=more)
    (folder / "motion.jpg").write_bytes(jpeg(xmp=PACKET) + MP4)
    (folder / "gain.jpg").write_bytes(with_mpf([(0, GAIN)]))
    frames = "2 further frames"
    return {
        "a.webp": frames,
        "a.png": frames,
        "a.tif": "2 further pages",
        "a.mpo": "another picture",
        "a.avif": frames,
        "gif.png": frames,
        "motion.jpg": VIDEO,
        "gain.jpg": GAIN_MAP,
    }


def test_frames_and_pages_are_named_at_both_depths(tmp_path):
    import tifffile

    for name, lost in animations(tmp_path).items():
        assert load_photo(tmp_path / name).extras == (lost,), name
    tifffile.imwrite(tmp_path / "deep.tif", np.stack([noise(3)] * 3), photometric="rgb")
    assert load_photo(tmp_path / "deep.tif").extras == ("2 further pages",)
    with tifffile.TiffWriter(tmp_path / "preview.tif") as file:
        file.write(noise(3, np.uint8), photometric="rgb")
        file.write(noise(3, np.uint8, 8, 8), photometric="rgb", subfiletype=1)
    assert load_photo(tmp_path / "preview.tif").extras == ()


def test_pictures_and_videos_in_heic(tmp_path):
    pytest.importorskip("pillow_heif").register_heif_opener()
    image = Image.fromarray(noise(3, np.uint8))
    image.save(tmp_path / "two.heic", "HEIF", save_all=True, append_images=[image])
    image.save(tmp_path / "one.heic", "HEIF")
    one = (tmp_path / "one.heic").read_bytes()
    (tmp_path / "box.heic").write_bytes(one + struct.pack(">I4s", 8 + len(MP4), b"mpvd") + MP4)
    (tmp_path / "after.heic").write_bytes(one + MP4)
    alpha = Image.fromarray(noise(4, np.uint8))
    alpha.save(tmp_path / "alpha.heic", "HEIF")
    for name in ("one.heic", "alpha.heic"):
        assert load_photo(tmp_path / name).extras == ()
    assert load_photo(tmp_path / "two.heic").extras == ("1 further picture",)
    assert load_photo(tmp_path / "box.heic").extras == (VIDEO,)
    assert load_photo(tmp_path / "after.heic").extras == (VIDEO,)
    save_photo(tmp_path / "again.heic", load_photo(tmp_path / "box.heic"))
    assert b"mpvd" not in (tmp_path / "again.heic").read_bytes()


def test_the_end_of_a_jpeg_is_found_or_the_file_ends():
    whole = jpeg(xmp=PACKET)
    file = io.BytesIO()
    Image.fromarray(noise(3, np.uint8)).save(file, "JPEG", progressive=True, restart_marker_rows=1)
    for data in (whole, file.getvalue()):
        assert end_of_jpeg(data + b"\xff\xd8\xff more") == len(data)
        for cut in range(2, len(data), 7):
            assert end_of_jpeg(data[:cut]) == cut


def test_in_place_destroys_nothing_unless_asked(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    lost = animations(tmp_path)
    Image.fromarray(noise(3, np.uint8)).save("plain.jpg")
    before = {name: Path(name).read_bytes() for name in lost}
    how = {"model": "one_click", "in_place": True}
    assert enhance.main(EnhanceConfig(("plain.jpg", *lost), **how)) == 1
    out, error = capsys.readouterr()
    lines = error.splitlines()
    assert sorted(lines) == sorted(
        f"enhance.py: error: {name}: --in_place would destroy {what}: leave out --in_place, or add "
        "--drop_extras"
        for name, what in lost.items()
    )
    assert {name: Path(name).read_bytes() for name in lost} == before
    assert len(out.splitlines()) == 2 and "left out" not in out  # a result and the total
    assert enhance.main(EnhanceConfig(tuple(lost), **how, drop_extras=True)) == 0
    out, error = capsys.readouterr()
    assert error == ""
    said = {
        line.split("  ")[0].split("/")[-1]: line.split("left out: ")[1]
        for line in out.splitlines()[:-1]
    }
    assert said == lost
    for name in lost:
        assert Path(name).read_bytes() != before[name] and load_photo(name).extras == ()


def test_results_beside_the_photo_say_what_they_lack(tmp_path):
    (tmp_path / "motion.jpg").write_bytes(jpeg(xmp=PACKET) + MP4)
    words = [sys.executable, enhance.__file__, "motion.jpg", "--model", "one_click"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.rstrip().endswith(f"left out: {VIDEO}") and done.stdout.count("\n") == 1
    assert (tmp_path / "motion.jpg").read_bytes().endswith(MP4)
