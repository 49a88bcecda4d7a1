"""Who may reach the desk and what each may do: hosts, passwords, sessions, tokens, roles, audit."""

from aion.web.http.host import allowed_hosts, check_host, is_loopback

__all__ = ["allowed_hosts", "check_host", "is_loopback"]
