"""The fault suite: `python -m tests.fault`."""

import importlib

MODULES = ("process", "link", "disk", "moment", "watch", "place")


def load() -> None:
    """Fill the registry."""
    for name in MODULES:
        importlib.import_module(f"{__name__}.{name}")
