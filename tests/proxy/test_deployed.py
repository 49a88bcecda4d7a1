"""The files of `deploy/` as they stand, TLS and limits included: they load, and limits cut no stream."""

import os
import re
import subprocess
import threading
from pathlib import Path

import httpx
import pytest

from tests.certificate import make_certificate
from tests.proxy.front import FRONTS, ROOT, behind, caddy_config, nginx_config, program
from tests.web.sample import Writer
from tests.web.served import started

FEW = (("rate=500r/s", "rate=1r/s"), ("burst=1000 ", "burst=20 "))
"""What a test can exceed on any machine."""


def check(name: str, folder: Path) -> str:
    """Ask the program itself whether it takes the configuration, as it is deployed; return what it says."""
    certificate = make_certificate(folder)
    file = folder / f"{name}.conf"
    if name == "nginx":
        file.write_text(nginx_config(8443, 3000, folder, certificate=certificate), "utf-8")
        command = [program(name), "-t", "-c", str(file), "-p", str(folder), "-e", str(folder / "error.log")]
    else:
        file.write_text((ROOT / "deploy" / "Caddyfile").read_text("utf-8"), "utf-8")
        command = [program(name), "validate", "--config", str(file), "--adapter", "caddyfile"]
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", FRONTS)
def test_file_when_its_program_looks_at_it_then_it_is_taken_without_a_warning(name: str, tmp_path: Path) -> None:
    said = check(name, tmp_path)
    assert "[warn]" not in said and '"level":"warn"' not in said, said
    assert re.search("successful|Valid configuration", said)


def curl(url: str, *options: str) -> str:
    command = ["curl", "-sk", "-o", os.devnull, "-w", "%{http_code} %{http_version}", *options, url]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False).stdout


@pytest.mark.parametrize("name", FRONTS)
def test_desk_when_reached_over_tls_then_new_versions_work_and_events_come_at_once(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AION_HEARTBEAT_S", "1")
    write = Writer(tmp_path / "data")
    write.swing("swing_1w")
    certificate = make_certificate(tmp_path)
    with started(tmp_path / "data") as (_, url):
        desk = int(url.rpartition(":")[2])
        with behind(name, desk, tmp_path / name, certificate=certificate) as front:
            assert curl(f"{front}/readyz", "--tlsv1.2", "--tls-max", "1.2") == "200 2"
            assert curl(f"{front}/readyz", "--tlsv1.3") == "200 2"
            with httpx.Client(trust_env=False, timeout=60, verify=False) as client:
                answer = client.get(f"{front}/bots")
                assert answer.headers["strict-transport-security"] == "max-age=31536000"
                assert not re.search(r"[0-9]\.[0-9]", answer.headers.get("server", "")), "it tells its version"
                assert client.post(f"{front}/api/session", content=b"x" * 70_000).status_code == 413
            # what asks for nothing packed gets events as they are written, too
            for version in ("--http1.1", "--http2"):
                stream = subprocess.Popen(
                    ["curl", "-skN", version, f"{front}/events/bots"], stdout=subprocess.PIPE, text=True
                )
                assert stream.stdout is not None
                watch = threading.Timer(60, stream.kill)
                watch.start()
                seen = [line for line in iter(stream.stdout.readline, "event: hb\n") if line]
                stream.kill()
                stream.communicate()
                watch.cancel()
                assert stream.returncode and seen[0].startswith("event: hello"), seen[:3]


def test_nginx_when_an_address_asks_too_much_then_429_and_its_stream_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AION_HEARTBEAT_S", "1")
    write = Writer(tmp_path / "data")
    write.swing("swing_1w")
    with (
        started(tmp_path / "data") as (_, url),
        behind("nginx", int(url.rpartition(":")[2]), tmp_path / "nginx", changes=FEW) as front,
        httpx.Client(trust_env=False, timeout=60) as client,
        httpx.Client(trust_env=False, timeout=60) as other,
        client.stream("GET", f"{front}/events/bots", headers={"accept-encoding": "identity"}) as stream,
    ):
        lines = stream.iter_lines()
        found = [other.get(f"{front}/api/bots/page").status_code for _ in range(60)]
        assert set(found) == {200, 429} and found[0] == 200, found
        write.swing("swing_1w", equity=123_457.0)
        assert any("123457.0" in line for line in lines), "the stream ended"
        assert "event: hb" in lines, "no heartbeat comes any more"


def test_nginx_when_somebody_guesses_then_logins_are_few_and_other_requests_are_not(tmp_path: Path) -> None:
    with (
        started(tmp_path / "data") as (_, url),
        behind("nginx", int(url.rpartition(":")[2]), tmp_path / "n") as front,
        httpx.Client(trust_env=False, timeout=60) as client,
    ):
        for path in ("/api/session", "/api/backend/session", "/api/%73ession"):
            answers = [client.post(f"{front}{path}", json={"password": "guess"}) for _ in range(15)]
            assert answers[-1].status_code == 429 and "nginx" in answers[-1].text, path
        assert {client.get(f"{front}/api/session").status_code for _ in range(30)} == {200}


def test_caddy_file_has_no_end_for_answers() -> None:
    text = caddy_config(8080, 3001)
    assert "read_header" in text and not re.search(r"^\s*write ", text, re.MULTILINE)
