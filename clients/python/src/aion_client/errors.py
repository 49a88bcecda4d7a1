"""What the client raises, always with the name of the caller's argument."""


class ClientError(ValueError):
    """A call that cannot be booked, or a bot that cannot be opened; the text says what to change."""


class NameTakenError(ClientError):
    """Another running program reports under the same name."""
