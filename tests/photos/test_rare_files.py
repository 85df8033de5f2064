"""Photo files of rare kinds: valid ones that few programs write, and ones with one damaged part."""

import io
import struct
import zlib

import exif_blocks
import numpy as np
import pytest
from exif_blocks import DETAILS
from fake_photos import noise, profile_of
from made_files import SHORT, png, tiff
from PIL import Image, ImageCms

from photos import Photo, PhotoError, load_photo, save_photo
from photos.colors.color_signals import ADOBE_RGB, IccProfile
from photos.colors.icc_profiles import is_gray
from photos.exif import PREFIX
from photos.photo import Notes
from photos.xmp import kept_xmp

ORIENTATION, SUBJECT, SPACE = 0x0112, 0x9214, 0xA001
TURNED = {ORIENTATION: (3, 1, b"\6\0")}
BAD = {0x010E: (2, 40, 1 << 30)}  # a description outside the file
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"><rdf:Description photoshop:Instructions="%s"/></rdf:RDF></x:xmpmeta>'  # noqa: E501


def chunk(kind, data):
    checksum = struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))
    return struct.pack(">I", len(data)) + kind + data + checksum


def image(height=16, width=24):
    return Image.fromarray(noise(3, np.uint8, height, width))


def raw_profile(kind, data):
    """Return a text chunk as ImageMagick writes it."""
    lines = f"\n{kind}\n{len(data):8}\n{data.hex()}\n".encode()
    return chunk(b"tEXt", f"Raw profile type {kind}".encode() + b"\0" + lines)


def with_chunks(path, *chunks, late=False, dtype=np.uint8):
    """Write a PNG with chunks, before or after its pixels."""
    data = png(noise(3, dtype, 16, 24))
    at = data.rindex(b"IEND") - 4 if late else data.index(b"IDAT") - 4
    path.write_bytes(data[:at] + b"".join(chunks) + data[at:])


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_a_damaged_tag_costs_neither_the_orientation_nor_the_color_space(tmp_path, suffix):
    details = {SPACE: (3, 1, b"\2\0")}
    block = PREFIX + exif_blocks.build({**BAD, **TURNED}, details)
    image().save(tmp_path / f"a{suffix}", exif=block)
    photo = load_photo(tmp_path / f"a{suffix}")
    assert photo.pixels.shape == (24, 16, 3)
    assert photo.signal == ADOBE_RGB
    assert photo.left_out == ("ImageDescription",)


@pytest.mark.parametrize("before", [b"\0\0\0\0", PREFIX])
def test_bytes_before_the_exif_of_a_webp_hide_nothing(tmp_path, before):
    image().save(tmp_path / "a.webp", exif=before + PREFIX + exif_blocks.build(TURNED))
    assert load_photo(tmp_path / "a.webp").pixels.shape == (24, 16, 3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("kind", ["exif", "APP1", "eXIf"])
def test_exif_of_a_png_is_read_wherever_it_stands(tmp_path, kind, late, dtype):
    block = PREFIX + exif_blocks.build({**TURNED, 0x010F: (2, 6, b"Maker\0")})
    held = chunk(b"eXIf", block) if kind == "eXIf" else raw_profile(kind, block)
    with_chunks(tmp_path / "a.png", held, late=late, dtype=dtype)
    photo = load_photo(tmp_path / "a.png")
    assert photo.pixels.shape == (24, 16, 3) and photo.pixels.dtype == dtype
    assert photo.exif is not None and photo.exif.text(0x010F) == "Maker"
    assert photo.left_out == ()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("kind", ["xmp", "APP1", "tEXt", "iTXt"])
def test_xmp_of_a_png_is_read_byte_by_byte(tmp_path, kind, late, dtype):
    packet = XMP % "Größe".encode()
    keyword = b"XML:com.adobe.xmp\0"
    held = {
        "xmp": raw_profile("xmp", packet),
        "APP1": raw_profile("APP1", b"http://ns.adobe.com/xap/1.0/\0" + packet),
        "tEXt": chunk(b"tEXt", keyword + packet),
        "iTXt": chunk(b"iTXt", keyword + b"\0\0\0\0" + packet),
    }[kind]
    with_chunks(tmp_path / "a.png", held, late=late, dtype=dtype)
    assert load_photo(tmp_path / "a.png").xmp == packet


def test_xmp_of_a_tiff_may_have_the_type_of_text(tmp_path):
    packet = XMP % "Größe".encode()
    data = tiff(noise(3, np.uint8), [(700, 2, packet + b"\0")])
    (tmp_path / "a.tif").write_bytes(data)
    assert load_photo(tmp_path / "a.tif").xmp == packet


def test_line_breaks_in_attributes_of_xmp_stay():
    packet = XMP % b'one&#xA;two&#x9;three&#13;" tiff:Orientation="6'
    kept = kept_xmp(packet, (10, 10))
    assert kept is not None and b"Orientation" not in kept
    assert b'photoshop:Instructions="one&#xA;two&#x9;three&#xD;"' in kept


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_a_transparent_gray_of_few_bits_is_transparent(tmp_path, bits):
    values = np.arange(16).reshape(4, 4) % 2**bits
    for key in range(2**bits):
        rows = b""
        for row in values:
            packed = "".join(f"{value:0{bits}b}" for value in row)
            rows += b"\0" + int(packed.ljust(16, "0"), 2).to_bytes(2)[: -(-4 * bits // 8)]
        head = struct.pack(">IIBBBBB", 4, 4, bits, 0, 0, 0, 0)
        parts = [chunk(b"IHDR", head), chunk(b"tRNS", struct.pack(">H", key))]
        parts += [chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
        (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
        pixels = load_photo(tmp_path / "a.png").pixels
        np.testing.assert_array_equal(pixels[..., 0], values * 255 // (2**bits - 1))
        np.testing.assert_array_equal(pixels[..., 1], np.where(values == key, 0, 255))


def test_a_ycbcr_tiff_of_small_color_without_compression_is_refused(tmp_path):
    tags = [(262, SHORT, [6]), (530, SHORT, [2, 2])]
    (tmp_path / "a.tif").write_bytes(tiff(noise(3, np.uint8), tags))
    with pytest.raises(PhotoError, match="YCbCr TIFF without compression"):
        load_photo(tmp_path / "a.tif")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("deflate", [False, True])
def test_one_number_of_bits_stands_for_all_samples(tmp_path, deflate, planar, dtype):
    pixels = noise(3, dtype)
    bits = [(258, SHORT, [8 * pixels.itemsize])]
    (tmp_path / "a.tif").write_bytes(tiff(pixels, bits, deflate=deflate, planar=planar))
    np.testing.assert_array_equal(load_photo(tmp_path / "a.tif").pixels, pixels)


def test_a_cmyk_photo_is_srgb_whatever_exif_says(tmp_path):
    block = PREFIX + exif_blocks.build({}, {SPACE: (3, 1, b"\2\0")})
    Image.new("CMYK", (16, 16), (0, 200, 200, 0)).save(tmp_path / "a.jpg", exif=block)
    save_photo(tmp_path / "b.jpg", load_photo(tmp_path / "a.jpg"))
    assert load_photo(tmp_path / "b.jpg").space is None


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("suffix", [".webp", ".heic"])
def test_a_gray_photo_in_a_format_of_color_has_a_profile_of_color(tmp_path, suffix, channels):
    if suffix == ".heic":
        pytest.importorskip("pillow_heif")
    gray = profile_of(2.2)
    assert is_gray(gray)
    photo = Photo(noise(channels, np.uint8, 32, 32), IccProfile(gray))
    save_photo(tmp_path / f"a{suffix}", photo)
    found = load_photo(tmp_path / f"a{suffix}")
    assert found.space is not None and photo.space is not None
    values = np.arange(256, dtype=np.uint8)[:, None]
    expected = photo.space.to_srgb(values)
    colors = values if found.is_gray else np.repeat(values, 3, 1)
    assert np.abs(found.space.to_srgb(colors) - expected).max() < 0.005


def test_the_luma_of_a_jpeg_may_use_any_table(tmp_path):
    fine, coarse = [1] * 64, [40] * 64
    encoded = io.BytesIO()
    image().save(encoded, "JPEG", qtables=[fine, coarse], subsampling=0)
    data = bytearray(encoded.getvalue())
    # Swap the numbers of the tables where they are defined and where the components name them.
    at = 2
    while data[at + 1] != 0xDA:
        kind, size = data[at + 1], struct.unpack_from(">H", data, at + 2)[0]
        if kind == 0xDB:
            for place in range(at + 4, at + 2 + size, 65):
                data[place] ^= 1
        if kind == 0xC0:
            for place in range(at + 12, at + 2 + size, 3):
                data[place] ^= 1
        at += 2 + size
    (tmp_path / "a.jpg").write_bytes(data)
    photo = load_photo(tmp_path / "a.jpg")
    assert photo.encoding.quantization is not None
    assert photo.encoding.quantization[0] == fine and photo.encoding.quantization[1] == coarse
    save_photo(tmp_path / "b.jpg", photo)
    with Image.open(tmp_path / "b.jpg") as written:
        assert written.quantization[0] == fine


def test_a_lossless_webp_with_a_large_profile_stays_lossless(tmp_path):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = struct.pack(">I", len(srgb) + 70_000) + srgb[4:] + bytes(70_000)
    pixels = noise(3, np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.webp", lossless=True, icc_profile=profile)
    photo = load_photo(tmp_path / "a.webp")
    assert photo.encoding.lossless
    save_photo(tmp_path / "b.webp", photo)
    np.testing.assert_array_equal(load_photo(tmp_path / "b.webp").pixels, pixels)


def test_long_texts_of_a_png_are_kept(tmp_path):
    text = chunk(b"zTXt", b"workflow\0\0" + zlib.compress(b'{"a":1}' * 200_000))
    with_chunks(tmp_path / "a.png", text)
    save_photo(tmp_path / "b.png", load_photo(tmp_path / "a.png"))
    assert text in (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(
    "damaged",
    [
        chunk(b"gAMA", b"\0"),
        chunk(b"cHRM", b"\0\0"),
        chunk(b"sRGB", b""),
        chunk(b"pHYs", b"\0"),
        chunk(b"iCCP", b""),
        chunk(b"iCCP", b"x\0\7" + zlib.compress(b"profile")),
        chunk(b"iCCP", b"x\0\0no zlib"),
        chunk(b"zTXt", b"x\0\7text"),
        chunk(b"iTXt", b"x\0"),
    ],
    ids=lambda data: data[4:8].decode() + str(len(data)),
)
def test_a_damaged_chunk_beside_the_pixels_costs_only_itself(tmp_path, damaged, dtype):
    with_chunks(tmp_path / "a.png", damaged, dtype=dtype)
    np.testing.assert_array_equal(load_photo(tmp_path / "a.png").pixels, noise(3, dtype, 16, 24))


def test_an_avif_may_have_a_general_brand_first(tmp_path):
    pixels = np.full((32, 32, 3), 90, np.uint8)
    save_photo(tmp_path / "a.avif", Photo(pixels))
    data = bytearray((tmp_path / "a.avif").read_bytes())
    assert data[8:12] == b"avif"
    data[8:12] = b"mif1"
    (tmp_path / "b.avif").write_bytes(data)
    assert np.abs(load_photo(tmp_path / "b.avif").pixels.astype(int) - 90).max() <= 2


def test_iptc_stays_where_other_resources_are_too_large(tmp_path):
    def resource(number, data):
        return b"8BIM" + struct.pack(">H", number) + b"\0\0" + struct.pack(">I", len(data)) + data

    iptc, other = resource(0x0404, bytes(30)), resource(0x0FA0, bytes(90_000))
    photo = Photo(noise(3, np.uint8), notes=Notes(resources=other + iptc))
    assert save_photo(tmp_path / "a.jpg", photo) == ["resources of Photoshop"]
    assert load_photo(tmp_path / "a.jpg").notes.resources == iptc


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_place_of_the_subject_turns_with_the_photo(tmp_path, orientation):
    stored = np.zeros((16, 24, 3), np.uint8)
    stored[5, 10] = 255
    for kind, code in ((3, "H"), (4, "I")):
        details = {SUBJECT: (kind, 4, struct.pack(f"<4{code}", 10, 5, 4, 2))}
        main = {ORIENTATION: (3, 1, struct.pack("<H", orientation))}
        exif = PREFIX + exif_blocks.build(main, details)
        Image.fromarray(stored).save(tmp_path / "a.png", exif=exif)
        photo = load_photo(tmp_path / "a.png")
        assert photo.exif is not None
        x, y, width, height = map(int, photo.exif.numbers(SUBJECT, DETAILS))
        assert photo.pixels[y, x, 0] == 255
        assert (width, height) == ((4, 2) if orientation < 5 else (2, 4))
