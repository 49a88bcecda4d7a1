"""nginx and Caddy in front of a desk, as `deploy/` configures them: only ports, paths and TLS are replaced."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

from tests.e2e.conftest import ROOT, free_port

Certificate = tuple[Path, Path]
"""Paths of a key and of a certificate."""
__all__ = [
    "FRONTS", "ROOT", "behind", "caddy_config", "caddy_path_config", "free_port", "nginx_config", "nginx_path_config",
    "program", "whole_nginx",
]  # fmt: skip

BUFFERING = 'proxy_ignore_headers X-Accel-Buffering; proxy_set_header Accept-Encoding "";'
"""With `gzip on` it holds events back: chunks alone nginx passes on at once, what it packs itself it collects."""


def program(name: str) -> str:
    """Return the path of nginx or caddy, installed when missing; else the sentence of `tools/proxy.py`."""
    done = subprocess.run([sys.executable, "tools/proxy.py"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return re.findall(rf"{name} (/.+)", done.stdout)[0]


def replaced(text: str, *changes: tuple[str, str]) -> str:
    """Return `text` with each change made, which must have something to change."""
    for old, new in changes:
        text, count = re.subn(old, new, text)
        assert count, f"deploy's configuration has no {old!r} any more"
    return text


def nginx_config(
    port: int, desk: int, folder: Path, *, buffers: bool = False, certificate: Certificate | None = None
) -> str:
    """Return a whole nginx.conf around `deploy/nginx.conf`.

    Args:
        port: to listen on.
        desk: port of the desk.
        folder: for what nginx writes.
        buffers: True for the proxy that nobody should have.
        certificate: key and certificate to speak TLS with, as deployed; None for plain HTTP.
    """
    site = replaced(
        (ROOT / "deploy" / "nginx.conf").read_text("utf-8"),
        (r"127\.0\.0\.1:3000", f"127.0.0.1:{desk}"),
        (r"server \{\s+listen 80;[^}]*\}", ""),
    )
    if certificate is None:
        site = replaced(
            site, (r"listen 443 ssl http2;", f"listen 127.0.0.1:{port} backlog=1024;"), (r" *ssl_.*;.*\n", "")
        )
    else:
        site = replaced(
            site,
            (r"listen 443 ", f"listen 127.0.0.1:{port} "),
            (r"ssl_certificate .*;", f"ssl_certificate {certificate[1]};"),
            (r"ssl_certificate_key .*;", f"ssl_certificate_key {certificate[0]};"),
        )
    if buffers:
        site = replaced(
            site,
            (r"proxy_buffering off;", f"proxy_buffering on; {BUFFERING}"),
            (r"gzip off;", "gzip on; gzip_types text/event-stream;"),
        )
    return whole_nginx(site, folder)


def whole_nginx(site: str, folder: Path) -> str:
    """Return a whole nginx.conf around what belongs into `http`."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in kinds)
    user = "user root;" if os.geteuid() == 0 else ""
    return (
        f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log warn; {user}\n"
        f"events {{ worker_connections 4096; }}\nhttp {{\naccess_log {folder}/access.log; {temporary}\n{site}\n}}\n"
    )


def caddy_config(port: int, desk: int, *, certificate: Certificate | None = None) -> str:
    """Return `deploy/Caddyfile` for a port, without TLS or with a certificate that is there."""
    scheme = "https" if certificate else "http"
    own = f"tls {certificate[1]} {certificate[0]} {{" if certificate else ""
    return replaced(
        (ROOT / "deploy" / "Caddyfile").read_text("utf-8"),
        (r"(?m)^\{\n", "{\n\tadmin off\n\tauto_https off\n"),
        (r"desk\.example\.org", f"{scheme}://{'localhost' if certificate else '127.0.0.1'}:{port}"),
        (r"127\.0\.0\.1:3000", f"127.0.0.1:{desk}"),
        (r"\ttls \{", f"\t{own}") if certificate else (r"\ttls \{[^}]*\}\n", ""),
    )


def nginx_path_config(port: int, desk: int, folder: Path, *, strips: bool = False, old: bool = False) -> str:
    """Return a whole nginx.conf around `deploy/nginx-path.conf`; `old` speaks HTTP/1.0 to the desk."""
    text = (ROOT / "deploy" / "nginx-path.conf").read_text("utf-8")
    site = replaced(text, (r"127\.0\.0\.1:3000", f"127.0.0.1:{desk}{'/' if strips else ''}"))
    if old:
        site = replaced(site, (r" *proxy_http_version 1\.1;\n", ""), (r" *proxy_set_header Connection .*\n", ""))
    other = 'location / { return 200 "another program"; }'
    return whole_nginx(f"server {{ listen 127.0.0.1:{port}; {other}\n{site} }}", folder)


def caddy_path_config(port: int, desk: int, *, strips: bool = False) -> str:
    """Return `deploy/Caddyfile.path` for a port without TLS."""
    site = replaced(
        (ROOT / "deploy" / "Caddyfile.path").read_text("utf-8"),
        (r"desk\.example\.org", f"http://127.0.0.1:{port}"),
        (r"127\.0\.0\.1:3000", f"127.0.0.1:{desk}"),
    )
    if strips:
        site = replaced(site, (r"\thandle /aion", "\thandle_path /aion"))
    return "{\n\tadmin off\n\tauto_https off\n}\n" + site


FRONTS = ("nginx", "caddy")
STOP_S = {"nginx": 20.0, "caddy": 2.0}
"""How long each may take to stop by itself; Caddy waits for ever for streams that are still open."""


@contextmanager
def behind(
    name: str,
    desk: int,
    folder: Path,
    *,
    buffers: bool = False,
    config: Callable[[int], str] | None = None,
    base: str = "",
    certificate: Certificate | None = None,
    changes: Sequence[tuple[str, str]] = (),
) -> Iterator[str]:
    """Run a proxy in front of the desk's port; give the address that clients use.

    Args:
        name: nginx or caddy.
        desk: port of the desk.
        folder: for the proxy's files.
        buffers: as `nginx_config`.
        config: makes another configuration for a port.
        base: path below which the desk is.
        certificate: key and certificate to speak TLS with; None for plain HTTP.
        changes: patterns in the configuration and what to put there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    path = program(name)
    file = folder / f"{name}.conf"
    if name == "nginx":
        text = config(port) if config else nginx_config(port, desk, folder, buffers=buffers, certificate=certificate)
        command = [path, "-c", str(file), "-p", str(folder), "-e", str(folder / "error.log")]
    else:
        text = config(port) if config else caddy_config(port, desk, certificate=certificate)
        command = [path, "run", "--config", str(file), "--adapter", "caddyfile"]
    file.write_text(replaced(text, *changes), "utf-8")
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with (folder / "console").open("wb") as console:
        process = subprocess.Popen(command, stdout=console, stderr=subprocess.STDOUT, env=environment)
    url = f"https://localhost:{port}" if certificate else f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 60
        with closing(httpx.Client(trust_env=False, timeout=20, verify=False)) as client:
            while True:
                try:
                    if client.get(f"{url}{base}/readyz").status_code == 200:
                        break
                except httpx.HTTPError:
                    pass
                assert process.poll() is None and time.monotonic() < until, (folder / "console").read_text()
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(STOP_S[name])
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
