"""Every example of every document is proved: loaded, parsed against the command line, compiled, run.

What cannot be run here stands in a table below with what proves it instead. A new document is taken in by itself.
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from typer.testing import CliRunner

from aion.command.app import app
from aion.command.attach import columns_by_name
from aion.config import Settings, load
from aion.market.exchange import exchange_of
from aion.market.importing.interval import read_length
from aion.market.importing.text.stamp import read_stamps
from aion.store.document.kind import KINDS
from aion.trading.cost import cost_model
from tests.e2e.conftest import Up

from .example import DOCUMENTS, SHELL, Fenced, commands_of, fenced, lines_of
from .text import ROOT, is_function

BLOCKS = fenced()
COMMAND = typer.main.get_command(app)
PROVED_ELSEWHERE = {
    "README.md:python:1": "tests/docs/test_readme.py::"
    "test_example_when_run_beside_the_desk_then_its_bot_appears_within_a_second",
    "README.md:python:2": "tests/docs/test_readme.py::"
    "test_example_when_run_beside_the_desk_then_its_bot_appears_within_a_second",
    "README.md:sh:1": "tests/docs/test_readme.py::"
    "test_example_when_run_beside_the_desk_then_its_bot_appears_within_a_second",
    "docs/architecture.md:mermaid:1": "tests/docs/test_reference.py::test_import_graph_is_up_to_date",
    "docs/embed.md:python:1": "tests/docs/test_embed.py::test_get_is_what_the_files_are_now",
    "docs/feeds.md:python:1": "tests/docs/test_recipes.py::test_data_provider_of_another_distribution_brings_bars",
    "docs/feeds.md:toml:1": "tests/docs/test_recipes.py::test_data_provider_of_another_distribution_brings_bars",
    "docs/strategies.md:python:1": "tests/backtest/test_tutorial.py::test_test_of_the_tutorial_passes",
    "docs/strategies.md:python:2": "tests/backtest/test_tutorial.py::test_test_of_the_tutorial_passes",
    "docs/strategies.md:toml:1": "tests/backtest/test_tutorial.py::test_test_of_the_tutorial_passes",
    "docs/strategies.md:toml:2": "tests/docs/test_examples.py::test_settings_of_a_strategy_of_ones_own_are_taken",
    "frontend/src/live/README.md:html:1": "tests/e2e/test_live_example.py::"
    "test_example_of_the_readme_follows_its_files",
}
"""What needs more than itself: a running desk, a browser, files beside it."""
FOREIGN = {
    "apt", "cd", "cp", "curl", "docker", "export", "git", "install", "journalctl", "kill", "mkdir", "mv", "pip",
    "pytest", "systemctl", "useradd", "uvicorn", "echo",
}  # fmt: skip
"""Programs of others: that their lines are right is not for us to say."""
DEPLOYED = {
    "Caddyfile": "tests/proxy/test_deployed.py", "Caddyfile.path": "tests/proxy/test_deployed.py",
    "nginx.conf": "tests/proxy/test_deployed.py", "nginx-path.conf": "tests/proxy/test_deployed.py",
    "Dockerfile": "tests/docs/test_deploy.py", "aion.service": "tests/docs/test_deploy.py",
    "compose.yaml": "tests/docs/test_deploy.py", "cluster": "tests/docs/test_deploy_cluster.py",
    "requirements.lock": "tests/docs/test_lock.py",
    "grafana.json": "tests/web/status/test_exposition.py",
    "prometheus-rules.yml": "tests/web/status/test_exposition.py",
}  # fmt: skip


def named(block: Fenced) -> str:
    return str(block)


def of(*languages: str) -> Callable[[Any], Any]:
    found = [each for each in BLOCKS if each.language in languages and str(each) not in PROVED_ELSEWHERE]
    return pytest.mark.parametrize("block", found, ids=named)


def test_each_block_is_of_a_language_that_is_proved() -> None:
    proved = {"toml", "yaml", "json", "python", *SHELL}
    unproved = [str(each) for each in BLOCKS if each.language not in proved and str(each) not in PROVED_ELSEWHERE]
    assert unproved == []
    assert len(BLOCKS) >= 20


def test_what_is_proved_elsewhere_is_there_and_proved() -> None:
    assert set(PROVED_ELSEWHERE) <= set(map(str, BLOCKS))
    assert [code for code in PROVED_ELSEWHERE.values() if not is_function(code)] == []


def test_each_file_of_deploy_has_a_test_that_reads_it() -> None:
    assert {path.name for path in (ROOT / "deploy").iterdir()} == set(DEPLOYED)
    for name, test in DEPLOYED.items():
        text = "".join(path.read_text() for path in (ROOT / test).parent.glob("*.py"))
        assert name in text, f"{test} does not read deploy/{name}"


@of("toml")
def test_settings_of_a_document_are_taken_as_they_stand(block: Fenced, tmp_path: Path) -> None:
    path = tmp_path / "aion.toml"
    path.write_text(block.code)
    assert isinstance(load(path, environment={}), Settings)


def test_settings_of_a_strategy_of_ones_own_are_taken(tmp_path: Path) -> None:
    """Its strategy is the one that the reader has written."""
    (block,) = (each for each in BLOCKS if str(each) == "docs/strategies.md:toml:2")
    path = tmp_path / "aion.toml"
    path.write_text(block.code)
    assert load(path, environment={}).bots["calm"].strategy == "low_volatility"


@of("yaml")
def test_yaml_of_a_document_can_be_read(block: Fenced) -> None:
    assert isinstance(yaml.safe_load(block.code), dict)


@of("json")
def test_json_of_a_document_can_be_read(block: Fenced) -> None:
    for line in block.code.splitlines() if block.code.startswith('{"ts"') else [block.code]:
        json.loads(line)


def test_python_of_the_documents_runs(tmp_path: Path) -> None:
    """Those that need more than themselves are proved elsewhere; they can be read all the same."""
    for block in (each for each in BLOCKS if each.language == "python"):
        ast.parse(block.code)
        if str(block) in PROVED_ELSEWHERE:
            continue
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "AION_DATA": str(tmp_path / "data")}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", block.code], cwd=tmp_path, env=environment,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{block}: {done.stderr}"


def parse(words: list[str]) -> str:
    """Hold the words of an `aion` command against the command line; return which command it is."""
    command: Any = COMMAND
    context = command.make_context("aion", list(words), resilient_parsing=True)
    name = []
    rest = list(words)
    while getattr(command, "commands", None):
        assert rest and rest[0] in command.commands, f"there is no command {' '.join([*name, *rest[:1]])!r}"
        name.append(rest.pop(0))
        command = command.commands[name[-1]]
    if "--help" not in rest:
        command.make_context(" ".join(name), rest, parent=context)
    return " ".join(name)


LINES = [(document, line) for document in DOCUMENTS for line in lines_of(document)]


@pytest.mark.parametrize(("document", "line"), LINES, ids=[f"{document}: {line[:60]}" for document, line in LINES])
def test_line_of_a_document_can_be_typed(document: str, line: str) -> None:
    assert subprocess.run(["sh", "-n", "-c", line], capture_output=True, check=False).returncode == 0
    for program, *rest in commands_of(line):
        match program.rpartition("/")[2]:
            case "aion":
                if rest not in (["--help"], ["COMMAND", "--help"]):
                    parse(rest)
            case "make":
                makefile = (ROOT / "Makefile").read_text()
                for word in rest:
                    name = word.partition("=")[0]
                    known = rf"^{name}:" if "=" not in word else rf"\$\({name}\)"
                    assert re.search(known, makefile, re.MULTILINE), word
            case "python" | "python3":
                if rest[0] == "-m":
                    assert find_spec(rest[1]) is not None, rest[1]
                else:
                    assert (ROOT / rest[0]).is_file(), rest[0]
            case other:
                assert other in FOREIGN, f"say in FOREIGN that {other} is of others, or prove the line"


INLINE = sorted(
    {
        (document, code)
        for document in DOCUMENTS
        for code in re.findall(r"`(aion [a-z][^`\n]*)`", (ROOT / document).read_text().partition("<!-- below")[0])
    }
)
SHORT = re.compile(r"aion (?:\w+(?: \w+)?)(?: --[\w-]+(?:[ =][A-Z\w/.<>-]+)?)*")
"""A command that is only named, perhaps with an option: what it needs besides is left out."""


@pytest.mark.parametrize(("document", "code"), INLINE, ids=[f"{document}: {code[:60]}" for document, code in INLINE])
def test_command_within_a_sentence_is_known_with_its_options(document: str, code: str) -> None:
    words = commands_of(code.replace("...", ""))[0][1:]
    command: Any = COMMAND
    while getattr(command, "commands", None) and words and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    assert command is not COMMAND, f"there is no command {words[:1]}"
    known = {text for each in command.params for text in (*each.opts, *each.secondary_opts)} | {"--help"}
    given = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    assert given <= known, f"unknown: {given - known}"


HARMLESS = {
    "", "init", "schema", "status", "logs", "audit", "trades", "export", "backup", "password set", "token make",
    "token list", "doctor", "backtest",
}  # fmt: skip
"""Commands that are run as a document has them, beside a running desk and on a copy of its data."""
PLACES = {"FILE": "state.json", "/backup/aion-2026-11-25": "backup", "my-bars": "bars"}
NOT_RUN = {
    "aion doctor --url https://desk.example.org": "asks a desk that is nobody's",
    "aion backtest --strategy low_volatility --param days=120": "is run by tests/backtest/test_tutorial.py",
    "aion backtest --feed folder --folder my-bars --strategy time_series_momentum": "needs years of own bars",
}


def harmless() -> Iterator[list[str]]:
    for _, line in LINES:
        for program, *rest in commands_of(line):
            is_ours = program.rpartition("/")[2] == "aion" and "COMMAND" not in rest
            if is_ours and parse_or_help(rest) in HARMLESS and " ".join(["aion", *rest]) not in NOT_RUN:
                yield rest


def parse_or_help(words: list[str]) -> str:
    return "" if words == ["--help"] else parse(words)


RUN = sorted({" ".join(words) for words in harmless()})


def test_what_is_not_run_is_in_a_document() -> None:
    typed = {" ".join(["aion", *rest]) for _, line in LINES for _, *rest in commands_of(line)}
    assert set(NOT_RUN) <= typed and len(RUN) >= 10


@pytest.mark.parametrize("line", RUN)
def test_line_of_a_document_when_it_is_harmless_then_it_works(line: str, desk: Up, tmp_path: Path) -> None:
    data = tmp_path / "data"
    CliRunner().invoke(app, ["backup", str(data), "--data", str(desk.data)])
    shutil.copytree(desk.data / "intraday", data / "intraday", dirs_exist_ok=True)
    [*_, state] = sorted((data / "intraday" / "sim_logs").glob("*.json"))
    shutil.copy(state, tmp_path / "state.json")
    words = [PLACES.get(word, word) for word in line.split()]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "AION_DATA": str(data), "AION_PORT": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "aion", *words], cwd=tmp_path, env=environment, text=True,
        input="a sentence that nobody guesses\n", capture_output=True, timeout=110, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout and "Traceback" not in done.stderr


def every(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield name, command
    for word, inner in getattr(command, "commands", {}).items():
        yield from every(f"{name} {word}".strip(), inner)


ALL = dict(every("", COMMAND))


@pytest.mark.parametrize("name", ALL)
def test_help_of_each_command_is_shown_with_all_its_options(name: str) -> None:
    done = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    for each in ALL[name].params:
        if each.opts[0].startswith("--") and not getattr(each, "hidden", False):
            assert each.opts[0] in done.output
    for line in re.findall(r"`aion ([a-z][^`]*)`", done.output):
        parse(line.split())


EXAMPLES: dict[tuple[str, str], tuple[str, Callable[[], object]]] = {
    ("backtest", "cost"): ("e.g. us-equity", lambda: cost_model("us-equity")),
    ("sweep", "cost"): ("e.g. us-equity", lambda: cost_model("us-equity")),
    ("schema", "kind"): ("e.g. sim_log", lambda: KINDS["sim_log"]),
    ("import", "interval"): ("such as 5m or 1h", lambda: (read_length("5m"), read_length("1h"))),
    ("import", "date_format"): (
        "such as '%d.%m.%Y %H:%M'",
        lambda: read_stamps(["31.12.2026 17:30"], "%d.%m.%Y %H:%M"),
    ),
    ("import", "unit"): (
        "such as 0.01 for pence",
        lambda: parse(["import", "AZN.csv", "--exchange", "XLON", "--unit", "0.01"]),
    ),
    ("import", "exchange"): (
        "such as XNYS, XLON or XTKS, or 24/7 or 24/5",
        lambda: [exchange_of(each) for each in ("XNYS", "XLON", "XTKS", "24/7", "24/5")],
    ),
    ("admit", "symbol"): ("e.g. BTC/USDT", lambda: parse(["admit", "BTC/USDT"])),
    ("attach add", "columns"): ("such as time=Date", lambda: columns_by_name(["time=Date"])["time"]),
    ("backtest", "horizon"): ("1w, 10d, 1m", lambda: [horizon(each) for each in ("1w", "10d", "1m")]),
}
"""What the help of an option gives as an example, and that it is taken."""


def horizon(text: str) -> Settings:
    bot = {**Settings().bots["swing_1w"].model_dump(), "horizon": text}
    return Settings.model_validate({"bots": {"swing_1w": bot}})


def test_examples_in_the_help_of_options_are_taken() -> None:
    given = {
        (name, each.name)
        for name, command in ALL.items()
        for each in command.params
        if re.search(r"e\.g\.|such as", getattr(each, "help", None) or "")
    }
    assert given <= set(EXAMPLES), "prove what the help gives as an example"
    for (name, option), (words, take) in EXAMPLES.items():
        (found,) = (each for each in ALL[name].params if each.name == option)
        assert words in found.help, f"the help of {name} says {found.help!r}"
        take()
