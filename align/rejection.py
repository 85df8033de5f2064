"""The reasons for which a window is rejected."""

import enum


class Rejection(enum.StrEnum):
    """A reason for which a window is not in the dataset.

    The value is the word in `pairs.csv`. `explanation` is the sentence in the report.
    """

    explanation: str

    def __new__(cls, word: str, explanation: str):
        member = str.__new__(cls, word)
        member._value_ = word
        member.explanation = explanation
        return member

    OUTSIDE = "outside", "The DSLR's photo does not show the whole window."
    FLAT = "flat", "One of the two patches shows no detail: sky, a plain wall, deep shadow."
    CORRELATION = (
        "correlation",
        "The two patches differ too much: motion, blur, noise, or parallax.",
    )
    DISAGREES = (
        "disagrees with neighbors",
        "The best match of the window contradicts the matches of the windows around it.",
    )
    BLOWN_OUT = "blown out", "More than a quarter of one of the two patches is pure white."
    OUT_OF_FOCUS = (
        "out of focus",
        "The DSLR's patch is blurrier than the phone's, or both patches are out of focus.",
    )
    DUPLICATE = "duplicate", "An earlier pair of patches shows the same content."
