"""No cache decorators in the server's code: the linter refuses them, and nothing uses one."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLANTS = {
    "lru_cache": "from functools import lru_cache\n\n\n@lru_cache\ndef bundle() -> dict[str, int]:\n    return {}\n",
    "lru_cache by module": "import functools\n\n\n@functools.lru_cache(maxsize=1)\ndef f() -> int:\n    return 1\n",
    "cache": "from functools import cache\n\n\n@cache\ndef bundle() -> dict[str, int]:\n    return {}\n",
    "cachetools": "from cachetools import LRUCache, cached\n\n\n@cached(LRUCache(1))\ndef f():\n    return 1\n",
    "aiocache": "from aiocache import cached\n\n\n@cached(ttl=5)\nasync def f() -> int:\n    return 1\n",
    "fastapi_cache": "from fastapi_cache.decorator import cache\n\n\n@cache(5)\nasync def f():\n    return 1\n",
}


def banned_in(folder: str, source: str) -> str:
    """Return what the linter says of `source` as a file in `folder`, by the rule against cache decorators."""
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--no-cache",
        "--select",
        "TID251",
        "--output-format",
        "concise",
    ]
    name = f"{folder}/planted.py"
    done = subprocess.run(
        [*command, "--stdin-filename", name, "-"], input=source, capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    return done.stdout


@pytest.mark.parametrize("folder", ["aion/web", "aion/web/router", "aion/live"])
@pytest.mark.parametrize("plant", PLANTS)
def test_linter_when_a_cache_decorator_is_planted_then_it_fails(folder: str, plant: str) -> None:
    assert "TID251" in banned_in(folder, PLANTS[plant])


def test_linter_when_nothing_is_planted_then_it_passes() -> None:
    assert "TID251" not in banned_in("aion/web", "from functools import partial\n")


def test_sources_when_searched_as_the_strategy_says_then_no_cache_decorator_is_found() -> None:
    pattern = r"@timed_lru_cache|@lru_cache|@cached|@cache\b|functools\.(lru_)?cache|import (.*\W)?(lru_)?cache\b"
    done = subprocess.run(
        ["grep", "-rnE", pattern, "aion/web", "aion/live", "--include=*.py"], capture_output=True, text=True, cwd=ROOT
    )
    assert done.stdout == ""
