"""What the kernel tells of files."""

import errno
import os
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from aion.live.disk.place import kind_at, read_mounts, steps
from aion.live.disk.watcher import InotifyWatcher, file_system


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

    monkeypatch.setattr("inotify_simple.INotify.add_watch", no_more)
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


def told(watch: InotifyWatcher, path: Path) -> None:
    """What is written below `path` from now on is told of by the watch of the root."""
    (path / "a.json").write_text("1")
    changes = watch.look()
    assert changes is not None and changes.paths == {"data/a.json"}
    assert watch.look() is None


def test_folder_in_shared_memory_is_told_of_like_any_other(tmp_path: Path) -> None:
    """Its way leads over /dev, a file system of its own; where there is none, the folder is where all others are."""
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tmp_path
    with TemporaryDirectory(dir=where) as folder:
        (Path(folder) / "root" / "data").mkdir(parents=True)
        with closing(watcher(Path(folder) / "root")) as watch:
            assert watch.look() is None and watch.compared() == ()
            told(watch, Path(folder) / "root" / "data")


def test_link_on_the_way_that_turns_is_seen_and_followed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "root" / "data").mkdir(parents=True)
    (tmp_path / "way").symlink_to("one")
    (tmp_path / "root").symlink_to(tmp_path / "way" / "root")
    watch = watcher(tmp_path / "root")
    assert watch.look() is None and watch.compared() == ()
    (tmp_path / ".new").symlink_to("two")
    (tmp_path / ".new").rename(tmp_path / "way")
    changes = watch.look()
    assert changes is not None and changes.rescan and changes.is_turned
    told(watch, tmp_path / "two" / "root" / "data")
    (tmp_path / "one" / "root" / "data" / "a.json").write_text("1")
    assert watch.look() is None
    watch.close()


def test_folder_that_another_process_is_in_is_compared_once_it_is_empty(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "data").mkdir(parents=True)
    watch = watcher(root)
    held = [os.open(path, os.O_RDONLY) for path in (root, root / "data")]  # as a shell in it does
    (root / "data").rmdir()
    assert watch.look() is not None and watch.compared() == (str(root),)
    root.rmdir()
    (root / "data").mkdir(parents=True)
    changes = watch.look()
    assert changes is not None and changes.rescan
    told(watch, root / "data")
    for each in held:
        os.close(each)
    watch.close()


def test_link_in_place_of_a_watched_folder_is_followed_and_compared(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "data").symlink_to("../elsewhere")
    watch = watcher(root)
    assert watch.look() is None
    (tmp_path / "elsewhere").mkdir()
    changes = watch.look()
    assert changes is not None and changes.rescan
    told(watch, tmp_path / "elsewhere")
    (root / "data").unlink()
    (root / "data").mkdir()
    changes = watch.look()
    assert changes is not None and changes.is_turned
    told(watch, root / "data")
    watch.close()


def test_root_itself_is_watched_with_the_folders_that_are_in_it(tmp_path: Path) -> None:
    (tmp_path / "inside" / "deep").mkdir(parents=True)
    watch = InotifyWatcher(tmp_path, ("",), lambda path: path.endswith(".json"))
    for path in ("a.json", "inside/b.json", "inside/deep/c.json"):
        (tmp_path / path).write_text("1")
        changes = watch.look()
        assert changes is not None and changes.paths == {path}
    watch.close()


def test_file_that_is_watched_by_itself_tells_of_writes_by_each_of_its_names(tmp_path: Path) -> None:
    (tmp_path / "root" / "data").mkdir(parents=True)
    own, other = tmp_path / "root" / "data" / "a.json", tmp_path / "other"
    own.write_text("1")
    os.link(own, other)
    os.link(own, own.with_name("b.json"))
    watch = watcher(tmp_path / "root")
    inode = own.stat().st_ino
    names = {"data/a.json": inode, "data/b.json": inode}
    assert watch.watch_files(names) == set(names)
    assert watch.watch_files(names) == set()
    other.write_text("2")
    changes = watch.look()
    assert changes is not None and changes.paths == set(names)
    assert watch.watch_files({"data/b.json": inode}) == set()  # they share a watch: it stays
    other.write_text("3")
    changes = watch.look()
    assert changes is not None and changes.paths == {"data/b.json"}
    watch.watch_files({})
    other.write_text("4")
    watch.look()
    assert watch.look() is None
    watch.close()


def test_system_without_a_table_of_mounts_compares_what_paths_name(tmp_path: Path) -> None:
    (tmp_path / "root" / "data").mkdir(parents=True)
    table = tmp_path / "mountinfo"  # a plain file cannot be waited for
    table.write_text("1 0 8:1 / / rw - ext4 /dev/a rw\n")
    root = tmp_path / "root"
    watch = InotifyWatcher(root, ("data",), lambda path: path.endswith(".json"), str(table))
    assert str(root) in watch.compared() and str(root / "data") in watch.compared()
    told(watch, root / "data")
    table.write_text(f"1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 0:5 / {root}/data rw - nfs4 host:/x rw\n")
    with pytest.raises(OSError, match=f"{root}/data is on nfs4"):
        watch.compare()
    watch.close()


def test_steps_are_the_names_that_decide_where_a_path_leads(tmp_path: Path) -> None:
    (tmp_path / "real" / "in").mkdir(parents=True)
    (tmp_path / "link").symlink_to("./real/../real")
    (tmp_path / "loop").symlink_to("loop")
    found = [(os.path.relpath(step, tmp_path), is_link) for step, is_link in steps(f"{tmp_path}/link//in/gone/more")]
    assert found[-5:] == [("link", True), ("real", False), (".", False), ("real", False), ("real/in", False)]
    assert len(list(steps(f"{tmp_path}/loop"))) < 100


def test_mounts_have_their_names_as_they_are(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_bytes(b"1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 0:5 / /a\\040b\\134\xc3\xa9 rw - nfs4 h:/x rw\n")
    assert [mount.path for mount in read_mounts(str(table))] == ["/", "/a b\\é"]
    assert kind_at("/a b\\é/x", read_mounts(str(table))) == "nfs4"
