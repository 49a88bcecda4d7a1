"""Cookies of the desk: their names, what a browser is told to do with them, and how they are read.

Under https a name begins with `__Host-`, or with `__Secure-` where the desk is shown below a path: a browser takes
such a cookie from nobody but this host, over TLS, so that no neighbour on a subdomain, nor anybody on the wire, can
plant one.

Source: RFC 6265bis, section 4.1.3.
"""

from starlette.types import Scope

from aion.web.middleware import headers_of

SESSION = "aion_session"
DEVICE = "aion_device"
"""By which a browser that has logged in before is known; it opens nothing."""
KEPT = "aion_kept"
"""Key under which the page seals what it keeps in the browser; the desk never reads it."""

FORGET_ALL = (b"clear-site-data", b'"storage"')
"""Tells a browser to delete what the page kept, where it listens: under https, and on the machine itself."""


def cookie_name(name: str, scope: Scope, path: str = "/") -> str:
    """Return the name under which a cookie of this desk travels on the connection of `scope`."""
    if scope.get("scheme") != "https":
        return name
    return f"__Host-{name}" if path == "/" else f"__Secure-{name}"


def cookie_header(
    value: str,
    scope: Scope,
    seconds: float,
    *,
    name: str = SESSION,
    path: str = "/",
    is_readable: bool = False,
) -> tuple[bytes, bytes]:
    """Return the header that gives a browser a cookie, or takes it away when `value` is empty.

    Args:
        value: of the cookie.
        scope: of the request.
        seconds: until the browser forgets it.
        name: without a prefix.
        path: below which it is sent.
        is_readable: True for what the page's script reads.
    """
    shown = cookie_name(name, scope, path)
    secure = "; Secure" if shown != name else ""
    hidden = "" if is_readable else "; HttpOnly"
    age = int(seconds) if value else 0
    return b"set-cookie", f"{shown}={value}; Max-Age={age}; Path={path}{hidden}; SameSite=Strict{secure}".encode()


def kept_name(scope: Scope) -> str:
    """Return the name of the key's cookie: browsers keep records by port, and cookies not."""
    _, _, port = headers_of(scope).get(b"host", b"").decode("latin-1").rpartition(":")
    return f"{KEPT}_{port if port.isdigit() else ''}"


def forgetting(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Return the headers by which a browser forgets a session that has ended, and the key of what it kept of it."""
    return [
        cookie_header("", scope, 0, name=name, is_readable=name != SESSION)
        for name in (SESSION, kept_name(scope))
        if cookie_value(scope, name)
    ]


def cookie_value(scope: Scope, name: str = SESSION, path: str = "/") -> str:
    """Return the value of a cookie that a request shows, empty when it shows none."""
    wanted = cookie_name(name, scope, path)
    for header, value in scope["headers"]:
        if header == b"cookie" and (found := find_cookie(value, wanted)):
            return found
    return ""


def find_cookie(header: bytes, wanted: str) -> str:
    """Return the value of the cookie `wanted` in a `Cookie` header, empty when it is not there."""
    for pair in header.decode("latin-1").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == wanted:
            return value
    return ""
