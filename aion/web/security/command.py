"""What the command line does with passwords and tokens, and how a desk opens its store at start."""

import os
import pwd
from datetime import UTC, datetime

from aion.config import Settings
from aion.errors import ConfigError, NotFoundError
from aion.store.layout import Layout, check_name
from aion.web.security.host import check_host
from aion.web.security.password import check_length, hash_password, is_password
from aion.web.security.store import ROLES, DeskStore, DeskStoreError, Role


def who() -> str:
    """Return who uses the command line, for the audit: the name of the system's user, or the number."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    return f"command line, {name}"


def open_store(settings: Settings) -> DeskStore | None:
    """Return the store of a desk, its password brought in line with AION_PASSWORD.

    None where the data folder cannot be written and there is nothing to protect: no password was ever set.

    Raises:
        ConfigError: the password is too short.
        DeskStoreError: `desk.sqlite` is there and cannot be used, or a password is given and cannot be kept.
    """
    path = Layout(settings.data).desk
    given = settings.password.get_secret_value() if settings.password is not None else ""
    try:
        store = DeskStore(path)
    except DeskStoreError:
        if path.exists() or given:
            raise
        return None
    if given:
        held = store.password_hash("admin")
        if held is None or not is_password(given, held):
            store.set_password("admin", hash_password(given), "environment", "environment")
    elif store.password_source("admin") == "environment":
        store.drop_password("admin", "environment")
    return store


def check_address(settings: Settings) -> None:
    """Refuse to start a desk that would show itself to others without a password.

    Raises:
        ConfigError: it would, or its password is too short.
        DeskStoreError: `desk.sqlite` cannot be used.
    """
    store = open_store(settings)
    if store is not None:
        has_password = store.has_password
        store.close()
    check_host(settings.host, has_password=store is not None and has_password)


def would_have_password(settings: Settings) -> bool:
    """Tell whether a desk that starts with these settings has a password; nothing is changed, unlike by a start.

    Raises:
        ConfigError: the password of the settings is too short.
        DeskStoreError: `desk.sqlite` is there and cannot be used.
    """
    if settings.password is not None and settings.password.get_secret_value():
        check_length(settings.password.get_secret_value())
        return True
    path = Layout(settings.data).desk
    if not path.exists():
        return False
    store = DeskStore(path)
    try:
        return any(store.password_source(role) not in (None, "environment") for role in ROLES)
    finally:
        store.close()


def set_password(settings: Settings, role: str, password: str) -> str:
    """Set the password of a role; return a sentence for people.

    Raises:
        ConfigError: there is no such role, or the password is too short.
        DeskStoreError: `desk.sqlite` cannot be used.
    """
    hashed = hash_password(password)
    known = _role(role)
    _store(settings).set_password(known, hashed, "command", who())
    return f"the password of {known} is set; everybody with that role has to log in again"


def remove_password(settings: Settings, role: str) -> str:
    """Remove the password of a role; return a sentence for people.

    Raises:
        ConfigError: there is no such role.
        NotFoundError: it has no password.
        DeskStoreError: `desk.sqlite` cannot be used.
    """
    known = _role(role)
    store = _store(settings)
    if not store.drop_password(known, who()):
        raise NotFoundError(f"{known} has no password")
    if store.has_password:
        return f"the password of {known} is removed"
    return f"the password of {known} is removed; the desk has none now and answers this machine only"


def make_token(settings: Settings, name: str, role: str, days: float) -> str:
    """Make a bearer token and return it; it is shown this once.

    Raises:
        ConfigError: the name or role cannot be one, or `days` is not above 0.
        DeskStoreError: the name is taken.
    """
    if not 0 < days <= 3650:
        raise ConfigError(f"a token lives for up to 3650 days, not {days}")
    return _store(settings).make_token(check_name("token", name), _role(role), days, who(), "")


def revoke_token(settings: Settings, name: str) -> str:
    """End a bearer token; return a sentence for people.

    Raises:
        NotFoundError: there is none of that name.
    """
    _store(settings).revoke_token(name, who(), "")
    return f"token {name} is revoked: it is refused from the next request on"


def token_lines(settings: Settings) -> list[str]:
    """Return one line a bearer token: name, role and the day on which it ends."""
    return [
        f"{each['name']}  {each['role']}  ends {datetime.fromtimestamp(each['ends_at'], UTC):%Y-%m-%d}"
        for each in _store(settings).tokens()
    ]


def _store(settings: Settings) -> DeskStore:
    return DeskStore(Layout(settings.data).desk)


def _role(name: str) -> Role:
    for role in ROLES:
        if role == name:
            return role
    raise ConfigError(f"there is no role {name!r}; known: {', '.join(ROLES)}")
