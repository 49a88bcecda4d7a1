"""Habits of the tests, what rooms of the pages may import, and that `make check` is what runs before a commit."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from .text import ROOT, read

sys.path.insert(0, str(ROOT))

from hatch_build import FRONTEND, find_node

TESTS = sorted((ROOT / "tests").rglob("*.py"))


Nodes = list[ast.AST]


def read_nodes(path: Path) -> Nodes:
    return list(ast.walk(ast.parse(path.read_text("utf-8"))))


@pytest.fixture(scope="module")
def files() -> dict[str, Nodes]:
    """The nodes of each file of the tests, by its path from the root."""
    return {path.relative_to(ROOT).as_posix(): read_nodes(path) for path in TESTS}


def imported(nodes: Nodes) -> Iterator[str]:
    """Yield the last part of each module that a file imports, and each name that it imports from one."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.rpartition(".")[2] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").rpartition(".")[2]
            yield from (alias.name for alias in node.names)


def test_files_of_tests_import_no_test_and_no_private_name(files: dict[str, Nodes]) -> None:
    tests = {path.stem for path in TESTS if path.stem.startswith("test_")}
    assert len(tests) > 100
    wrong = [
        f"{path}: {name}"
        for path, nodes in files.items()
        for name in imported(nodes)
        if name in tests or re.match(r"_[^_]", name)
    ]
    assert wrong == [], "what two files use stands in a module that is no test, and has a public name"


REACHING = {"setattr", "getattr", "delattr", "hasattr", "object", "attrgetter"}
"""Functions that take the name of an attribute as text; `object` is `mock.patch.object`."""


def named(nodes: Nodes) -> Iterator[str]:
    """Yield what a file names as text in a call that reaches for an attribute, or in an index of `vars`."""
    for node in nodes:
        if isinstance(node, ast.Call):
            function = node.func
            called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if called in REACHING:
                yield from (str(each.value) for each in node.args if isinstance(each, ast.Constant))
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith(("__dict__", ")")):
            yield from (str(each.value) for each in [node.slice] if isinstance(each, ast.Constant))


def private(nodes: Nodes) -> list[str]:
    """Return the private parts that a file names as text."""
    return [name for name in named(nodes) if re.search(r"(^|\.)_[^_]", name)]


def test_files_of_tests_name_no_private_part_as_text(files: dict[str, Nodes]) -> None:
    """Ruff sees `object._part`, not the same in quotes."""
    found = {path: private(nodes) for path, nodes in files.items()}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "code",
    [
        'monkeypatch.setattr(store, "_read", fail)', 'monkeypatch.setattr("aion.web.app._x", 1)', 'getattr(a, "_b")',
        'mock.patch.object(a, "_b")', 'vars(a)["_b"]', 'a.__dict__["_b"]', 'operator.attrgetter("b._c")(a)',
    ],
)  # fmt: skip
def test_private_part_in_quotes_is_found(code: str) -> None:
    assert private(list(ast.walk(ast.parse(code))))


def test_hooks_before_a_commit_are_the_commands_of_make_check() -> None:
    recipe = re.search(r"^check: build\n((?:\t.+\n)+)", read("Makefile"), re.MULTILINE)
    assert recipe
    checked = {line.strip().replace("$(BIN)", ".venv/bin").removesuffix(" .") for line in recipe[1].splitlines()}
    hooks = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    assert [each["repo"] for each in hooks] == ["local"], "a hook is fetched from nowhere"
    entries = {hook["entry"].replace(" --force-exclude", "").removesuffix(" .") for hook in hooks[0]["hooks"]}
    assert all(hook["language"] == "system" for hook in hooks[0]["hooks"])
    of_build = {".venv/bin/python tools/api_types.py"}  # make check builds first
    assert entries - of_build == checked - {".venv/bin/python tools/page_size.py"} | {"make check"}, (
        "a push checks the page too"
    )


@pytest.mark.parametrize(
    ("file", "taken", "is_allowed"),
    [
        ("feature/logs/planted.ts", "../bots/page", False),
        ("feature/logs/planted.ts", "../bots", False),
        ("feature/logs/planted.ts", "../../feature/bots/page", False),
        ("feature/logs/planted.ts", "../../app", False),
        ("feature/logs/part/planted.ts", "../../bots/page", False),
        ("bot/planted.ts", "../feature/bots/page", False),
        ("ui/frame/planted.ts", "../../bot/state", False),
        ("ui/planted.ts", "../feature/bots/page", False),
        ("lib/planted.ts", "../ui/icon", False),
        ("feature/logs/planted.ts", "./page", True),
        ("feature/logs/planted.ts", "../../bot/state", True),
        ("feature/logs/part/planted.ts", "../page", True),
        ("feature/logs/part/planted.ts", "../../../ui/icon", True),
        ("bot/planted.ts", "../ui/icon", True),
        ("ui/frame/planted.ts", "../../lib/age", True),
        ("lib/planted.ts", "../live", True),
    ],
)
def test_page_rooms_when_one_imports_what_stands_above_or_beside_it_then_the_linter_refuses(
    file: str, taken: str, is_allowed: bool, tmp_path: Path
) -> None:
    node, _ = find_node()
    shutil.copy(FRONTEND / "biome.json", tmp_path)
    path = tmp_path / "src" / file
    path.parent.mkdir(parents=True)
    biome = FRONTEND / "node_modules" / "@biomejs" / "biome" / "bin" / "biome"
    for planted in (f'export {{ x }} from "{taken}";\n', f'export const x = () => import("{taken}");\n'):
        path.write_text(planted)
        lint = [node, str(biome), "lint", "--only=style/noRestrictedImports", f"src/{file}"]
        done = subprocess.run(lint, capture_output=True, text=True, cwd=tmp_path)
        assert (done.returncode == 0) is is_allowed, (planted, done.stdout + done.stderr)
        assert ("lint/style/noRestrictedImports" in done.stdout + done.stderr) is not is_allowed
