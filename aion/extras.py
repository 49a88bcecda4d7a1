"""Other packages: the optional dependencies of extras, and entry points."""

import importlib
import warnings
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from aion.errors import AionError, ConfigError


def need(module: str, extra: str) -> Any:
    """Return the module `module`, which comes with the extra `extra` of Aion.

    Raises:
        ConfigError: it is not installed; the message has the line that installs it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of packages about packages that they import
            return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.split(".", 1)[0]:
            raise ConfigError(
                f"the package {module.split('.', 1)[0]} is there, but {error.name}, which it needs, is not: "
                f"pip install 'aion[{extra}]'"
            ) from None
        raise ConfigError(
            f"this needs the package {error.name}, which is not installed: pip install 'aion[{extra}]'"
        ) from None


def offered(group: str) -> dict[str, EntryPoint]:
    """Return the entry points of `group` of installed packages, by name, without importing them."""
    return {each.name: each for each in entry_points(group=group)}


def open_offered(
    point: EntryPoint,
    what: str,
    what_is_wrong: Callable[[Any], str],
    made_of: Callable[[Any], Any] = lambda found: found,
) -> Any:
    """Load the entry point `point` and return a checked object.

    Args:
        point: of a package.
        what: the word for it, such as `strategy`.
        what_is_wrong: says why it is not one; an empty text when it is.
        made_of: makes it of what the entry point names.

    Raises:
        ConfigError: it cannot be loaded, is not what it should be, or has another name than its entry point.
    """
    where = f"{what} {point.name!r} ({point.value} of {point.dist.name if point.dist else 'a package'})"
    try:
        found = made_of(point.load())
    except AionError:
        raise
    except Exception as error:  # noqa: BLE001 - third-party code: whatever it raises is named, not passed on
        raise ConfigError(f"{where} cannot be loaded: {type(error).__name__}: {error}") from None
    problem = what_is_wrong(found)
    if not problem and found.name != point.name:
        problem = f"its name is {found.name!r}; the entry point must have the same"
    if problem:
        raise ConfigError(f"{where} is not a {what}: {problem}")
    return found
