"""deploy/: the container and the service are as the documents say, as far as can be told without running them."""

import re
import shutil
import subprocess
import sys
import tomllib
from ipaddress import ip_address, ip_network
from pathlib import Path

import yaml

from aion.config import Settings, load

from .text import ROOT, read


def test_image_runs_without_root_from_locked_packages_and_is_asked_whether_it_is_ready() -> None:
    text = read("deploy/Dockerfile")
    user = re.search(r"^USER (\d+):(\d+)$", text, re.MULTILINE)
    assert user is not None and int(user[1]) > 0
    assert "--require-hashes -r /tmp/requirements.lock" in text
    assert "/readyz" in text and f"AION_PORT={Settings().port}" in text and "STOPSIGNAL SIGINT" in text
    variables = set(re.findall(r"\bAION_([A-Z_]+)=", text))
    assert {name.lower() for name in variables} <= Settings.model_fields.keys()


def test_image_comes_by_digest_and_its_build_tools_by_hash() -> None:
    text = read("deploy/Dockerfile")
    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE) == ["${BASE}", "${BASE}"]
    check = re.search(r"^RUN (case .*?esac)$", text, re.MULTILINE | re.DOTALL)
    assert check is not None, "nothing refuses a base without a digest"
    for base, status in (("python:3.12-slim-bookworm", 1), ("python@sha256:" + "0" * 64, 0)):
        done = subprocess.run(["sh", "-c", check[1]], env={"BASE": base}, capture_output=True, text=True, check=False)
        assert done.returncode == status and ("docs/deploy.md" in done.stderr) == bool(status)
    for line in re.findall(r"pip (?:install|wheel) .*", text):
        assert "--require-hashes" in line or "--no-deps" in line, line
    assert "--no-build-isolation" in text, "pip would fetch what builds the wheel by itself, without hashes"
    args = yaml.safe_load(read("deploy/compose.yaml"))["services"]["aion"]["build"]["args"]
    assert ":?" in args["BASE"] and "RepoDigests" in read("docs/deploy.md")


def test_service_and_container_have_limits_of_tasks_and_files() -> None:
    service = yaml.safe_load(read("deploy/compose.yaml"))["services"]["aion"]
    assert 100 <= service["pids_limit"] <= 4096
    assert service["ulimits"]["nofile"] > Settings().max_connections
    unit = read("deploy/aion.service")
    tasks, files = (
        re.search(r"^TasksMax=(\d+)$", unit, re.MULTILINE),
        re.search(r"^LimitNOFILE=(\d+)$", unit, re.MULTILINE),
    )
    assert tasks is not None and 100 <= int(tasks[1]) <= 4096
    assert files is not None and int(files[1]) > Settings().max_connections


def test_service_when_systemd_looks_at_it_then_it_has_nothing_to_say(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:  # not Linux, or without systemd: nothing there could start the unit either
        assert not Path("/run/systemd/system").exists()
        return
    unit = tmp_path / "aion.service"
    text = read("deploy/aion.service").replace("/opt/aion/bin/aion", f"{sys.prefix}/bin/aion")
    unit.write_text(text.replace("User=aion\nGroup=aion\n", ""))
    done = subprocess.run([program, "verify", unit], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and "aion.service" not in done.stderr, done.stderr


def test_context_of_the_image_has_what_the_wheel_is_built_from() -> None:
    kept = {line[1:] for line in read(".dockerignore").splitlines() if line.startswith("!")}
    built = tomllib.loads(read("pyproject.toml"))["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert {name.lstrip("/") for name in built} <= kept
    assert {"tools/lock/build.txt", "tools/lock/node.txt"} <= kept
    assert {"pyproject.toml", "deploy/requirements.lock"} <= kept and "COPY deploy/requirements.lock" in read(
        "deploy/Dockerfile"
    )
    assert all((ROOT / name).exists() for name in kept)
    assert not any(name in kept for name in ("tests", "bench", ".git", ".venv", "aion-data"))


def locked(document: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9.-]+)==([^ \\;\n]+)", read(document), re.MULTILINE))


def test_image_has_every_extra_in_the_versions_that_are_tested() -> None:
    image, plain, tested = (
        locked("deploy/requirements.lock"),
        locked("requirements.lock"),
        locked("requirements-dev.lock"),
    )
    extras = tomllib.loads(read("pyproject.toml"))["project"]["optional-dependencies"]
    assert {re.split("[<>=[]", name)[0] for packages in extras.values() for name in packages} <= image.keys()
    assert plain.items() <= image.items() <= tested.items()


def test_compose_publishes_on_loopback_keeps_data_and_gives_no_rights() -> None:
    service = yaml.safe_load(read("deploy/compose.yaml"))["services"]["aion"]
    assert service["ports"] == [f"127.0.0.1:{Settings().port}:{Settings().port}"]
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["volumes"] == ["data:/data"] and "VOLUME /data" in read("deploy/Dockerfile")
    assert ":?" in service["environment"]["AION_PASSWORD"], "without a password it would refuse to start"
    assert (ROOT / "deploy" / service["build"]["context"] / service["build"]["dockerfile"]).resolve().exists()


def test_compose_believes_the_proxy_of_its_machine_and_nobody_else() -> None:
    compose = yaml.safe_load(read("deploy/compose.yaml"))
    service = compose["services"]["aion"]
    (network,) = compose["networks"][service["networks"][0]]["ipam"]["config"]
    given = load(environment={"AION_PROXIES": service["environment"]["AION_PROXIES"]})
    assert given.proxies == ("127.0.0.1", network["gateway"])
    assert ip_address(network["gateway"]) in ip_network(network["subnet"])


def test_service_tells_the_manager_that_it_lives_and_gives_up_what_it_does_not_need() -> None:
    text = read("deploy/aion.service")
    for line in (
        "Type=notify",
        "Restart=on-failure",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "CapabilityBoundingSet=\n",
    ):
        assert line in text
    seconds = re.search(r"WatchdogSec=(\d+)", text)
    assert seconds is not None and int(seconds[1]) >= 10
