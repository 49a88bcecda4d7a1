"""The bounds of pyproject.toml: what is installed is within them, each extra loads, private parts have an end."""

import importlib
import re
import tomllib
from importlib import metadata

import pytest

from tests.docs.text import ROOT, read
from tools.bound import OF_OTHER_USE, name_of, needed

PROJECT = tomllib.loads(read("pyproject.toml"))["project"]
MODULES = {
    "alerts": "apprise",
    "parquet": "pyarrow.parquet",
    "ccxt": "ccxt",
    "alpaca": "alpaca.data",
    "yahoo": "yfinance",
    "attach": "aiohttp",
    "cluster": "nats",
}
PRIVATE = {"uvicorn": "_start_asgi_task", "typer": "typer._click"}
"""Parts of libraries that they promise nobody, and that are used all the same."""


def bounds(wanted: str) -> tuple[str, tuple[int, ...], tuple[int, ...] | None]:
    found = re.fullmatch(r"([a-z0-9-]+)(?:\[[a-z]+\])?>=([0-9.]+)(?:,<([0-9.]+))?(?:;.*)?", wanted)
    assert found is not None, f"{wanted} has no lower bound"
    low, high = (tuple(map(int, each.split("."))) if each else None for each in found.group(2, 3))
    assert low is not None
    return found[1], low, high


ALL = [*PROJECT["dependencies"], *(each for extra in PROJECT["optional-dependencies"].values() for each in extra)]


@pytest.mark.parametrize("wanted", ALL)
def test_package_when_installed_then_it_is_within_its_bounds(wanted: str) -> None:
    name, low, high = bounds(wanted)
    have = tuple(map(int, re.findall(r"\d+", metadata.version(name))))
    assert have >= low and (high is None or have < high)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # their own
@pytest.mark.parametrize("extra", PROJECT["optional-dependencies"])
def test_extra_when_wanted_then_it_loads(extra: str) -> None:
    importlib.import_module(MODULES[extra])


def test_private_parts_of_libraries_when_used_then_the_library_has_an_upper_bound() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "aion").rglob("*.py"))
    upper = {name for name, _, high in map(bounds, ALL) if high is not None}
    assert all(part in source for part in PRIVATE.values()), "no longer used: the bound may go"
    assert set(PRIVATE) <= upper
    libraries = "uvicorn|starlette|fastapi|uvloop|httptools|typer|rich|prometheus_client|pydantic|orjson"
    private = set(re.findall(rf"(?:from|import) ({libraries})\S*\._", source))
    assert private <= upper, "a private module of a library without an upper bound"


def test_environments_of_the_bounds_when_made_then_they_have_all_that_their_tests_need() -> None:
    dev = {name_of(each) for each in tomllib.loads(read("pyproject.toml"))["dependency-groups"]["dev"]}
    extras = {bounds(each)[0] for extra in PROJECT["optional-dependencies"].values() for each in extra}
    assert dev >= OF_OTHER_USE, "no longer there: it may go"
    assert {name_of(each) for each in needed()} == dev - OF_OTHER_USE - extras
    (bounded,) = re.findall(r"^BOUNDED = ((?:.*\\\n)*.*)$", read("Makefile"), re.MULTILINE)
    files = bounded.replace("\\\n", " ").split()
    assert len(files) > 10
    for file in files:
        used = set(re.findall(r"^\s*(?:import|from) (\w+)", read(file), re.MULTILINE))
        assert not used & {each.replace("-", "_") for each in OF_OTHER_USE}, file
