"""The error of this package that a user can cause."""


class AlignmentError(ValueError):
    """Photos that cannot be paired or aligned. The message is one line."""
