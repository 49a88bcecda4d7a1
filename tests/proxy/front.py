"""nginx and Caddy in front of a desk, as `deploy/` configures them: only ports, paths and TLS are replaced."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

from tests.e2e.conftest import ROOT, free_port

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


def nginx_config(port: int, desk: int, folder: Path, *, buffers: bool = False) -> str:
    """Return a whole nginx.conf around `deploy/nginx.conf`; `buffers` makes it the proxy that nobody should have."""
    site = replaced(
        (ROOT / "deploy" / "nginx.conf").read_text("utf-8"),
        (r"listen 443 ssl http2;", f"listen 127.0.0.1:{port} backlog=1024;"),
        (r"127\.0\.0\.1:3000", f"127.0.0.1:{desk}"),
        (r" *ssl_certificate(_key)? .*;\n", ""),
        (r"server \{\s+listen 80;[^}]*\}", ""),
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


def caddy_config(port: int, desk: int) -> str:
    """Return `deploy/Caddyfile` for a port without TLS."""
    site = replaced(
        (ROOT / "deploy" / "Caddyfile").read_text("utf-8"),
        (r"desk\.example\.org", f"http://127.0.0.1:{port}"),
        (r"127\.0\.0\.1:3000", f"127.0.0.1:{desk}"),
    )
    return "{\n\tadmin off\n\tauto_https off\n}\n" + site


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


@contextmanager
def behind(
    name: str,
    desk: int,
    folder: Path,
    *,
    buffers: bool = False,
    config: Callable[[int], str] | None = None,
    base: str = "",
) -> Iterator[str]:
    """Run a proxy in front of the desk's port; give the address that clients use.

    Args:
        name: nginx or caddy.
        desk: port of the desk.
        folder: for the proxy's files.
        buffers: as `nginx_config`.
        config: makes another configuration for a port.
        base: path below which the desk is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    path = program(name)
    file = folder / f"{name}.conf"
    if name == "nginx":
        file.write_text(config(port) if config else nginx_config(port, desk, folder, buffers=buffers), "utf-8")
        command = [path, "-c", str(file), "-p", str(folder), "-e", str(folder / "error.log")]
    else:
        file.write_text(config(port) if config else caddy_config(port, desk), "utf-8")
        command = [path, "run", "--config", str(file), "--adapter", "caddyfile"]
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with (folder / "console").open("wb") as console:
        process = subprocess.Popen(command, stdout=console, stderr=subprocess.STDOUT, env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 60
        with closing(httpx.Client(trust_env=False, timeout=20)) as client:
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
            process.wait(20)
        except subprocess.TimeoutExpired:  # Caddy waits for streams that are still open
            process.kill()
            process.wait()
