"""What may be asked for is one list, which request files, routes, command line, bots and page share."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import typer.main
from pydantic import ValidationError

from aion.command.app import app
from aion.command.option import settings_of
from aion.store.document.action import Action, AttachedAction, BotAction, DeskAction, RunAction, SwitchAction
from aion.store.document.kind import schema_name
from aion.store.document.request import Control
from aion.web.bundle.controls import ControlLine
from aion.web.router.control import ControlRequest, DeskRequest

ROOT = Path(__file__).parents[2]
WORDS = frozenset(get_args(Action))


def test_the_models_take_the_list_and_nothing_else() -> None:
    models: dict[Any, Any] = {
        Control: Action,
        ControlLine: Action,
        ControlRequest: BotAction | AttachedAction,
        DeskRequest: DeskAction,
    }
    for model, listed in models.items():
        assert model.model_fields["action"].annotation == listed, model
    assert {*get_args(DeskAction), "clear"} == {*get_args(BotAction), *get_args(RunAction), "clear"}
    assert {*get_args(DeskAction), "clear", *get_args(AttachedAction)} == WORDS
    assert set(get_args(SwitchAction)) & WORDS == {"clear"}


@pytest.mark.parametrize("action", ["Pause", "halt", "kill", ""])
def test_another_word_is_refused(action: str) -> None:
    line = {"schema": schema_name("control"), "id": "c20261124T225901-1", "bot": "a", "action": action}
    with pytest.raises(ValidationError):
        Control.model_validate(line | {"requested_at": "2026-11-24T22:59:01Z"})


def test_no_other_module_lists_them() -> None:
    own = ROOT / "aion" / "store" / "document" / "action.py"
    listed = re.compile(r'"pause", "resume", "flatten"')
    sources = [*(ROOT / "aion").rglob("*.py"), *(ROOT / "frontend" / "src" / "lib").rglob("*.ts")]
    assert [path.name for path in sources if path != own and listed.search(path.read_text("utf-8"))] == []


def test_an_option_of_several_commands_is_declared_once() -> None:
    commands = dict(_commands("", typer.main.get_command(app)))
    for name in ("config", "data", "host", "port", "log_level", "workers", "venue", "speed", "fresh", "csv", "role"):
        helps = {option.help for command in commands.values() for option in command.params if option.name == name}
        assert len(helps - {"Archive the present run first."}) == 1, (name, helps)
    text = "".join(path.read_text("utf-8") for path in (ROOT / "aion" / "command").glob("*.py"))
    for name in ("--config", "--data", "--host", "--port", "--venue", "--csv", "--reason"):
        assert len(re.findall(rf'Option\("{name}"', text)) == 1, name


def test_what_is_not_given_is_no_setting(tmp_path: Path) -> None:
    assert settings_of(None, data=tmp_path, host=None).data == tmp_path
    assert settings_of(None, host=None).host == settings_of(None).host


def _commands(name: str, command: Any) -> Any:
    yield name, command
    for below, each in getattr(command, "commands", {}).items():
        yield from _commands(f"{name} {below}", each)
