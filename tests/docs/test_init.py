"""`aion init`: the file that it writes is taken as it is, with each line uncommented, and with all of them."""

import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aion.command.app import app
from aion.command.settings_file import example, write_example
from aion.config import TABLES, Risk, Settings, load
from aion.errors import ConfigError
from aion.section import AlertSettings, CostSettings, WatchSettings

TEXT = example()
LINES = [number for number, line in enumerate(TEXT.split("\n")) if re.match(r"#\S", line)]
WIDEST = 120


def uncommented(*numbers: int) -> str:
    return "\n".join(
        line.removeprefix("#") if number in numbers else line for number, line in enumerate(TEXT.split("\n"))
    )


def taken(text: str, folder: Path) -> Settings:
    path = folder / "aion.toml"
    path.write_text(text, "utf-8")
    return load(path, environment={})


def without_costs(settings: Settings) -> Settings:
    """Return settings without the broker of one's own that the file shows as an example: there is none by default."""
    assert all(cost == CostSettings() for cost in settings.costs.values())
    return settings.model_copy(update={"costs": {}})


def test_file_when_as_it_is_then_nothing_is_changed_by_it(tmp_path: Path) -> None:
    assert taken(TEXT, tmp_path) == load(None, environment={})


@pytest.mark.parametrize("number", LINES, ids=[TEXT.split("\n")[number].partition(" ")[0][1:] for number in LINES])
def test_line_when_uncommented_alone_then_it_is_taken_and_is_the_default(number: int, tmp_path: Path) -> None:
    assert without_costs(taken(uncommented(number), tmp_path)) == Settings()


def test_lines_when_all_are_uncommented_then_they_are_taken_and_are_the_defaults(tmp_path: Path) -> None:
    assert without_costs(taken(uncommented(*LINES), tmp_path)) == Settings()
    own = '\n[bots.mine]\nkind = "swing"\nstrategy = "equal_weight"\nsymbols = ["AAPL", "XOM"]\nexchange = "XNYS"\n'
    own += 'currency = "USD"\ncash = 1000\ncost = "us-equity-bps"\nhorizon = "1w"\nrules = { max_positions = 2 }\n'
    assert set(taken(uncommented(*LINES) + own, tmp_path).bots) == {*Settings().bots, "mine"}


def test_file_has_every_setting_in_lines_that_fit_a_terminal() -> None:
    named = {TEXT.split("\n")[number].partition(" ")[0][1:] for number in LINES}
    plain = (
        set(Settings.model_fields)
        - set(TABLES)
        - {"fresh", "password", "viewer_password", "alpaca_key", "alpaca_secret"}
    )
    tables = {"risk": Risk, "watch": WatchSettings, "alerts": AlertSettings}
    assert plain | {f"{table}.{name}" for table, section in tables.items() for name in section.model_fields} <= named
    assert {
        f"bots.{bot}.{name}" for bot in Settings().bots for name in ("enabled", "cash", "rules.stop_loss")
    } <= named
    for line in TEXT.split("\n"):
        assert line == "" or re.match(r"# \S|#[a-z]", line), line
        assert len(line) <= WIDEST, line


def test_init_when_something_is_there_then_it_is_not_written_over_nor_followed(tmp_path: Path) -> None:
    made = tmp_path / "aion.toml"
    done = CliRunner().invoke(app, ["init", str(made)])
    assert done.exit_code == 0 and made.read_text("utf-8") == TEXT
    link, elsewhere = tmp_path / "link.toml", tmp_path / "elsewhere.toml"
    link.symlink_to(elsewhere)
    pipe = tmp_path / "pipe.toml"
    os.mkfifo(pipe)
    for there in (made, link, pipe):
        with pytest.raises(ConfigError, match="already exists"):
            write_example(there)
    assert not elsewhere.exists()
    with pytest.raises(ConfigError, match="cannot be written: No such file or directory"):
        write_example(tmp_path / "missing" / "aion.toml")
