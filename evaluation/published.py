"""The published results of the method and its rivals."""

SOURCE = (
    "results table of the thesis on the method; the paper is Ignatov et al., “DSLR-Quality Photos "
    "on Mobile Devices with Deep Convolutional Networks”, ICCV 2017, arXiv 1704.02470"
)
# Name of each phone in the published table, by the name of its folder.
PHONES = {"iphone": "iPhone", "blackberry": "BlackBerry", "sony": "Sony"}
# PSNR in dB and SSIM (by today's name MS-SSIM) on the authors' test patches, by method and phone.
PUBLISHED = {
    "APE": {
        "iphone": (17.28, 0.8631),
        "blackberry": (18.91, 0.8922),
        "sony": (19.45, 0.9168),
    },
    "Dong et al.": {
        "iphone": (19.90, 0.8813),
        "blackberry": (19.34, 0.8998),
        "sony": (22.00, 0.9291),
    },
    "Johnson et al.": {
        "iphone": (19.65, 0.9003),
        "blackberry": (19.31, 0.9229),
        "sony": (21.07, 0.9378),
    },
    "the method": {
        "iphone": (19.16, 0.9114),
        "blackberry": (19.51, 0.9259),
        "sony": (21.97, 0.9400),
    },
}
# Names under which a method of the table is measured here.
_NAMES = {
    "APE": {"ape", "apple", "apple photo enhancer"},
    "Dong et al.": {"srcnn"},
    "Johnson et al.": {"johnson"},
    "the method": {"dped", "thesis", "iccv"},
}
# Checkpoints of the authors, each trained for one phone.
_CHECKPOINTS = {
    ("dped_srcnn", "iphone"): "Dong et al.",
    ("iphone_orig", "iphone"): "the method",
    ("blackberry_orig", "blackberry"): "the method",
    ("sony_orig", "sony"): "the method",
}


def published_as(name: str, phone: str) -> str | None:
    """Return the row of `PUBLISHED` that a measured method reproduces, or None.

    Args:
        name: name of the measured method: of a run, of a checkpoint of the authors, or from
            `--external`.
        phone: the phone of the test pairs. A checkpoint for another phone reproduces no row.
    """
    name = name.lower()
    row = next((row for row, names in _NAMES.items() if name in names), None)
    return row or _CHECKPOINTS.get((name, phone.lower()))
