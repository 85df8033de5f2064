import io
import os
import re
import time
import warnings

import numpy as np
import pytest
from PIL import Image

from align.alignment_error import AlignmentError
from align.pairing.match_times import doubt_of_time, estimate_clock_offset, match_times
from align.pairing.pair_photos import pair_photos
from align.pairing.read_capture_time import read_capture_time

DATE, EXIF = 0x0132, 0x8769
ORIGINAL, DIGITIZED = 0x9003, 0x9004
FRACTION, FRACTION_ORIGINAL, FRACTION_DIGITIZED = 0x9290, 0x9291, 0x9292
ZONE_ORIGINAL = 0x9011
NOON = 1481976000  # 2016-12-17 12:00:00 by `date -u +%s`


def jpeg(tags=None, details=None):
    """Return the bytes of a small photo with these EXIF tags."""
    exif = Image.Exif()
    exif.update(tags or {})
    if details:
        exif[EXIF] = details
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", exif=exif)
    return file.getvalue()


def timed_jpegs(times):
    """Yield a photo for each time, in seconds after 2016-12-17 00:00, to a hundredth."""
    template = jpeg(details={ORIGINAL: "2016:12:17 00:00:00", FRACTION_ORIGINAL: "77"})
    assert template.count(b"2016:12:17 00:00:00") == template.count(b"77\0") == 1
    for seconds in times:
        whole, hundredths = divmod(round(seconds * 100), 100)
        moment = np.datetime64("2016-12-17T00:00:00") + np.timedelta64(whole, "s")
        date = str(moment).replace("-", ":").replace("T", " ").encode()
        content = template.replace(b"2016:12:17 00:00:00", date)
        yield content.replace(b"77\0", b"%02d\0" % hundredths)


def folders(tmp_path, phone, dslr):
    """Write two folders with files of these names, or of {name: content}."""
    result = []
    for name, files in (("phone", phone), ("dslr", dslr)):
        folder = tmp_path / name
        folder.mkdir()
        for file in files:
            (folder / file).write_bytes(files[file] if isinstance(files, dict) else jpeg())
        result.append(folder)
    return result


def names(pairing):
    return [(pair.phone.name, pair.dslr.name) for pair in pairing.pairs]


def unpaired(pairing):
    sides = pairing.unpaired_phone, pairing.unpaired_dslr
    return [[path.name for path in side] for side in sides]


def irregular(count, seed=0):
    """Return times of shots, at least 20 s and on average 50 s apart."""
    return np.cumsum(20 + np.random.default_rng(seed).exponential(30, count))


def shoot(tmp_path, phone_times, dslr_times):
    """Write folders of timed photos; the DSLR's names are another series."""
    phone = {f"IMG_{i}.jpg": data for i, data in enumerate(timed_jpegs(phone_times))}
    dslr = {f"DSC{i:05}.JPG": data for i, data in enumerate(timed_jpegs(dslr_times))}
    return folders(tmp_path, phone, dslr)


def test_by_name(tmp_path):
    pair = folders(
        tmp_path,
        ["IMG_10.jpg", "img_2.jpg", "a.png", "lonely.jpg"],
        ["img_10.JPG", "IMG_2.tif", "A.jpeg", "other.jpg", "alone.jpg"],
    )
    for method in ("name", "auto"):
        pairing = pair_photos(*pair, method)
        assert names(pairing) == [
            ("a.png", "A.jpeg"),
            ("img_2.jpg", "IMG_2.tif"),
            ("IMG_10.jpg", "img_10.JPG"),
        ]
        assert unpaired(pairing) == [["lonely.jpg"], ["alone.jpg", "other.jpg"]]
        assert pairing.how == "by name"
    assert [pair.name for pair in pairing.pairs] == ["a", "img_2", "IMG_10"]
    assert pairing.pairs[0].phone == tmp_path / "phone" / "a.png"


def test_of_two_files_with_one_name_the_jpeg_counts(tmp_path):
    phone, dslr = folders(
        tmp_path, ["1.jpg", "2.jpg"], ["1.JPG", "1.tif", "1.CR2", "1.xmp", "2.png", "._2.jpg"]
    )
    pairing = pair_photos(phone, dslr)
    assert names(pairing) == [("1.jpg", "1.JPG"), ("2.jpg", "2.png")]
    assert unpaired(pairing) == [[], []]
    assert names(pair_photos(phone, dslr, "order")) == names(pairing)
    for name in ("2.jpg", "2.jpeg"):
        (dslr / name).write_bytes(jpeg())
    with pytest.raises(AlignmentError, match=r"dslr: 2\.jpeg, 2\.jpg, 2\.png: keep one"):
        pair_photos(phone, dslr)
    (dslr / "2.jpg").unlink()
    (dslr / "2.jpeg").unlink()
    (dslr / "2.tif").write_bytes(jpeg())
    with pytest.raises(AlignmentError, match="keep one"):
        pair_photos(phone, dslr, "order")


def test_by_order_numbers_count_by_their_value(tmp_path):
    pair = folders(
        tmp_path,
        ["img1.jpg", "img10.jpg", "img2.jpg", "IMG9.jpg"],
        ["DSC_0099.jpg", "DSC_0100.jpg", "DSC_098.jpg", "DSC_1000.jpg", "DSC_1001.jpg"],
    )
    pairing = pair_photos(*pair, "order")
    assert names(pairing) == [
        ("img1.jpg", "DSC_098.jpg"),
        ("img2.jpg", "DSC_0099.jpg"),
        ("IMG9.jpg", "DSC_0100.jpg"),
        ("img10.jpg", "DSC_1000.jpg"),
    ]
    assert unpaired(pairing) == [[], ["DSC_1001.jpg"]]
    assert pairing.how == "by order"


def test_names_of_text_and_numbers_can_be_ordered(tmp_path):
    phone, dslr = folders(tmp_path, ["1.jpg", "a.jpg", "a1b.jpg", "1a.jpg"], ["x.jpg"])
    pairing = pair_photos(phone, dslr, "order")
    assert names(pairing) == [("1.jpg", "x.jpg")]
    assert unpaired(pairing) == [["1a.jpg", "a.jpg", "a1b.jpg"], []]


def test_auto_goes_by_name_from_half_of_the_smaller_folder_on(tmp_path):
    phone = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]
    pair = folders(tmp_path, phone, ["a.jpg", "b.jpg", "w.jpg", "x.jpg", "y.jpg"])
    assert pair_photos(*pair).how == "by name"
    (tmp_path / "dslr" / "b.jpg").unlink()
    assert (
        pair_photos(*pair).how
        == "by order, because neither names nor capture times pair the photos"
    )


@pytest.mark.parametrize("method", ["auto", "time"])
def test_by_time_with_jitter_and_missing_shots(tmp_path, method):
    rng = np.random.default_rng(1)
    times = 40_000 + irregular(40)
    clock = times - 3612.4 + rng.uniform(-2, 2, 40)
    phone_has = [i for i in range(40) if i not in (3, 17, 18)]
    dslr_has = [i for i in range(40) if i not in (0, 17, 29, 39)]
    pair = shoot(tmp_path, times[phone_has], clock[dslr_has])
    pairing = pair_photos(*pair, method)
    expected = [
        (f"IMG_{phone_has.index(i)}.jpg", f"DSC{dslr_has.index(i):05}.JPG")
        for i in phone_has
        if i in dslr_has
    ]
    assert len(expected) == 34 and names(pairing) == expected
    # Without a partner: the phone's shots 0, 29, 39 and the DSLR's 3, 18, by number in the folder.
    assert unpaired(pairing) == [
        ["IMG_0.jpg", "IMG_26.jpg", "IMG_36.jpg"],
        ["DSC00002.JPG", "DSC00016.JPG"],
    ]
    offset = re.fullmatch(r"by time, the DSLR's clock (\d+\.\d) s behind", pairing.how)
    assert float(offset[1]) == pytest.approx(3612.4, abs=1)


def test_photos_that_the_time_alone_passed_over_are_a_doubt(tmp_path):
    """Three exposures of each scene, 0.3 s apart, against one photo of the phone."""
    rng = np.random.default_rng(0)
    shots = np.cumsum(rng.uniform(20, 90, 8))
    brackets = (shots[:, None] + [700.0, 700.3, 700.6]).ravel()
    phone = {f"p{n}.jpg": content for n, content in enumerate(timed_jpegs(shots))}
    dslr = {f"d{n:02}.jpg": content for n, content in enumerate(timed_jpegs(brackets))}
    pairing = pair_photos(*folders(tmp_path, phone, dslr), "time")
    assert len(pairing.pairs) == 8
    (doubt,) = pairing.doubts
    assert doubt.startswith("16 photos of the DSLR without a partner") and "brackets" in doubt
    assert doubt_of_time("phone", [0, 5, 100], [0]).startswith("1 photo of the phone")
    assert doubt_of_time("phone", [0, 10, 100], [0, 2]) == ""  # the tolerance is 10 s
    assert doubt_of_time("phone", [0, 1], []) == doubt_of_time("phone", [0, 1], [0, 1]) == ""


def test_by_time_with_a_known_offset(tmp_path):
    # Too regular to find the offset of, and the DSLR misses the first of four: with the clock 7 s
    # ahead its shots are the second, third and fourth.
    phone, dslr = shoot(tmp_path, [1000, 1060, 1120, 1180], [1067, 1127, 1187])
    with pytest.raises(AlignmentError, match=r"nearly as well.*--clock_offset"):
        pair_photos(phone, dslr, "time")
    for method in ("auto", "time"):
        pairing = pair_photos(phone, dslr, method, clock_offset=7)
        assert [pair[0] for pair in names(pairing)] == ["IMG_1.jpg", "IMG_2.jpg", "IMG_3.jpg"]
        assert unpaired(pairing) == [["IMG_0.jpg"], []]
        assert pairing.how == "by time, the DSLR's clock 7.0 s ahead"
    with pytest.raises(AlignmentError, match=r"no photos pair by time, .* 30\.0 s ahead"):
        pair_photos(phone, dslr, "time", clock_offset=30)
    with pytest.raises(AlignmentError, match="no effect when photos pair by name"):
        pair_photos(phone, dslr, "name", clock_offset=7)
    with pytest.raises(AlignmentError, match="give seconds"):
        pair_photos(phone, dslr, "time", clock_offset=float("nan"))


def test_times_decide_over_order_and_photos_without_one_stay_unpaired(tmp_path):
    times = irregular(20)
    phone, dslr = shoot(tmp_path, times, times[::-1] + 100)  # numbered backwards
    (phone / "IMG_7.jpg").write_bytes(jpeg())
    pairing = pair_photos(phone, dslr)
    assert names(pairing) == [(f"IMG_{i}.jpg", f"DSC{19 - i:05}.JPG") for i in range(20) if i != 7]
    assert unpaired(pairing) == [["IMG_7.jpg"], ["DSC00012.JPG"]]
    # 17 of 20 is less than nine in ten.
    for i in (8, 9):
        (phone / f"IMG_{i}.jpg").write_bytes(jpeg())
    assert pair_photos(phone, dslr).how.startswith("by order")
    assert len(pair_photos(phone, dslr, "time").pairs) == 17
    (phone / "IMG_1.jpg").unlink()
    with pytest.raises(AlignmentError) as raised:
        pair_photos(phone, dslr)
    assert "19 photos of the phone and 20 of the DSLR, of which 0 pair by name" in str(raised.value)
    assert f"16 of 19 in {phone} have a capture time: give the partners equal names" in str(
        raised.value
    )


def test_times_that_fit_too_rarely_are_not_believed(tmp_path):
    # Four of nine fit; no two of the other differences are alike.
    alike = [0, 100, 300, 700]
    phone = [*alike, 11_000, 23_000, 47_000, 95_000, 191_000]
    dslr = [*alike, 17_100, 51_500, 153_700, 250_000, 400_300, 700_900]
    pair = shoot(tmp_path, phone, dslr)
    assert len(pair_photos(*pair, "time").pairs) == 4
    with pytest.raises(AlignmentError, match=r"10 of the DSLR.* 4 pair by time.*by order"):
        pair_photos(*pair)


def test_regular_times_fall_back_to_order_if_the_counts_are_equal(tmp_path):
    phone, dslr = shoot(tmp_path, 60 * np.arange(12), 60 * np.arange(12) + 500)
    pairing = pair_photos(phone, dslr)
    assert pairing.how.startswith("by order")
    assert names(pairing) == [(f"IMG_{i}.jpg", f"DSC{i:05}.JPG") for i in range(12)]
    (dslr / "DSC00004.JPG").unlink()
    with pytest.raises(AlignmentError, match=r"12 photos of the phone and 11.*nearly as well") as e:
        pair_photos(phone, dslr)
    assert "\n" not in str(e.value) and "--clock_offset" in str(e.value)


def test_one_photo_each(tmp_path):
    phone, dslr = folders(tmp_path, ["a.jpg"], ["b.jpg"])
    assert names(pair_photos(phone, dslr)) == [("a.jpg", "b.jpg")]
    with pytest.raises(AlignmentError, match="no photos pair by name"):
        pair_photos(phone, dslr, "name")
    with pytest.raises(AlignmentError, match=f"{phone}: no photo has a capture time"):
        pair_photos(phone, dslr, "time")


def test_folders_that_cannot_be_paired(tmp_path):
    phone, dslr = folders(tmp_path, ["a.jpg"], [".hidden.jpg", "._a.jpg", "a.xmp", "Thumbs.db"])
    with pytest.raises(AlignmentError, match=f"{dslr}: no photos in this folder"):
        pair_photos(phone, dslr)
    with pytest.raises(AlignmentError, match="none: no such folder"):
        pair_photos(tmp_path / "none", phone)
    with pytest.raises(AlignmentError, match=r"a\.jpg: no such folder"):
        pair_photos(phone, phone / "a.jpg")
    (tmp_path / "link").symlink_to(phone)
    for again in (phone, tmp_path / "dslr" / ".." / "phone", tmp_path / "link"):
        with pytest.raises(AlignmentError, match="folder of the phone and of the DSLR"):
            pair_photos(phone, again)
    with pytest.raises(AlignmentError, match="'date': auto, name, order, time"):
        pair_photos(phone, dslr, "date")


@pytest.mark.parametrize(
    ("tags", "details", "seconds"),
    [
        ({}, {ORIGINAL: "2016:12:17 12:00:00"}, 0),
        ({}, {ORIGINAL: "2016:12:17 12:00:01", FRACTION_ORIGINAL: "25"}, 1.25),
        ({}, {ORIGINAL: "2016:12:17 12:00:01", FRACTION_ORIGINAL: "050 "}, 1.05),
        ({}, {ORIGINAL: "2016:12:17 12:00:01", FRACTION: "5", FRACTION_DIGITIZED: "5"}, 1),
        # A zone is part of the clocks' offset.
        ({}, {ORIGINAL: "2016:12:17 12:00:00", ZONE_ORIGINAL: "+09:00"}, 0),
        (
            {DATE: "2020:01:01 00:00:00"},
            {ORIGINAL: "2016:12:17 12:00:02", DIGITIZED: "2018:01:01 00:00:00"},
            2,
        ),
        (
            {DATE: "2020:01:01 00:00:00"},
            {DIGITIZED: "2016:12:17 12:00:03", FRACTION_DIGITIZED: "5"},
            3.5,
        ),
        ({DATE: "2016:12:17 12:00:04"}, {FRACTION: "75"}, 4.75),
        ({DATE: "2016:12:17 12:00:05"}, {ORIGINAL: "0000:00:00 00:00:00"}, 5),
        ({DATE: "2016-12-17T12:00:06"}, {ORIGINAL: "    :  :     :  :  "}, 6),
        ({DATE: "yesterday"}, {}, None),
        ({}, {}, None),
    ],
)
def test_capture_time(tmp_path, tags, details, seconds):
    (tmp_path / "x.jpg").write_bytes(jpeg(tags, details))
    expected = None if seconds is None else NOON + seconds
    assert read_capture_time(tmp_path / "x.jpg") == expected


def test_capture_time_of_a_file_that_is_no_photo(tmp_path):
    assert read_capture_time(tmp_path / "none.jpg") is None
    (tmp_path / "x.jpg").write_text("no photo")
    assert read_capture_time(tmp_path / "x.jpg") is None
    Image.new("RGB", (8, 8)).save(tmp_path / "y.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        assert read_capture_time(tmp_path / "y.jpg") is None
    assert not shown


def test_offset_is_the_median_of_the_pairs_differences():
    phone = [0, 40, 115, 300, 1000]
    dslr = np.add(np.add(phone, 7200), [-1, 0, 2, 5, 8])
    assert estimate_clock_offset(phone, dslr) == 7202
    assert estimate_clock_offset(dslr, phone) == -7202
    assert estimate_clock_offset(phone[::-1], np.roll(dslr, 2)) == 7202  # in any order


@pytest.mark.parametrize("offset", [0, -3612.4, 9 * 3600, 11.5 * 365 * 86400])
@pytest.mark.parametrize("count", [12, 300])
def test_offset_of_any_size_despite_jitter_and_missing_shots(offset, count):
    rng = np.random.default_rng(count)
    times = irregular(count, seed=3)
    clock = times + offset + rng.uniform(-3, 3, count)
    found = estimate_clock_offset(times[rng.random(count) > 0.1], clock[rng.random(count) > 0.1])
    # The median of `count` values spread evenly over 6 s; 2.5 standard deviations.
    assert found == pytest.approx(offset, abs=2.5 * 3 / np.sqrt(0.8 * count))


def test_offset_of_shots_in_quick_succession():
    # Gaps little above the tolerance: three in four shots would pair at any offset.
    times = np.cumsum(5 + np.random.default_rng(0).exponential(10, 400))
    clock = times + 86_400 + np.random.default_rng(1).normal(0, 1.5, 400)
    assert estimate_clock_offset(times[::2], clock) == pytest.approx(86_400, abs=0.5)


def test_offset_that_cannot_be_told():
    assert estimate_clock_offset([100], [350.5]) == 250.5
    with pytest.raises(AlignmentError, match="no capture times"):
        estimate_clock_offset([], [1.0])
    with pytest.raises(AlignmentError, match="nearly as well"):
        estimate_clock_offset([100], [0, 60, 200])
    jitter = np.random.default_rng(0).uniform(-2, 2, 30)
    with pytest.raises(AlignmentError, match="nearly as well"):
        estimate_clock_offset(45 * np.arange(30), 45 * np.arange(30) + 1000 + jitter)
    with pytest.raises(AlignmentError, match="too many photos within seconds"):
        estimate_clock_offset([0.0] * 200, [5.0] * 200)  # copies that all have one date


def test_matches_are_one_to_one_in_time_order_and_best_in_all():
    # The nearest, 5 and 4, would leave 0 and 9. Each true pair is 4 s apart: 2 × (1 − 0.16).
    match = match_times([0, 5], [4, 9], 0)
    assert match.pairs == [(0, 0), (1, 1)]
    assert match.score == pytest.approx(1.68)
    # Of two shots for one the nearer counts, and the other goes without.
    assert match_times([100], [98, 101], 0).pairs == [(0, 1)]
    assert match_times([98, 101, 200], [100, 205], 0).pairs == [(1, 0), (2, 1)]
    # Ten seconds is too far; the offset is taken off the DSLR's.
    assert match_times([0, 50], [9.9, 60], 0).pairs == [(0, 0)]
    assert match_times([0, 50], [9.9, 60], 1).pairs == [(0, 0), (1, 1)]
    assert match_times([0], [20], 0).pairs == []


def test_three_thousand_photos_pair_in_seconds(tmp_path):
    times = irregular(3000)
    phone, dslr = shoot(tmp_path, times, times - 3612.4)
    start = time.process_time()
    pairing = pair_photos(phone, dslr)
    assert time.process_time() - start < 30  # about 3 s, alone on the machine
    assert pairing.how == "by time, the DSLR's clock 3612.4 s behind"
    assert names(pairing) == [(f"IMG_{i}.jpg", f"DSC{i:05}.JPG") for i in range(3000)]


def test_a_name_that_no_table_could_hold_is_refused(tmp_path):
    phone, dslr = folders(tmp_path, ["a.jpg", os.fsdecode(b"\xe9t\xe9.jpg")], ["a.jpg", "b.jpg"])
    with pytest.raises(AlignmentError, match="not UTF-8") as raised:
        pair_photos(phone, dslr)
    assert str(raised.value).encode()
