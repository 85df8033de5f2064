"""Exposure, tone and color of a phone relative to its DSLR, on aligned patch pairs."""

import numpy as np

from simulation.blocks import (
    LEVELS,
    MeasurementError,
    blocks,
    middles,
    quantiles,
    rounded,
    usable,
)
from simulation.development import decoded


def exposure_and_color(phone: np.ndarray, dslr: np.ndarray) -> dict:
    """Exposure, white balance and saturation of the phone, and how they vary from pair to pair.

    `stops` is the pair's median log2 of phone over DSLR light in green. Chroma of the phone is
    fitted as white_balance + saturation · chroma of the DSLR + per_stop · stops, every pair with
    the same weight; `jitter` is the standard deviation of a pair's mean residual. Saturation in
    this sense is attenuated a little by noise in the DSLR's chroma.
    """
    light = [blocks(decoded(side)) for side in (phone, dslr)]
    chosen = usable(phone, dslr)
    pair = np.nonzero(chosen)[0]
    count = np.bincount(pair, minlength=len(phone))
    phone_log, dslr_log = (np.log2(side[chosen]) for side in light)
    kept = [n for n in range(len(phone)) if count[n] >= 10]
    if len(kept) < 2:
        raise MeasurementError(f"{len(kept)} of {len(phone)} pairs can be compared: give more")
    ratio = (phone_log - dslr_log)[:, 1]
    stops = {n: float(np.median(ratio[pair == n])) for n in kept}
    spread = np.array(list(stops.values()))

    member = np.isin(pair, kept)
    pair, phone_log, dslr_log = pair[member], phone_log[member], dslr_log[member]
    weight = 1 / np.sqrt(count[pair])
    of_pair = np.array([stops[n] for n in pair])
    result = {
        "pairs": len(kept),
        "stops": {
            "mean": rounded(spread.mean()),
            "sd": rounded(spread.std()),
            **quantiles(spread),
        },
    }
    for name, channel in (("red_to_green", 0), ("blue_to_green", 2)):
        ours = phone_log[:, channel] - phone_log[:, 1]
        theirs = dslr_log[:, channel] - dslr_log[:, 1]
        terms = np.stack([np.ones_like(theirs), theirs, of_pair], axis=1)
        values, *_ = np.linalg.lstsq(terms * weight[:, None], ours * weight, rcond=None)
        residual = ours - terms @ values
        jitter = np.std([residual[pair == n].mean() for n in kept])
        names = ("white_balance", "saturation", "per_stop", "jitter")
        result[name] = dict(zip(names, map(rounded, (*values, jitter)), strict=True))
    return result


def tone(phone: np.ndarray, dslr: np.ndarray) -> dict:
    """Median code value of one camera where the other has a given one, R, G, B; and the slope.

    `slope` is d log(phone light) / d log(DSLR light) within pairs, in green: above 1 the phone's
    tone curve is steeper, below 1 flatter. Two regressions, of each on the other, bracket it.
    """
    chosen = usable(phone, dslr)
    code = [blocks(side)[chosen] for side in (phone, dslr)]
    pair = np.nonzero(chosen)[0]
    result = {"levels": [rounded(level) for level in middles()]}
    for name, given, other in (("dslr_at_phone", *code), ("phone_at_dslr", *code[::-1])):
        result[name] = {}
        for channel, letter in enumerate("RGB"):
            groups = np.digitize(given[:, channel], LEVELS) - 1
            members = [other[groups == k, channel] for k in range(len(LEVELS) - 1)]
            result[name][letter] = [rounded(np.median(m)) if len(m) > 20 else None for m in members]
    ours, theirs = (np.log(decoded(side[:, 1])) for side in code)
    for n in np.unique(pair):
        ours[pair == n] -= ours[pair == n].mean()
        theirs[pair == n] -= theirs[pair == n].mean()
    product = (ours * theirs).sum()
    slopes = [product / (theirs**2).sum(), (ours**2).sum() / product]
    return {**result, "slope": [rounded(slope) for slope in slopes]}
