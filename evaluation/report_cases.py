"""The pairs that the report shows: each method's worst, median and best, and their pictures."""

import base64
import dataclasses
import io
import json
from html import escape

import numpy as np
from PIL import Image

from evaluation.columns import METRICS
from evaluation.report_tables import number
from metrics import in_chunks, psnr

CASES = ("worst", "median", "best")
FULL_ERROR = 64  # levels of 255 where the error map's colours end: one scale for all methods


@dataclasses.dataclass(frozen=True)
class Case:
    """A pair: which one, and what makes it a case."""

    kind: str
    pair: int
    psnr: float
    gain: float


def find_cases(psnr: np.ndarray, before: np.ndarray) -> list[Case]:
    """The worst, the median and the best pair of a method, by the gain over the input.

    Without any gain (the input itself) by the PSNR. Pairs without a finite PSNR are no cases; of
    two in the middle the worse is taken.

    Args:
        psnr: `(N,)` of the method, dB.
        before: `(N,)` of the input, dB.

    Returns:
        Three cases, or none where no pair has a finite PSNR.
    """
    gain = psnr - before
    order = np.argsort(gain if np.nan_to_num(gain, posinf=0).any() else psnr, kind="stable")
    order = order[np.isfinite(gain[order])]
    if not len(order):
        return []
    chosen = (order[0], order[(len(order) - 1) // 2], order[-1])
    return [
        Case(kind, int(pair), float(psnr[pair]), float(gain[pair]))
        for kind, pair in zip(CASES, chosen, strict=True)
    ]


def input_psnr(inputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """PSNR of the pictures as they are, uint8 `(N, H, W, 3)`: `(N,)` dB, NaN if identical."""
    values = in_chunks(lambda x, t: psnr(x / 255, t / 255), inputs, targets)
    return np.where(np.isinf(values), np.nan, values)


def error_map(picture: np.ndarray, target: np.ndarray) -> Image.Image:
    """|picture − target|, mean over RGB, from black (none) to pale yellow (`FULL_ERROR` and more).

    Args:
        picture: uint8 `(H, W, 3)`.
        target: the same.
    """
    error = np.abs(picture.astype(np.int16) - target).mean(-1) / FULL_ERROR
    return _colored(np.rint(np.clip(error, 0, 1) * 255).astype(np.uint8))


def viewer_data(report) -> dict:
    """What the viewer needs, as JSON's types.

    Args:
        report: the `evaluation.report.Report`.

    Returns:
        "pictures", each a data URI and there once; "methods", each with its "name" and "cases", in
        which "input", "method", "target" and "error" are numbers of pictures.
    """
    pictures: dict[str, int] = {}

    def kept(image):
        return pictures.setdefault(_data_uri(image), len(pictures))

    before, methods = input_psnr(report.inputs, report.targets), []
    for name, images in report.pictures.items():
        scores = report.per_image[name]
        cases = [
            {
                "kind": case.kind,
                "text": _in_words(case, scores),
                "input": kept(report.inputs[case.pair]),
                "method": kept(images[case.pair]),
                "target": kept(report.targets[case.pair]),
                "error": kept(error_map(images[case.pair], report.targets[case.pair])),
            }
            for case in find_cases(np.asarray(scores["psnr"], np.float64), before)
        ]
        if cases:
            methods.append({"name": name, "cases": cases})
    return {"pictures": list(pictures), "methods": methods}


def as_script(data: dict) -> str:
    """JSON that can stand in a <script>: no character in it is one of HTML's."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def first_shown(data: dict, reference: str) -> tuple[int, dict]:
    """The method whose median case stands in the page before a reader chooses, and that case."""
    names = [method["name"] for method in data["methods"]]
    number = next((i for i, name in enumerate(names) if name not in (reference, "input")), 0)
    return number, data["methods"][number]["cases"][CASES.index("median")]


def options(data: dict, chosen: int) -> str:
    """The methods as <option>s."""
    return "".join(
        f'<option value="{i}"{" selected" if i == chosen else ""}>{escape(method["name"])}</option>'
        for i, method in enumerate(data["methods"])
    )


def scale_uri() -> str:
    """The error map's colours in a row, from none to full, as a data URI."""
    return _data_uri(_colored(np.arange(256, dtype=np.uint8)[None]))


def _in_words(case, scores):
    words = f"pair {case.pair}: PSNR {number(case.psnr, 2)} dB"
    if case.gain:
        words += f" ({number(case.gain, 2, sign=True)} dB over the input)"
    for key in ("ms_ssim", "color"):
        if key in scores and np.isfinite(scores[key][case.pair]):
            metric = METRICS[key]
            value = f"{number(float(scores[key][case.pair]), metric.decimals)} {metric.unit}"
            words += f", {metric.label} {value.strip()}"
    return words


def _colored(indices):
    from matplotlib import colormaps  # slow to import

    image = Image.fromarray(indices, "L").convert("P")
    palette = np.rint(colormaps["inferno"](np.arange(256))[:, :3] * 255).astype(np.uint8)
    image.putpalette(palette.tobytes())
    return image


def _data_uri(image):
    buffer = io.BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
