"""Passwords as argon2id hashes; a hash takes 64 MB and about 50 ms of a core, so they are made one at a time.

Who has logged in as admin before has a turn of its own: behind a crowd it would wait for seconds.
"""

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from aion.errors import AionError, ConfigError

MIN_CHARACTERS = 10
MAX_CHARACTERS = 1024  # argon2 would hash more; nobody types more
MAX_WAITING = 8  # logins that wait for their turn; more are sent away

hasher = PasswordHasher()
_turn, _turn_admin = threading.Lock(), threading.Lock()
waiting_strangers = threading.BoundedSemaphore(MAX_WAITING)
waiting_admins = threading.BoundedSemaphore(MAX_WAITING)


class BusyError(AionError):
    """Too many logins at once."""

    status = 429


def hash_password(password: str) -> str:
    """Return the argon2id hash of `password`, salt and parameters in it.

    Raises:
        ConfigError: it is too short or too long; the message does not repeat it.
    """
    check_length(password)
    return hasher.hash(password)


def check_length(password: str) -> None:
    """Refuse what cannot be a password.

    Raises:
        ConfigError: it is too short or too long; the message does not repeat it.
    """
    if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        raise ConfigError(
            f"the password has {len(password)} characters: use {MIN_CHARACTERS} to {MAX_CHARACTERS}, best a sentence"
        )


def is_password(password: str, hashed: str, *, is_admin: bool = False) -> bool:
    """Tell whether `password` is the one that was hashed. Blocks: call it in a worker thread.

    Args:
        password: what was given.
        hashed: what is kept.
        is_admin: True for who has logged in as admin before: no crowd takes the places or the turn of those.

    Raises:
        BusyError: `MAX_WAITING` others wait already.
    """
    if len(password) > MAX_CHARACTERS:
        return False
    waiting, turn = (waiting_admins, _turn_admin) if is_admin else (waiting_strangers, _turn)
    if not waiting.acquire(blocking=False):
        raise BusyError("too many logins at once: try again in a few seconds")
    try:
        with turn:
            return hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
    finally:
        waiting.release()
