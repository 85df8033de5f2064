"""What a user can do wrong."""


class StudyError(ValueError):
    """The arguments, a folder or the votes are at fault; the message is one line."""
