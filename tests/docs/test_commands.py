"""Commands, variables and flags that a document or a deploy file names are there; the files say what they must."""

import configparser
import re

import pytest
import typer.main

from aion.command.app import app
from aion.config import Settings
from aion.secret import SECRETS, variable_of

from .text import ROOT, read

FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", "deploy/**/*")
    for path in ROOT.glob(pattern)
    if path.name != "CHANGELOG.md" and path.is_file()
)
MAKE = (ROOT / "Makefile").read_text("utf-8")
OTHER_VARIABLES = {
    "AION_ALERT_URLS",
    "AION_BASE",
    "AION_COMPILED",
    *(f"{variable_of(name)}_FILE" for name in SECRETS),
    "AION_TOKEN",
    "AION_CHROMIUM",
    "AION_FIREFOX",
    "AION_HERE",
}  # no settings


def commands() -> dict[str, set[str]]:
    """Return the options of each command by its words."""
    found: dict[str, set[str]] = {}

    def walk(words: str, command: object) -> None:
        found[words] = {text for each in command.params for text in (*each.opts, *each.secondary_opts)}  # type: ignore[attr-defined]
        for word, inner in getattr(command, "commands", {}).items():
            walk(f"{words} {word}".strip(), inner)

    walk("", typer.main.get_command(app))
    return found


KNOWN = commands()


@pytest.mark.parametrize("name", FILES)
def test_variables_named_are_settings(name: str) -> None:
    known = {f"AION_{setting.upper()}" for setting in Settings.model_fields} | OTHER_VARIABLES
    named = re.findall(r"\bAION_[A-Z][A-Z_]*[A-Z]\b", read(name))
    assert {each for each in named if not re.fullmatch(r"AION_ATTACH_\w+_(PASSWORD|KEY|SECRET)", each)} <= known


@pytest.mark.parametrize("name", FILES)
def test_commands_named_exist_with_their_options(name: str) -> None:
    text = read(name).partition("<!-- below: written by")[0].replace("aion relay %i", "aion relay push")
    lines = re.findall(r"(?:^    (?:\$ )?(?:\S*/bin/)?|`|ExecStart=\S*/)aion ([a-z][^`\n#]*)", text, re.MULTILINE)
    for line in lines:
        words = line.split()
        command = next((" ".join(words[:count]) for count in (2, 1) if " ".join(words[:count]) in KNOWN), None)
        assert command, line
        options = {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert options <= KNOWN[command] | KNOWN[""] | {"--help"}, line


@pytest.mark.parametrize("name", FILES)
def test_make_targets_named_exist(name: str) -> None:
    for target in re.findall(r"(?:`|^    (?:\$ )?)make ([a-z-]+)", read(name), re.MULTILINE):
        assert re.search(rf"^{target}:", MAKE, re.MULTILINE), target


def test_nginx_example_holds_no_event_back() -> None:
    text = read("deploy/nginx.conf")
    for directive in ("proxy_buffering off;", "gzip off;", "proxy_http_version 1.1;"):
        assert directive in text
    assert "proxy_set_header Host $http_host;" in text and "proxy_set_header X-Forwarded-Proto $scheme;" in text
    timeout = re.search(r"proxy_read_timeout (\d+)s;", text)
    assert timeout is not None and int(timeout[1]) > 2 * Settings().heartbeat_s
    assert f"127.0.0.1:{Settings().port}" in text


def test_caddy_example_sends_events_at_once() -> None:
    text = read("deploy/Caddyfile")
    assert "flush_interval -1" in text and f"127.0.0.1:{Settings().port}" in text


def test_service_stops_by_one_signal_and_does_not_repeat_a_refusal() -> None:
    from aion.process.supervisor import GRACE_S, REFUSED

    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(read("deploy/aion.service"))
    service = parser["Service"]
    assert service["KillSignal"] == "SIGINT" and float(service["TimeoutStopSec"]) > GRACE_S
    assert int(service["RestartPreventExitStatus"]) == REFUSED
    assert service["ExecStart"].endswith("/aion up")
