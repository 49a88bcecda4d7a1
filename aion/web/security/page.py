"""The login page: plain HTML and one style sheet, no script."""

from html import escape
from importlib.resources import files
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from aion.web.http.middleware import respond
from aion.web.http.static_files import SECURITY_HEADERS
from aion.web.security.cookie_jar import CookieJar

WHY = {
    "wrong": "That is not the password.",
    "wait": "Too many tries. Wait a minute, then try again.",
    "ended": "You are logged out.",
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>Log in - Aion</title>
<link rel="stylesheet" href="{base}/login.css">
</head>
<body>
<main>
<h1>Aion</h1>
<form method="post" action="{base}/api/session">
<input type="hidden" name="next" value="{next}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required autofocus>
<p role="alert">{why}</p>
<button>Log in</button>
</form>
</main>
</body>
</html>
"""


class LoginPage:
    """Answers `/login` and `/login.css`."""

    def __init__(self, jar: CookieJar) -> None:
        """Args: jar: cookies of the desk."""
        self._jar = jar

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a GET or HEAD."""
        jar = self._jar
        if scope["path"] == "/login.css":
            body = files("aion.web.security").joinpath("login.css").read_bytes()
            kind = b"text/css; charset=utf-8"
        else:
            query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
            why = WHY.get(query.get("why", [""])[0], "")
            after = escape(safe_next(query.get("next", [""])[0]))
            body = _PAGE.format(next=after, why=why, base=jar.base_path).encode()
            kind = b"text/html; charset=utf-8"
        is_over = scope.get("aion.identity") is None and jar.value(jar.device, scope)  # it was logged in before
        forget = jar.forget_all if is_over else ()
        head = [*forget, (b"content-type", kind), (b"cache-control", b"no-cache"), *SECURITY_HEADERS]
        await respond(send, 200, body, head, is_head=scope["method"] == "HEAD")


def safe_next(path: str) -> str:
    """Return `path` if it is one of this desk's pages, else the Bots page: a login never leads elsewhere."""
    is_local = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if is_local and len(path) < 500 else "/bots"
