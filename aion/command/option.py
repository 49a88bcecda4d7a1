"""Options that several commands share: name, type and help text."""

from pathlib import Path
from typing import Annotated, Any

import typer

Config = Annotated[Path | None, typer.Option("--config", help="Settings file; default aion.toml in this folder.")]
Data = Annotated[Path | None, typer.Option("--data", help="Folder of the state files. [AION_DATA]")]
Host = Annotated[str | None, typer.Option("--host", help="Address the desk listens on. [AION_HOST]")]
Port = Annotated[int | None, typer.Option("--port", help="TCP port of the desk. [AION_PORT]")]
Workers = Annotated[int | None, typer.Option("--workers", help="Processes that serve the desk. [AION_WORKERS]")]
Level = Annotated[str | None, typer.Option("--log-level", help="debug, info, warning or error. [AION_LOG_LEVEL]")]
ParentPipe = Annotated[int | None, typer.Option("--parent-pipe", hidden=True)]

FeedName = Annotated[str | None, typer.Option("--feed", help="Where the bars come from. [AION_FEED]")]
Symbols = Annotated[
    str | None, typer.Option("--symbols", help="Symbols to trade, separated by commas. [AION_SYMBOLS]")
]
Folder = Annotated[Path | None, typer.Option("--folder", help="Folder of checked bars. [AION_FOLDER]")]
Venue = Annotated[str | None, typer.Option("--venue", help="Exchange of the ccxt feed. [AION_VENUE]")]
Speed = Annotated[float | None, typer.Option("--speed", help="Market seconds per real second. [AION_SPEED]")]
Start = Annotated[str | None, typer.Option("--from", help="Market time from which a replay runs at that speed.")]
Fresh = Annotated[bool | None, typer.Option("--fresh", help="Archive the present run and start a new one.")]
Deterministic = Annotated[
    bool | None, typer.Option("--deterministic", help="Write market time as written_at: two replays, equal bytes.")
]

BarFormat = Annotated[str, typer.Option("--format", help="parquet, or csv where pyarrow is not installed.")]
Splits = Annotated[list[str] | None, typer.Option("--split", help="SYMBOL:YYYY-MM-DD:20 for 20 new for 1 old.")]
Jumps = Annotated[
    list[str] | None, typer.Option("--jump", help="SYMBOL:YYYY-MM-DD, whose price is real however far from before.")
]
Dividends = Annotated[list[str] | None, typer.Option("--dividend", help="SYMBOL:YYYY-MM-DD:0.24, money a unit.")]

Csv = Annotated[bool, typer.Option("--csv", help="Comma-separated values.")]
Reason = Annotated[str, typer.Option("--reason", help="For the record.")]

Role = Annotated[str, typer.Option("--role", help="admin: full access; viewer: read-only.")]
KeepTokens = Annotated[
    bool | None,
    typer.Option(
        "--keep-tokens/--revoke-tokens",
        help="Keep bearer tokens that this role could have created; by default they are revoked.",
    ),
]


def settings_of(config: Path | None, **flags: Any) -> Any:
    """Return the settings of `config` with the options that were given.

    Raises:
        ConfigError: they are invalid.
    """
    from aion.config import load  # noqa: PLC0415 - a command that needs no settings starts at once

    return load(config, flags={name: value for name, value in flags.items() if value is not None})
