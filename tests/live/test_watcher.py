"""What the kernel tells of files."""

import errno
from pathlib import Path

import pytest

from aion.live.watcher import InotifyWatcher, file_system


def watcher(root: Path) -> InotifyWatcher:
    return InotifyWatcher(root, ("data", "deep/inside"), lambda path: path.endswith(".json"))


def test_look_without_change_says_none(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    watch = watcher(tmp_path)
    assert watch.look() is None
    watch.close()


def test_look_names_accepted_files_only(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    watch = watcher(tmp_path)
    (tmp_path / "data" / "a.json").write_text("1")
    (tmp_path / "data" / "b.txt").write_text("1")
    (tmp_path / "data" / ".c.json").write_text("1")
    (tmp_path / "ledger.sqlite").write_text("1")
    changes = watch.look()
    assert changes is not None and changes.paths == {"data/a.json"} and not changes.rescan
    (tmp_path / "data" / "b.txt").write_text("2")
    assert watch.look() is None
    watch.close()


def test_folders_that_come_late_are_watched(tmp_path: Path) -> None:
    watch = watcher(tmp_path / "root")
    assert watch.look() is None
    (tmp_path / "root" / "deep" / "inside" / "more").mkdir(parents=True)
    changes = watch.look()
    assert changes is not None and changes.rescan
    (tmp_path / "root" / "deep" / "inside" / "more" / "a.json").write_text("1")
    changes = watch.look()
    assert changes is not None and changes.paths == {"deep/inside/more/a.json"}
    watch.close()


def test_moved_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "data" / "x").mkdir(parents=True)
    watch = watcher(tmp_path)
    (tmp_path / "data" / "x").rename(tmp_path / "elsewhere")
    changes = watch.look()
    assert changes is not None and changes.rescan
    watch.look()
    (tmp_path / "elsewhere" / "a.json").write_text("1")
    changes = watch.look()
    assert changes is None or not changes.paths
    watch.close()


def test_overflow_asks_for_a_scan(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    watch = watcher(tmp_path)
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > 100_000:
        pytest.fail(f"this kernel queues {limit} events: the test would take minutes")
    path = tmp_path / "data" / "a.json"
    for number in range(limit // 2 + 100):
        path.write_text(str(number))
        path.unlink()
    changes = watch.look()
    assert changes is not None and changes.rescan
    watch.close()


def test_folder_that_cannot_be_watched_any_more_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    watch = watcher(tmp_path)

    def no_more(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(watch._inotify, "add_watch", no_more)
    (tmp_path / "data" / "late").mkdir()
    with pytest.raises(OSError, match="No space"):
        watch.look()
    watch.close()


def test_file_system_reads_the_longest_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 /dev/a rw\n"
        f"2 1 0:5 / {tmp_path} rw shared:1 - nfs4 host:/x rw\n"
        f"3 1 0:6 / {tmp_path}x rw - tmpfs tmpfs rw\n"
    )
    assert file_system(tmp_path / "not" / "there", str(mounts)) == "nfs4"
    assert file_system(Path("/usr"), str(mounts)) == "ext4"
    assert file_system(Path("/usr"), str(tmp_path / "missing")) == ""
