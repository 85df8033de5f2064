"""The error of this package, apart so that all of it can raise it."""


class ModelFileError(ValueError):
    """A model file that cannot be used; the message is one line naming the file."""
