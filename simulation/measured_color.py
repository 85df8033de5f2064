"""Exposure, tone and color of a phone relative to its DSLR, measured on aligned patch pairs."""

import numpy as np

from common.color import light_of_code
from simulation.measured_blocks import (
    BIN_CENTERS,
    BIN_EDGES,
    MeasurementError,
    block_means,
    comparable_blocks,
    quantiles,
    rounded,
)


def measure_exposure_and_color(phone: np.ndarray, dslr: np.ndarray) -> dict:
    """Measure exposure, white balance and saturation of the phone, and their spread over pairs.

    `stops` is the median over a pair's blocks of log2(phone light / DSLR light) in green. The
    chroma of the phone is fitted as

        white_balance + saturation · (chroma of the DSLR) + per_stop · stops,

    with the same weight for every pair. `jitter` is the standard deviation of a pair's mean
    residual. Noise in the chroma of the DSLR makes the fitted saturation a little too small.

    Args:
        phone: float32 N×H×W×3 in [0, 1], RGB.
        dslr: the same scenes, of the same shape.

    Raises:
        MeasurementError: fewer than two pairs have ten comparable blocks.
    """
    light = [block_means(light_of_code(side)) for side in (phone, dslr)]
    chosen = comparable_blocks(phone, dslr)
    pair = np.nonzero(chosen)[0]
    count = np.bincount(pair, minlength=len(phone))
    phone_log, dslr_log = (np.log2(side[chosen]) for side in light)
    kept = [n for n in range(len(phone)) if count[n] >= 10]
    if len(kept) < 2:
        raise MeasurementError(
            f"{len(kept)} of {len(phone)} pairs can be compared: give at least two pairs that are "
            "neither clipped nor full of edges"
        )
    ratio = (phone_log - dslr_log)[:, 1]
    stops = {n: float(np.median(ratio[pair == n])) for n in kept}
    spread = np.array(list(stops.values()))

    member = np.isin(pair, kept)
    pair, phone_log, dslr_log = pair[member], phone_log[member], dslr_log[member]
    weight = 1 / np.sqrt(count[pair])
    stops_of_pair = np.array([stops[n] for n in pair])
    result = {
        "pairs": len(kept),
        "stops": {
            "mean": rounded(spread.mean()),
            "sd": rounded(spread.std()),
            **quantiles(spread),
        },
    }
    for name, channel in (("red_to_green", 0), ("blue_to_green", 2)):
        phone_chroma = phone_log[:, channel] - phone_log[:, 1]
        dslr_chroma = dslr_log[:, channel] - dslr_log[:, 1]
        terms = np.stack([np.ones_like(dslr_chroma), dslr_chroma, stops_of_pair], axis=1)
        values, *_ = np.linalg.lstsq(terms * weight[:, None], phone_chroma * weight, rcond=None)
        residual = phone_chroma - terms @ values
        jitter = np.std([residual[pair == n].mean() for n in kept])
        result[name] = {
            "white_balance": rounded(values[0]),
            "saturation": rounded(values[1]),
            "per_stop": rounded(values[2]),
            "jitter": rounded(jitter),
        }
    return result


def measure_tone(phone: np.ndarray, dslr: np.ndarray) -> dict:
    """Measure the tone curve of the phone against that of the DSLR.

    `dslr_at_phone` and `phone_at_dslr` give, for R, G and B, the median code value of one camera
    in the blocks where the other camera has about the code value of `levels`. `slope` is
    d log(phone light) / d log(DSLR light) within pairs, in green: above 1 the tone curve of the
    phone is steeper, below 1 it is flatter. The two values come from the two regressions, of the
    phone on the DSLR and of the DSLR on the phone; the true slope lies between them.

    Args:
        phone: float32 N×H×W×3 in [0, 1], RGB.
        dslr: the same scenes, of the same shape.
    """
    chosen = comparable_blocks(phone, dslr)
    phone_code, dslr_code = (block_means(side)[chosen] for side in (phone, dslr))
    pair = np.nonzero(chosen)[0]
    phone_log, dslr_log = (np.log(light_of_code(code[:, 1])) for code in (phone_code, dslr_code))
    for n in np.unique(pair):
        phone_log[pair == n] -= phone_log[pair == n].mean()
        dslr_log[pair == n] -= dslr_log[pair == n].mean()
    product = (phone_log * dslr_log).sum()
    slopes = [product / (dslr_log**2).sum(), (phone_log**2).sum() / product]
    return {
        "levels": [rounded(level) for level in BIN_CENTERS],
        "dslr_at_phone": _medians_by_level(phone_code, dslr_code),
        "phone_at_dslr": _medians_by_level(dslr_code, phone_code),
        "slope": [rounded(slope) for slope in slopes],
    }


def _medians_by_level(given: np.ndarray, other: np.ndarray) -> dict[str, list[float | None]]:
    """Return medians of `other` by bins of `given`; None for a bin of 20 blocks or fewer."""
    medians = {}
    for channel, letter in enumerate("RGB"):
        bins = np.digitize(given[:, channel], BIN_EDGES) - 1
        members = [other[bins == k, channel] for k in range(len(BIN_EDGES) - 1)]
        medians[letter] = [rounded(np.median(m)) if len(m) > 20 else None for m in members]
    return medians
