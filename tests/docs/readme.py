"""The bots of the README."""

import os
import sys
from pathlib import Path

from tests.docs.text import ROOT, blocks, read, section

OWN_BOT = section(read("README.md"), "## Your own bot in ten lines")


WITH_CLIENT, PLAIN = (block.code for block in blocks(OWN_BOT, "python"))
EXAMPLES = {
    "client": (sys.executable, "-c", WITH_CLIENT),
    "mine": (sys.executable, "-c", PLAIN),
    "shell": ("sh", "-c", blocks(OWN_BOT, "sh")[0].code),
}


def environment(data: Path) -> dict[str, str]:
    """Where an example runs: the client is installed, and the desk's folder is named."""
    return {**os.environ, "AION_DATA": str(data), "PYTHONPATH": str(ROOT / "clients/python/src")}


def file_of(data: Path, bot: str) -> Path:
    """The file that an example has written."""
    [file] = [*data.glob(f"intraday/sim_logs/*_{bot}.json"), *data.glob(f"swing/rolling_{bot}.json.gz")]
    return file
