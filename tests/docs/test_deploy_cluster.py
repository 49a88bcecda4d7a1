"""deploy/cluster: three servers, two machines, two desks and a proxy, as far as can be told without containers."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from aion.command.app import app
from tools.proxy import find

from .text import ROOT, read

FOLDER = "deploy/cluster"
UNITS = ("nats.service", "aion-relay@.service")


def parse(words: list[str]) -> dict[str, Any]:
    """Return what the command line makes of these words."""
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    found: dict[str, Any] = command.make_context("aion", words).params
    return found


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(read(f"{FOLDER}/compose.yaml"))["services"]
    return found


def test_each_container_runs_a_command_that_there_is_with_the_folder_of_its_member() -> None:
    own = {name: each for name, each in services().items() if each["image"] == "aion"}
    assert set(own) == {f"{m}-{what}" for m in ("m1", "m2") for what in ("bots", "relay")} | {
        f"{d}{what}" for d in ("d1", "d2") for what in ("", "-relay", "-share")
    }
    for name, each in own.items():
        parse(list(each["command"]))
        member = name.partition("-")[0]
        assert f"{member}:/data" in each["volumes"]
        if "relay" in each["command"]:
            assert f"./cluster/members/{member}:/cluster:ro" in each["volumes"]
            assert each["command"][1] == ("push" if member.startswith("m") else each["command"][1])
        assert each["cap_drop"] == ["ALL"] and each["read_only"] is True and each["pids_limit"] <= 4096
        assert (ROOT / FOLDER / each["build"]["context"] / each["build"]["dockerfile"]).resolve().exists()


def test_images_come_by_digest_and_only_the_proxy_is_published_on_loopback() -> None:
    published = {name: each["ports"] for name, each in services().items() if "ports" in each}
    assert published == {"proxy": ["127.0.0.1:3000:80"]}
    for name, each in services().items():
        assert each["image"] == "aion" or re.match(r"\$\{\w+_IMAGE:\?", each["image"]), name
    servers = [name for name, each in services().items() if "NATS_IMAGE" in each["image"]]
    assert servers == ["n1", "n2", "n3"]
    for name in servers:
        assert f"./cluster/servers/{name}:/server:ro" in services()[name]["volumes"]


def test_desks_believe_the_proxy_alone() -> None:
    compose = yaml.safe_load(read(f"{FOLDER}/compose.yaml"))
    address = compose["services"]["proxy"]["networks"]["front"]["ipv4_address"]
    for name in ("d1", "d2"):
        assert compose["services"][name]["environment"]["AION_PROXIES"] == address


def test_nginx_takes_its_configuration(tmp_path: Path) -> None:
    program = find("nginx")
    if program is None:
        pytest.fail("nginx is missing: make proxies")
    text = read(f"{FOLDER}/nginx.conf").replace("d1:3000", "127.0.0.1:3000").replace("d2:3000", "127.0.0.1:3001")
    (tmp_path / "site.conf").write_text(text.replace("listen 80", f"listen unix:{tmp_path}/socket"))
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off; include {tmp_path}/site.conf; }}"
    )
    done = subprocess.run(
        [program, "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_systemd_has_nothing_to_say_of_the_units(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:  # not Linux, or without systemd: nothing there could start the units either
        assert not Path("/run/systemd/system").exists()
        return
    paths = []
    for name in UNITS:
        text = re.sub(r"^(User|Group)=.*\n", "", read(f"{FOLDER}/{name}"), flags=re.MULTILINE)
        path = tmp_path / name.replace("@.", "@push.")
        path.write_text(text.replace("/opt/aion/bin", f"{sys.prefix}/bin"))
        paths.append(path)
    done = subprocess.run([program, "verify", *paths], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and "aion-relay" not in done.stderr and "nats.service" not in done.stderr, done.stderr


@pytest.mark.parametrize("what", ["push", "pull", "desk"])
def test_unit_of_a_relay_runs_a_command_that_there_is(what: str) -> None:
    command = re.search(r"^ExecStart=/opt/aion/bin/aion (.+)$", read(f"{FOLDER}/aion-relay@.service"), re.MULTILINE)
    assert command is not None
    assert parse(command[1].replace("%i", what).split())["member"] == Path("/etc/aion/member")
