"""The session cookie's name and path: one of its own for each desk.

Cookies know no ports: two desks on one host name would overwrite each other's session if both called it the same.
"""


def session_cookie(desk_id: str) -> str:
    """Return the name of the session cookie of the desk with this id (`DeskStore.desk_id`)."""
    return f"aion_session_{desk_id}"


def cookie_path(base_path: str) -> str:
    """Return the path below which a browser sends the cookie; `base_path` is empty or such as `/aion`.

    Without a slash at its end it covers `/aion` itself, and never `/aionx` (RFC 6265, section 5.1.4).
    """
    return base_path or "/"
