"""What a browser makes of JSON and of patches: the built `delta.ts` in Node, asked line by line."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import page_size  # noqa: E402

from hatch_build import find_node  # noqa: E402


class Browser:
    """A running Node."""

    def __init__(self, folder: Path) -> None:
        page_size.build_library(folder, "delta")
        node, _ = find_node()
        self._process = subprocess.Popen(
            [node, str(Path(__file__).with_name("browser.mjs")), str(folder / "live.js")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip

    def ask(self, *question: Any) -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()
