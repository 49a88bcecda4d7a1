"""What the command line does with passwords and tokens, and how a desk opens its store at start."""

import os
import pwd
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime

from pydantic import SecretStr

from aion.config import Settings
from aion.errors import ConfigError, NotFoundError
from aion.store.layout import Layout, check_name
from aion.web.http.host import check_host
from aion.web.security.password import check_length, hash_password, is_password
from aion.web.security.store import ROLES, DeskStore, DeskStoreError, Ended, Role


def who() -> str:
    """Return who uses the command line, for the audit: the name of the system's user, or the number."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    return f"command line, {name}"


def open_store(settings: Settings) -> DeskStore | None:
    """Return the store of a desk, its password brought in line with the settings.

    None where the data folder cannot be written and there is nothing to protect: no password was ever set.

    Raises:
        ConfigError: the password is too short.
        DeskStoreError: `desk.sqlite` is there and cannot be used, or a password is given and cannot be kept.
    """
    path = Layout(settings.data).desk
    given = _given(settings)
    try:
        store = DeskStore(path)
    except DeskStoreError:
        if path.exists() or path.is_symlink() or any(given.values()):
            raise
        return None
    try:
        for role, password in given.items():
            if password:
                held = store.password_hash(role)
                if held is None or not is_password(password, held):
                    hashed = hash_password(password)
                    # another password than before: whoever knew that one may have made tokens
                    store.set_password(role, hashed, "environment", "environment", revoke_tokens=held is not None)
            elif store.password_source(role) == "environment":
                store.drop_password(role, "environment")
    except BaseException:
        store.close()
        raise
    return store


def _given(settings: Settings) -> dict[Role, str]:
    """Return the password of each role in the settings, empty where there is none."""
    found: dict[Role, SecretStr | None] = {"admin": settings.password, "viewer": settings.viewer_password}
    return {role: "" if secret is None else secret.get_secret_value() for role, secret in found.items()}


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
    given = [password for password in _given(settings).values() if password]
    for password in given:
        check_length(password)
    if given:
        return True
    path = Layout(settings.data).desk
    if not path.exists():
        return False
    store = DeskStore(path)
    try:
        return any(store.password_source(role) not in (None, "environment") for role in ROLES)
    finally:
        store.close()


def set_password(settings: Settings, role: str, password: str, *, keep_tokens: bool = False) -> str:
    """Set the password of a role and end its sessions; return sentences for people.

    Args:
        settings: say where the desk is.
        role: admin or viewer.
        password: the new one.
        keep_tokens: False to revoke the tokens that somebody with that role could have made.

    Raises:
        ConfigError: there is no such role, or the password is too short.
        DeskStoreError: `desk.sqlite` cannot be used.
    """
    hashed = hash_password(password)
    known = _role(role)
    with _store(settings) as store:
        ended = store.set_password(known, hashed, "command", who(), revoke_tokens=not keep_tokens)
    said = f"the password of {known} is set; everybody with that role has to log in again"
    return "\n".join([said, *_what_stays(ended)])


def remove_password(settings: Settings, role: str, *, keep_tokens: bool = False) -> str:
    """Remove the password of a role and end its sessions; return sentences for people.

    Args:
        settings: say where the desk is.
        role: admin or viewer.
        keep_tokens: as in `set_password`.

    Raises:
        ConfigError: there is no such role.
        NotFoundError: it has no password.
        DeskStoreError: `desk.sqlite` cannot be used.
    """
    known = _role(role)
    with _store(settings) as store:
        ended = store.drop_password(known, who(), revoke_tokens=not keep_tokens)
        has_password = store.has_password
    if ended is None:
        raise NotFoundError(f"{known} has no password")
    said = f"the password of {known} is removed"
    if not has_password:
        said += "; the desk has none now and answers this machine only"
    return "\n".join([said, *_what_stays(ended)])


def tokens_at_stake(settings: Settings, role: str) -> list[str]:
    """Return the names of the tokens that a new password of `role` revokes unless they are kept.

    Raises:
        ConfigError: there is no such role.
        DeskStoreError: `desk.sqlite` cannot be used.
    """
    known = _role(role)
    with _store(settings) as store:
        return [each["name"] for each in store.tokens() if known in ("admin", each["role"])]


def _what_stays(ended: Ended) -> list[str]:
    said = []
    if ended.tokens:
        said.append(f"revoked: {_tokens(ended.tokens)}; make new ones with `aion token make`")
    if ended.kept_tokens:
        said.append(f"still valid: {_tokens(ended.kept_tokens)}; end one with `aion token revoke`")
    if ended.kept_sessions:
        many = f"{ended.kept_sessions} sessions" if ended.kept_sessions > 1 else "1 session"
        said.append(f"still logged in: {many} of the other role")
    return said


def _tokens(names: Sequence[str]) -> str:
    return f"{'token' if len(names) == 1 else 'tokens'} {', '.join(names)}"


def make_token(settings: Settings, name: str, role: str, days: float) -> str:
    """Make a bearer token and return it; it is shown this once.

    Raises:
        ConfigError: the name or role cannot be one, or `days` is not above 0.
        DeskStoreError: the name is taken.
    """
    if not 0 < days <= 3650:
        raise ConfigError(f"a token lives for up to 3650 days, not {days}")
    with _store(settings) as store:
        return store.make_token(check_name("token", name), _role(role), days, who(), "")


def revoke_token(settings: Settings, name: str) -> str:
    """End a bearer token; return a sentence for people.

    Raises:
        NotFoundError: there is none of that name.
    """
    with _store(settings) as store:
        store.revoke_token(name, who(), "")
    return f"token {name} is revoked: it is refused from now on, and its streams end"


def token_lines(settings: Settings) -> list[str]:
    """Return one line a bearer token: name, role and the day on which it ends."""
    with _store(settings) as store:
        return [
            f"{each['name']}  {each['role']}  ends {datetime.fromtimestamp(each['ends_at'], UTC):%Y-%m-%d}"
            for each in store.tokens()
        ]


def _store(settings: Settings) -> closing[DeskStore]:
    return closing(DeskStore(Layout(settings.data).desk))


def _role(name: str) -> Role:
    for role in ROLES:
        if role == name:
            return role
    raise ConfigError(f"there is no role {name!r}; known: {', '.join(ROLES)}")
