"""A data folder that is another one than at the start: links turned, folders replaced, disks mounted, links made."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from aion.store.file import write_json
from tests.web.sample import Writer, swing_rolling

from .desk import Aion, Broken, Watchers, running, until
from .registry import Scale, fault

OWN_MOUNTS = ("unshare", "-rm", "sh", "-ec", 'exec "$@"', "sh")
"""Runs a command where it may mount, and nobody else sees it."""


def shown(aion: Aion) -> float | None:
    """Return the equity of the bot `mine`, asked for by a GET that starts now; None when it is not shown."""
    answer = aion.get()
    if answer.status_code != 200:
        raise Broken(f"answered {answer.status_code}: {answer.text[:200]}")
    found = answer.json().get("swing", {}).get("bots", {}).get("mine")
    return None if found is None else float(found["equity"])


def expect(aion: Aion, expected: float | None, what: str) -> None:
    found = shown(aion)
    if found != expected:
        raise Broken(f"{what}: a GET shows {found} right after {expected} was written")


def fresh(aion: Aion, data: Path, numbers: Iterator[int], times: int, what: str) -> None:
    """Write and ask, over and over."""
    write = Writer(data)
    for _ in range(times):
        number = float(next(numbers))
        write.swing("mine", equity=number)
        expect(aion, number, what)


def beside(data: Path, number: int) -> Path:
    """Return a new data folder, with a state in it, beside `data`."""
    made = data.parent / f"new{number}"
    Writer(made).swing("mine", equity=float(number))
    return made


def turn(link: Path, target: str) -> None:
    part = link.with_name(".part")
    part.symlink_to(target)
    os.replace(part, link)


@fault("link-turned")
def link_turned(folder: Path, scale: Scale) -> str:
    """The data folder, or one above or in it, is a link that turns, or is replaced: each write is in the next GET."""
    numbers = count(1)
    home = folder / "home"
    home.mkdir()
    real = home / "first"
    Writer(real / "data").swing("mine", equity=0.0)
    (home / "way").symlink_to("first")
    (home / "long").symlink_to(home / "way" / "data")
    data = home / "long"  # a link, to a path through a link
    (folder / "desk").symlink_to("home/long")
    times = scale.times(3, 60)
    with running("serve", folder / "desk") as aion, Watchers(aion) as watchers:
        fresh(aion, data, numbers, times, "at first")

        def turned() -> None:
            Writer(home / "second" / "data").swing("mine", equity=-1.0)
            turn(home / "way", "second")
            expect(aion, -1.0, "a link on the way turned")

        def turned_by_hand() -> None:
            Writer(home / "third").swing("mine", equity=-2.0)
            subprocess.run(["ln", "-sfn", "third", data], check=True)
            expect(aion, -2.0, "the link itself turned by ln")

        def replaced_by_folder() -> None:
            made = beside(data, next(numbers))
            data.unlink()
            made.rename(data)
            expect(aion, float(made.name[3:]), "a folder in place of the link")

        def parent_moved() -> None:
            home.rename(folder / "away")
            expect(aion, None, "the folder above moved away")
            Writer(folder / "other" / "long").swing("mine", equity=-3.0)
            (folder / "other").rename(home)
            expect(aion, -3.0, "another folder above")

        def removed() -> None:
            with standing_in(data), standing_in(home):  # a process that is in a folder keeps its end from being told
                shutil.rmtree(data)
                expect(aion, None, "the folder removed")
                home.rmdir()
                expect(aion, None, "the folder above removed")
                Writer(data).swing("mine", equity=-4.0)
                expect(aion, -4.0, "both made again")
                fresh(aion, data, numbers, times, "both made again")

        def inner_link() -> None:
            Writer(home / "inner").swing("mine", equity=-5.0)
            shutil.rmtree(data / "swing")
            (data / "swing").symlink_to(home / "inner" / "swing")
            expect(aion, -5.0, "a link in place of a folder inside")
            fresh(aion, home / "inner", numbers, times, "a link in place of a folder inside")
            Writer(home / "inner2").swing("mine", equity=-6.0)
            turn(data / "swing", "../inner2/swing")
            expect(aion, -6.0, "the link inside turned")

        def dangling() -> None:
            turn(data / "swing", "../nowhere/swing")
            expect(aion, None, "a link inside that leads nowhere")
            Writer(home / "nowhere").swing("mine", equity=-7.0)
            expect(aion, -7.0, "where it leads was made")

        steps: list[Callable[[], None]] = [
            turned, turned_by_hand, replaced_by_folder, parent_moved, removed, inner_link, dangling,
        ]  # fmt: skip
        for step in steps:
            step()
            fresh(aion, data, numbers, times, step.__name__)
        watchers.agree()
        if "was replaced by another folder" not in aion.said():
            raise Broken("the log does not say that the folder is another one")
        for _ in range(scale.times(20, 1500)):  # the link is turned to and fro, each side is written when it is away
            number = next(numbers)
            other = home / f"side{number % 2}"
            Writer(other).swing("mine", equity=float(number))
            if data.is_symlink():
                turn(data, other.name)
            else:
                data.rename(home / "done")
                data.symlink_to(other.name)
            expect(aion, float(number), "turned to and fro")
            fresh(aion, other, numbers, 1, "turned to and fro")
        watchers.agree()
    return f"{len(steps)} ways to be another folder, {next(numbers)} writes, each in the GET after it"


@contextmanager
def standing_in(place: Path) -> Iterator[None]:
    """A process whose working folder is `place`."""
    with subprocess.Popen(["cat"], cwd=place, stdin=subprocess.PIPE) as process:
        yield
        if process.stdin is not None:
            process.stdin.close()


@fault("mounted-over")
def mounted_over(folder: Path, scale: Scale) -> str:
    """Disks are mounted on the data folder, above it and in it, and unmounted: each write is in the next GET."""
    numbers = count(1)
    data = folder / "above" / "data"
    Writer(data).swing("mine", equity=0.0)
    Writer(folder / "bound").swing("mine", equity=-1.0)
    times = scale.times(3, 60)
    with running("serve", data, wrap=OWN_MOUNTS) as aion:
        pid = aion.process.pid

        def there(path: Path) -> Path:
            return Path(f"/proc/{pid}/root{path}")

        def inside(*command: str | Path) -> None:
            enter = ("nsenter", f"--target={pid}", "--user", "--mount", "--preserve-credentials")
            subprocess.run([*enter, *map(str, command)], check=True, capture_output=True)

        fresh(aion, there(data), numbers, times, "at first")
        last = shown(aion)
        for what, target in (("on it", data), ("above it", data.parent), ("in it", data / "swing")):
            for _ in range(scale.times(2, 40)):
                inside("mount", "-t", "tmpfs", "none", target)
                expect(aion, None, f"an empty disk mounted {what}")
                fresh(aion, there(data), numbers, times, f"a disk mounted {what}")
                inside("umount", target)
                expect(aion, last, f"the disk {what} unmounted")
                fresh(aion, there(data), numbers, times, f"the disk {what} unmounted")
                last = shown(aion)
            inside("mount", "--bind", folder / "bound" / ("swing" if target == data / "swing" else ""), target)
            if target != data.parent:
                fresh(
                    aion,
                    there(folder / "bound"),
                    numbers,
                    times,
                    f"a folder bound {what}, written where it came from",
                )
            inside("umount", "-l", target)
            expect(aion, last, f"the folder bound {what} taken off")
        one = data / "swing" / "rolling_mine.json.gz"
        source = folder / "one.json.gz"
        shutil.copy(one, source)
        inside("mount", "--bind", source, one)
        for _ in range(times):  # a file that is a mount point is written in place
            number = float(next(numbers))
            write_in_place(there(source), number)
            expect(aion, number, "a file that is a mount point")
        inside("umount", one)
        expect(aion, last, "the file taken off")
        fresh(aion, there(data), numbers, times, "all taken off")
        inside("mount", "-t", "tmpfs", "none", folder / "bound")  # no event has to do with it
        fresh(aion, there(data), numbers, 1, "a mount elsewhere")
        there(data / "control").mkdir()
        inside("mount", "--rbind", "/proc/sys/fs/inotify", data / "control")
        fresh(aion, there(data), numbers, times, "a file system without events in it")
        if aion.get("/api/metrics").json()["live"]["trusts_events"]:
            raise Broken("events of a file system that sends none are trusted")
        inside("umount", "-l", data / "control")
        until("events are not trusted again", lambda: aion.get("/api/metrics").json()["live"]["trusts_events"])
        fresh(aion, there(data), numbers, times, "without it")
        if f"{data / 'control'} is on proc" not in aion.said():
            raise Broken("the log does not say which file system sends no events")
    return f"disks, bound folders and files at three heights, {next(numbers)} writes, each in the GET after it"


def write_in_place(path: Path, equity: float) -> None:
    """Write a state over what the file holds, without another file or a rename."""
    made = path.with_name("whole.json.gz")
    write_json(made, swing_rolling("mine", equity=equity))
    with path.open("r+b") as file:
        file.write(made.read_bytes())
        file.truncate()
    made.unlink()


@fault("hard-link")
def hard_link(folder: Path, scale: Scale) -> str:
    """A state file has another name elsewhere and is written there in place: each write is in the next GET."""
    numbers = count(1)
    data = folder / "data"
    Writer(data).swing("mine", equity=0.0)
    own, other = data / "swing" / "rolling_mine.json.gz", folder / "other" / "name.json.gz"
    other.parent.mkdir()
    os.link(own, other)
    times = scale.times(10, 1000)
    with running("serve", data) as aion, Watchers(aion) as watchers:

        def written_elsewhere(what: str) -> None:
            for _ in range(times):
                number = float(next(numbers))
                write_in_place(other, number)
                expect(aion, number, what)

        written_elsewhere("linked at the start")
        fresh(aion, data, numbers, 1, "replaced by a rename")  # the other name is another file from now on
        last = shown(aion)
        write_in_place(other, -1.0)
        expect(aion, last, "a file that had been this one")
        other.unlink()
        os.link(own, other)
        # To get another name sends no event: the next scan finds it.
        until("a link made later is not found", lambda: (write_in_place(other, -2.0), shown(aion))[1] == -2.0)
        written_elsewhere("linked later")
        os.link(other, data / "swing" / "rolling_too.json.gz")  # two names in the folder, and one elsewhere
        fresh(aion, data, numbers, 1, "one of three names replaced")
        watchers.agree()
    return f"{next(numbers)} writes by another name, each in the GET after it"
