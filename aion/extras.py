"""Optional packages, imported when they are first used."""

import importlib
import warnings
from typing import Any

from aion.errors import ConfigError


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
