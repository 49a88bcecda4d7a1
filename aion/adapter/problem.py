"""Why a bot of another program cannot be read or asked, as a sentence for its card and the log."""

from aion.errors import AionError


class AttachError(AionError):
    """What is wrong with a bot of another program."""

    exit_status = 1


class AwayError(AttachError):
    """It does not answer, or not as it should: it may do so later."""


class RefusedError(AttachError):
    """It answered, and will not do what was asked."""


class WrongError(AttachError):
    """What it says cannot be shown: of a newer version, or contradicting itself."""


class ReadInsteadError(WrongError):
    """Its API does not say what its database does, which is given and read instead."""
