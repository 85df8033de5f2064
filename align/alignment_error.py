"""What may go wrong with a user's photos."""


class AlignmentError(ValueError):
    """Photos that cannot be paired or aligned; the message is one line."""
