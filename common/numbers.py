"""Numbers of the command line that every program can work with."""

import argparse
import math

LARGEST = 2**32 - 1  # seeds of Keras and NumPy end here


def whole_number(text: str) -> int:
    """Return the whole number that a word of the command line states.

    Raises:
        ValueError: The word is no whole number.
        argparse.ArgumentTypeError: The number is beyond ±`LARGEST`.
    """
    number = int(text)
    if abs(number) > LARGEST:
        raise argparse.ArgumentTypeError(f"{text}: give a number of at most {LARGEST}")
    return number


def finite_number(text: str) -> float:
    """Return the number that a word of the command line states.

    Raises:
        ValueError: The word is no number.
        argparse.ArgumentTypeError: The number is infinite or not a number (NaN).
    """
    number = float(text)
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text}: give a finite number")
    return number


# argparse says "invalid int value" by these names.
whole_number.__name__, finite_number.__name__ = "int", "float"
