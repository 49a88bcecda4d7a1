"""Cookies of the desk: their names, what a browser is told to do with them, and how they are read.

Browsers keep cookies by host, whatever the port: each desk names its own after itself, so that two on one host do not
end each other's sessions. Below a path they belong to that path.

Under https a name begins with `__Host-`, or with `__Secure-` where the desk is shown below a path: a browser takes
such a cookie from nobody but this host, over TLS, so that no neighbour on a subdomain, nor anybody on the wire, can
plant one.

Source: RFC 6265bis, section 4.1.3.
"""

import re
from dataclasses import dataclass

from starlette.types import Scope

from aion.web.http.middleware import headers_of

_FORGET_ALL = (b"clear-site-data", b'"storage"')
"""Tells a browser to delete what the page kept, where it listens: under https, and on the machine itself."""


@dataclass(frozen=True, slots=True)
class CookieJar:
    """The cookies of one desk."""

    desk_id: str
    """Of `DeskStore.desk_id`."""
    base_path: str = ""
    """Under which the desk is shown, such as `/aion`."""

    @property
    def session(self) -> str:
        """Name of the cookie that holds the session's id, without a prefix, as all names here."""
        return f"aion_session_{self.desk_id}"

    @property
    def device(self) -> str:
        """Name of the cookie by which a browser that has logged in before is known; it opens nothing."""
        return f"aion_device_{self.desk_id}"

    def kept(self, scope: Scope) -> str:
        """Return the name of the cookie with the key under which the page seals what it keeps in the browser.

        The desk never reads the key. The page finds it by its own port and path, by which browsers keep records.
        """
        _, _, port = headers_of(scope).get(b"host", b"").decode("latin-1").rpartition(":")
        path = re.sub(r"[^A-Za-z0-9]", "_", self.base_path)
        return f"aion_kept_{port if port.isdigit() else ''}{path}"

    @property
    def path(self) -> str:
        """Below which a browser sends the cookies.

        Without a slash at its end it covers `/aion` itself, and never `/aionx` (RFC 6265, section 5.1.4).
        """
        return self.base_path or "/"

    def shown_name(self, name: str, scope: Scope) -> str:
        """Return the name under which a cookie travels on the connection of `scope`."""
        if scope.get("scheme") != "https":
            return name
        return f"__Secure-{name}" if self.base_path else f"__Host-{name}"

    def header(
        self, name: str, value: str, scope: Scope, seconds: float, *, is_readable: bool = False
    ) -> tuple[bytes, bytes]:
        """Return the header that gives a browser a cookie, or takes it away when `value` is empty.

        Args:
            name: without a prefix.
            value: of the cookie.
            scope: of the request.
            seconds: until the browser forgets it.
            is_readable: True for what the page's script reads.
        """
        shown = self.shown_name(name, scope)
        secure = "; Secure" if shown != name else ""
        hidden = "" if is_readable else "; HttpOnly"
        age = int(seconds) if value else 0
        line = f"{shown}={value}; Max-Age={age}; Path={self.path}{hidden}; SameSite=Strict{secure}"
        return b"set-cookie", line.encode()

    def value(self, name: str, scope: Scope) -> str:
        """Return the value of a cookie that a request shows, empty when it shows none."""
        wanted = self.shown_name(name, scope)
        for header, value in scope["headers"]:
            if header == b"cookie" and (found := _find(value, wanted)):
                return found
        return ""

    def forgetting(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        """Return the headers by which a browser forgets a session that has ended, and the key of its records."""
        return [
            self.header(name, "", scope, 0, is_readable=name != self.session)
            for name in (self.session, self.kept(scope))
            if self.value(name, scope)
        ]

    @property
    def forget_all(self) -> list[tuple[bytes, bytes]]:
        """The header that has all records deleted; none below a path, where the origin holds those of others too."""
        return [] if self.base_path else [_FORGET_ALL]


def _find(header: bytes, wanted: str) -> str:
    for pair in header.decode("latin-1").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == wanted:
            return value
    return ""
