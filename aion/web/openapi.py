"""Prints the OpenAPI description of the desk: `python -m aion.web.openapi`."""

import sys
from pathlib import Path

import orjson

from aion.config import Settings
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog
from aion.web.app import App


def main() -> int:
    """Print the description as JSON."""
    settings = Settings(data=Path("aion-data"))
    app = App(settings, log=ProcessLog(Layout(settings.data), "web", "error"))
    sys.stdout.buffer.write(
        orjson.dumps(app.routes.openapi(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
