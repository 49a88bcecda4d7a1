"""The settings file of `aion init`: every setting, commented out at its default, with its meaning.

Each setting is one line with its full name (`risk.daily_loss`), so that any line can be uncommented on its own.
"""

import json
import os
import textwrap
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from aion.config import SECRETS, TABLES, BotSettings, Risk, Rules, Settings, default_bots
from aion.errors import ConfigError
from aion.section import AlertSettings, CostSettings, WatchSettings

WIDTH = 110  # of a comment
_HEAD = (
    "Settings of Aion. Each line that starts with # and a name is a setting at its default: take the # away to "
    "change it. Tables of your own, such as [bots.my_bot], go to the end of the file."
)
_SECTIONS: tuple[tuple[str, str, type[BaseModel]], ...] = (
    ("Limits over all bots together; 0 is no limit.", "risk", Risk),
    ("When the watchdog raises an alarm.", "watch", WatchSettings),
    ('What your broker takes; `cost = "my_broker"` of a bot uses it.', "costs.my_broker", CostSettings),
    ("Who is told of it; pip install 'aion[alerts]', then `aion alerts test`.", "alerts", AlertSettings),
)


def example() -> str:
    """Return a settings file with every setting commented out at its default, with its meaning."""
    lines = [*_comment(_HEAD), ""]
    for name, field in Settings.model_fields.items():
        if name not in {"fresh", *TABLES} | SECRETS:
            lines += [*_comment(field.description or ""), _setting(name, field.default), ""]
    for title, table, section in _SECTIONS:
        lines += [*_comment(title), ""]
        for name, field in section.model_fields.items():
            if field.default is not None:
                lines += [*_comment(field.description or ""), _setting(f"{table}.{name}", field.default), ""]
    lines += [
        *_comment(
            "The bots that come with Aion, on the recorded feed; `enabled = false` removes one. What each line means "
            "is in docs/configuration.md."
        ),
        "",
    ]
    for name, bot in default_bots().items():
        lines += [*_bot_lines(f"bots.{name}", bot), ""]
    return "\n".join(lines)


def write_example(path: Path) -> None:
    """Write the example as a new file.

    Raises:
        ConfigError: the file exists already, or cannot be written; nothing partial is left.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            try:
                file.write(example())
                file.flush()
            except OSError:
                os.unlink(path)
                raise
    except FileExistsError:
        raise ConfigError(f"{path} already exists: move it away first") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None


def _bot_lines(table: str, bot: BotSettings) -> Iterator[str]:
    yield _setting(f"{table}.enabled", True)
    for name in BotSettings.model_fields:
        value = getattr(bot, name)
        if name not in ("rules", "parameters", "own_cost") and value != "":
            yield _setting(f"{table}.{name}", value)
    for name, value in bot.parameters.items():
        yield _setting(f"{table}.parameters.{name}", value)
    for name in Rules.model_fields:
        yield _setting(f"{table}.rules.{name}", getattr(bot.rules, name))


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)]


def _setting(name: str, value: Any) -> str:
    return f"#{name} = {toml_value(value)}"


def toml_value(value: Any) -> str:
    """Return `value` as TOML; a decimal fraction is a string, so that it stays exact."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        text = format(value, "f")
        return f'"{text}"' if "." in text else text
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, tuple):
        return "[" + ", ".join(toml_value(each) for each in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{toml_value(str(name))} = {toml_value(each)}" for name, each in value.items()) + "}"
    return json.dumps(str(value), ensure_ascii=False)
