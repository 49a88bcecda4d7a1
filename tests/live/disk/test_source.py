"""What is kept of a file that cannot be read."""

from pathlib import Path

import pytest

from aion.live.disk.source import Tree, scan


def test_error_of_a_file_when_kept_then_it_holds_nothing_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.json").write_bytes(b"x" * 1000)

    def load(path: Path, relative: str) -> object:
        content = path.read_bytes()
        try:
            raise ValueError(content)
        except ValueError:
            raise OSError(f"{relative} is of {len(content)} bytes") from None

    tree: Tree[object] = Tree(tmp_path, load)
    tree.update(scan(tmp_path, ("data",), lambda path: True), set())
    entry = tree.entry("data/a.json")
    assert entry is not None and isinstance(entry.error, OSError)
    assert "of 1000 bytes" in str(entry.error)
    assert entry.error.__traceback__ is None and entry.error.__context__ is None


@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_what_is_no_file_when_asked_for_then_it_says_so_and_nothing_waits(kind: str, tmp_path: Path) -> None:
    import os

    (tmp_path / "data").mkdir()
    place = tmp_path / "data" / "a.json"
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "link":
        place.symlink_to("/dev/zero")
    else:
        place.mkdir()
    tree: Tree[bytes] = Tree(tmp_path, lambda path, relative: path.read_bytes())
    tree.update(scan(tmp_path, ("data",), lambda path: True), set())
    entry = tree.entry("data/a.json")
    assert entry is None if kind == "folder" else "not a regular file" in str(entry and entry.error)
