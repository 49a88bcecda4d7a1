"""Secrets of a desk: their sources, and how they reach a process without being in its environment.

A secret is a variable, a file that a variable names, or a credential of systemd. A process that starts with some in
its environment passes those it needs to itself through a pipe and restarts without them, so that neither a strategy
nor a program that it runs finds them in `os.environ` or in `/proc/self/environ`.
"""

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from aion.errors import ConfigError
from aion.store.regular_file import open_regular

FEED_SECRETS = ("alpaca_key", "alpaca_secret")
DESK_SECRETS = ("password", "viewer_password")
SECRETS = (*DESK_SECRETS, *FEED_SECRETS, "alert_urls")
MAX_BYTES = 16_384
HANDED = "AION_HANDED"
"""Number of the open pipe in which a process finds its secrets."""
CREDENTIALS = "CREDENTIALS_DIRECTORY"
ATTACHED_SECRETS = ("password", "database_password", "key", "secret")
"""Of each bot of another program."""
_ATTACHED = re.compile(r"AION_(ATTACH_\w+_(?:PASSWORD|KEY|SECRET))(_FILE)?")
_SECRET = re.compile(r"AION_\w*(PASSWORD|PASSPHRASE|TOKEN|SECRET|KEY|ALERT_URLS)\w*", re.IGNORECASE)

_is_program = False
handed: dict[str, str] = {}
"""Variables that this process was handed."""


def variable_of(name: str) -> str:
    """Return the variable of a secret."""
    return f"AION_{name.upper()}"


def attached_secret(bot: str, what: str) -> str:
    """Return the name of a secret of a bot of another program; `what` is one of `ATTACHED_SECRETS`."""
    return f"attach_{re.sub(r'[^a-z0-9]', '_', bot.lower())}_{what}"


def attached_secrets(bots: Iterable[str], environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the secrets of bots of other programs that are set, by variable, for the process that reads them.

    Raises:
        ConfigError: as `read_secret`.
    """
    variables = {**os.environ, **handed} if environment is None else environment
    names = [attached_secret(bot, what) for bot in bots for what in ATTACHED_SECRETS]
    found = {variable_of(name): read_secret(name, variables) for name in names}
    return {variable: given[0] for variable, given in found.items() if given is not None}


def is_secret_variable(variable: str) -> bool:
    """Tell whether `variable` contains a secret, or the path of one."""
    return variable == CREDENTIALS or _SECRET.fullmatch(variable) is not None


def read_secret(name: str, environment: Mapping[str, str]) -> tuple[str, str] | None:
    """Return a secret and the name of its source, None if it is not set.

    Args:
        name: one of `SECRETS`.
        environment: variables; the variable or its file takes precedence over a credential.

    Raises:
        ConfigError: it is given twice, or its file cannot be read, is empty or too large.
    """
    variable = variable_of(name)
    by_file = f"{variable}_FILE"
    if environment.get(variable) and environment.get(by_file):
        raise ConfigError(f"{variable} and {by_file} are both set: remove one of them")
    if path := environment.get(by_file):
        return _read_file(Path(path).expanduser(), by_file), by_file
    if variable in environment:
        return environment[variable], variable
    if folder := environment.get(CREDENTIALS):
        credential = Path(folder) / f"aion-{name.replace('_', '-')}"
        if credential.exists():
            return _read_file(credential, "credential"), f"credential {credential.name}"
    return None


def clean_environment() -> dict[str, str]:
    """Return the environment of this process without secrets, for a child process."""
    return {name: value for name, value in os.environ.items() if not is_secret_variable(name) and name != HANDED}


def hand_over(secrets: Mapping[str, str]) -> int:
    """Return the reading end of a pipe that contains `secrets`, by variable, to pass to a child process."""
    reading, writing = os.pipe()
    try:
        os.set_blocking(writing, False)  # a pipe holds 64 KB, more than all secrets together
        os.write(writing, json.dumps(dict(secrets)).encode())
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    os.set_inheritable(reading, True)
    return reading


def leave_environment(needed: Iterable[str] = SECRETS, *, keeps_attached: bool = False) -> None:
    """Take the secrets passed to this process, or restart it without secrets in its environment.

    Args:
        needed: secrets that it keeps.
        keeps_attached: True to keep those of bots of other programs as well.

    Raises:
        ConfigError: as `read_secret`.
    """
    if (number := os.environ.pop(HANDED, "")).isdecimal():
        with os.fdopen(int(number), "rb") as pipe:
            handed.update(json.loads(pipe.read()))
    if not any(map(is_secret_variable, os.environ)) or not _can_start_anew():
        return
    of_attached = {match[1].lower() for each in os.environ if (match := _ATTACHED.fullmatch(each))}
    names = [*needed, *(of_attached if keeps_attached else ())]
    found = {variable_of(name): read_secret(name, os.environ) for name in names}
    values = {variable: given[0] for variable, given in found.items() if given is not None}
    environment = clean_environment() | {HANDED: str(hand_over(values | handed))}
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606 - this very program


def be_program() -> None:
    """Mark this process as Aion's own, whatever its file is named, so that it may restart itself."""
    global _is_program
    _is_program = True


def _can_start_anew() -> bool:
    """Return True if a restart of this process does the same again, which it does not inside another program."""
    return _is_program and sys.orig_argv[len(sys.orig_argv) - len(sys.argv) + 1 :] == sys.argv[1:]


def _read_file(path: Path, source: str) -> str:
    try:
        with open_regular(path, follow=True) as file:
            data = file.read(MAX_BYTES + 1)
        text = data.decode()
    except OSError as error:
        raise ConfigError(f"{source}: {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{source}: {path} is not UTF-8 text") from None
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{source}: {path} has more than {MAX_BYTES} bytes: one line with the secret is wanted")
    text = text.rstrip("\r\n")
    if not text:
        raise ConfigError(f"{source}: {path} is empty: write the secret into it, as one line")
    if "\n" in text:
        raise ConfigError(f"{source}: {path} has more than one line: one with the secret is wanted")
    return text
