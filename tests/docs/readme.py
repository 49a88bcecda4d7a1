"""The bots of the README."""

import sys

from tests.docs.text import blocks, read, section

OWN_BOT = section(read("README.md"), "## Your own bot in ten lines")


EXAMPLES = {
    "mine": (sys.executable, "-c", blocks(OWN_BOT, "python")[0].code),
    "shell": ("sh", "-c", blocks(OWN_BOT, "sh")[0].code),
}
