"""The lock files: each pin has hashes, no registry is named, and they agree where they overlap."""

import re
import tomllib

import pytest

from .text import ROOT, read

TOOLS = [f"tools/lock/{name}.txt" for name in ("uv", "build", "node")]
LOCKS = ["requirements.lock", "requirements-dev.lock", "deploy/requirements.lock", *TOOLS]


def pins(name: str) -> set[tuple[str, str]]:
    """Names and versions; a name stands twice where systems differ."""
    return set(re.findall(r"^([a-z0-9.-]+)==([^ \\;\n]+)", read(name), re.MULTILINE))


@pytest.mark.parametrize("name", LOCKS)
def test_lock_has_a_hash_for_each_pin_and_names_no_registry(name: str) -> None:
    text = read(name)
    assert "://" not in text and "--index" not in text and "--find-links" not in text
    for entry in re.split(r"\n(?=\S)", text.strip()):
        assert re.match(r"[a-z0-9.-]+==\S+.*\\\n    --hash=sha256:[0-9a-f]{64}", entry), entry[:80]


def test_locks_agree_where_they_overlap() -> None:
    tested = pins("requirements-dev.lock")
    names = {name for name, _ in tested}
    for lock in LOCKS:
        assert {pin for pin in pins(lock) if pin[0] in names} <= tested, lock


def test_what_builds_the_package_is_locked() -> None:
    wanted = tomllib.loads(read("pyproject.toml"))["build-system"]["requires"]
    locked = {name for lock in TOOLS for name, _ in pins(lock)}
    assert {re.split("[<>=]", each)[0] for each in wanted} <= locked
    install = read("tools/install.py")
    for lock in TOOLS:
        assert f'"{lock.rpartition("/")[2]}"' in install, f"{lock} is not what is installed"
    assert '"install", "uv' not in install and '"install", "nodejs' not in install
    assert all((ROOT / lock.replace(".txt", ".in")).is_file() for lock in TOOLS)
