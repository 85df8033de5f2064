"""The reasons for which a window is rejected."""

import enum


class Rejection(enum.StrEnum):
    """A reason for which a window is rejected.

    The value is the word in `pairs.csv`. `explanation` says what the reason means. `advice` says
    what to do if many windows have the reason.
    """

    explanation: str
    advice: str

    def __new__(cls, word: str, explanation: str, advice: str):
        member = str.__new__(cls, word)
        member._value_ = word
        member.explanation = explanation
        member.advice = advice
        return member

    OUTSIDE = (
        "outside",
        "The DSLR's photo does not show the whole window.",
        "Zoom the DSLR out a little.",
    )
    FLAT = (
        "flat",
        "One of the two patches shows no detail: sky, a plain wall, deep shadow.",
        "This does no harm. Choose scenes with more detail.",
    )
    CORRELATION = (
        "correlation",
        "The two patches differ too much: motion, blur, noise, or parallax.",
        "Look at the best rejected patches. Put the cameras closer together, and check the focus.",
    )
    DISAGREES = (
        "disagrees with neighbors",
        "The best match of the window contradicts the matches of the windows around it.",
        "Choose subjects farther away, or put the cameras closer together.",
    )
    BLOWN_OUT = (
        "blown out",
        "More than a quarter of one of the two patches is pure white.",
        "This does no harm. Expose a little less if there are many.",
    )
    OUT_OF_FOCUS = (
        "out of focus",
        "The DSLR's patch is blurrier than the phone's, or both patches are out of focus.",
        "Close the DSLR's aperture, and check the focus.",
    )
    DUPLICATE = (
        "duplicate",
        "An earlier pair of patches shows the same content.",
        "This does no harm. Move both cameras between shots.",
    )
