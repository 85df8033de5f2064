"""The code points of primaries and curves that PNG, HEIF and AVIF files carry: ITU-T H.273."""

from photos.colors.tone_curves import LINEAR, SRGB, Power

UNSPECIFIED = 2
# Transfer characteristics (table 3) whose values are no shares of white, or no powers of light.
REFUSED_TRANSFERS = {9: "logarithmic", 10: "logarithmic", 16: "PQ", 18: "HLG"}

_D65, _C = (0.3127, 0.3290), (0.310, 0.316)
_SRGB_PRIMARIES = (*_D65, 0.640, 0.330, 0.300, 0.600, 0.150, 0.060)
_NTSC = (*_D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070)
# Table 2: x and y of white, red, green and blue.
_PRIMARIES = {
    1: _SRGB_PRIMARIES,
    4: (*_C, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (*_D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: _NTSC,
    7: _NTSC,
    8: (*_C, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049),
    9: (*_D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    10: (1 / 3, 1 / 3, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
    11: (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    12: (*_D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    22: (*_D65, 0.630, 0.340, 0.295, 0.605, 0.155, 0.077),
}
_ALPHA = 1.09929682680944  # of BT.709 and BT.2020
_BT709 = Power(1 / 0.45, 1 / _ALPHA, 1 - 1 / _ALPHA, 1 / 4.5, 4.5 * 0.018053968510807)
_SMPTE240 = Power(1 / 0.45, 1 / 1.1115, 0.1115 / 1.1115, 1 / 4, 4 * 0.0228)
# Table 3, from values to light: the inverse of the table's formulas.
_TRANSFERS = {
    1: _BT709,
    4: Power(2.2),
    5: Power(2.8),
    6: _BT709,
    7: _SMPTE240,
    8: LINEAR,
    11: _BT709,
    12: _BT709,
    13: SRGB,
    14: _BT709,
    15: _BT709,
    17: Power(2.6, (52.37 / 48) ** (1 / 2.6)),
}


def chromaticities_of(primaries: int) -> tuple[float, ...]:
    """Return x and y of white, red, green and blue; sRGB's for reserved or unspecified numbers."""
    return _PRIMARIES.get(primaries, _SRGB_PRIMARIES)


def curve_of(transfer: int) -> Power:
    """Return the curve of a transfer characteristic; sRGB's for reserved or unspecified numbers."""
    return _TRANSFERS.get(transfer, SRGB)
