"""The pairs that the report shows as pictures: worst, median and best of each method."""

import base64
import dataclasses
import io
import json
from collections.abc import Mapping
from html import escape

import numpy as np
from PIL import Image

from evaluation.number_text import number
from metrics import METRICS, in_chunks, psnr

CASES = ("worst", "median", "best")
FULL_ERROR = 64  # of 255 levels; the error map shows larger errors in the same color


@dataclasses.dataclass(frozen=True)
class Case:
    """A pair that the report shows.

    Attributes:
        kind: one of `CASES`.
        pair: number of the pair.
        psnr: of the method, dB.
        gain: PSNR of the method minus PSNR of the input, dB.
    """

    kind: str
    pair: int
    psnr: float
    gain: float


def find_cases(psnr: np.ndarray, before: np.ndarray) -> list[Case]:
    """Find the worst, the median and the best pair of a method, by the gain over the input.

    If no pair has a gain, as for the input itself, the PSNR decides. Pairs without a finite PSNR
    are left out. Of two pairs in the middle, the worse is the median.

    Args:
        psnr: `(N,)` of the method, dB.
        before: `(N,)` of the input, dB.

    Returns:
        Three cases, or none if no pair has a finite PSNR.
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
    """Compute the PSNR of the inputs, uint8 `(N, H, W, 3)`: `(N,)` dB, NaN for identical pairs."""
    values = in_chunks(lambda x, t: psnr(x / 255, t / 255), inputs, targets)
    return np.where(np.isinf(values), np.nan, values)


def error_map(picture: np.ndarray, target: np.ndarray) -> Image.Image:
    """Draw |picture − target|, mean over RGB, from black (0) to pale yellow (from `FULL_ERROR` on).

    Args:
        picture: uint8 `(H, W, 3)`.
        target: uint8 `(H, W, 3)`.
    """
    error = np.abs(picture.astype(np.int16) - target).mean(-1) / FULL_ERROR
    return _colored(np.rint(np.clip(error, 0, 1) * 255).astype(np.uint8))


def viewer_data(
    inputs: np.ndarray,
    targets: np.ndarray,
    pictures: Mapping[str, np.ndarray],
    per_image: Mapping[str, Mapping[str, np.ndarray]],
) -> dict:
    """Collect the data of the viewer in types that JSON has.

    Args:
        inputs: the phone's pictures, uint8 `(N, H, W, 3)`.
        targets: the DSLR's pictures, uint8 `(N, H, W, 3)`.
        pictures: by name, the methods' pictures, uint8 `(N, H, W, 3)`.
        per_image: by method and metric, `(N,)` float.

    Returns:
        "pictures": data URIs, each picture once. "methods": a "name" and "cases" each; in a case,
        "input", "method", "target" and "error" are indices of pictures.
    """
    indices: dict[str, int] = {}

    def index_of(image):
        return indices.setdefault(_data_uri(image), len(indices))

    before, methods = input_psnr(inputs, targets), []
    for name, images in pictures.items():
        scores = per_image[name]
        cases = [
            {
                "kind": case.kind,
                "text": _in_words(case, scores),
                "input": index_of(inputs[case.pair]),
                "method": index_of(images[case.pair]),
                "target": index_of(targets[case.pair]),
                "error": index_of(error_map(images[case.pair], targets[case.pair])),
            }
            for case in find_cases(np.asarray(scores["psnr"], np.float64), before)
        ]
        if cases:
            methods.append({"name": name, "cases": cases})
    return {"pictures": list(indices), "methods": methods}


def as_script(data: dict) -> str:
    """Write JSON for a <script> element, without characters that have a meaning in HTML."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def first_shown(data: dict, reference: str, first: str | None = None) -> tuple[int, dict]:
    """Choose what the page shows at first: a method's index and its median case.

    Args:
        data: what `viewer_data` returns.
        reference: the method that all others are compared with.
        first: the method to show; without it the first that is neither the reference nor the input.
    """
    names = [method["name"] for method in data["methods"]]
    others = [name for name in names if name not in (reference, "input")]
    wanted = first if first in names else next(iter(others), names[0])
    chosen = names.index(wanted)
    return chosen, data["methods"][chosen]["cases"][CASES.index("median")]


def options(data: dict, chosen: int) -> str:
    """Write the methods as <option> elements."""
    return "".join(
        f'<option value="{i}"{" selected" if i == chosen else ""}>{escape(method["name"])}</option>'
        for i, method in enumerate(data["methods"])
    )


def scale_uri() -> str:
    """Draw the color scale of the error map, as a data URI."""
    return _data_uri(_colored(np.arange(256, dtype=np.uint8)[None]))


def _in_words(case: Case, scores: Mapping[str, np.ndarray]) -> str:
    """Describe a case: the pair, its PSNR and gain, and every other metric that it has."""
    words = f"pair {case.pair}: PSNR {number(case.psnr, 2)} dB"
    if case.gain:
        words += f" ({number(case.gain, 2, sign=True)} dB over the input)"
    for name, metric in METRICS.items():
        if name != "psnr" and name in scores and np.isfinite(scores[name][case.pair]):
            value = f"{number(float(scores[name][case.pair]), metric.decimals)} {metric.unit}"
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
