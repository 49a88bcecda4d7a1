"""A kernel that has no more inotify watches to give."""

from pathlib import Path

from tests.web.sample import Writer

from .desk import Broken, watched
from .registry import Scale, fault


def limited(what: str, number: int) -> tuple[str, ...]:
    """Return what runs a command in a user namespace of its own with a limit on inotify."""
    return ("unshare", "-r", "sh", "-ec", f'echo {number} > /proc/sys/user/max_inotify_{what} && exec "$@"', "sh")


LIMITS = (("no instance", "instances", 0), ("one watch", "watches", 1), ("used up", "watches", 12))
"""Name, what is limited, to how many."""


@fault("no-watches")
def no_watches(folder: Path, scale: Scale) -> str:
    """No inotify instance, too few watches at the start, or none for a later folder: answers stay fresh."""
    seen = []
    for name, what, number in LIMITS if scale.is_long else LIMITS[-1:]:
        data = folder / name.replace(" ", "-") / "data"
        write = Writer(data)
        write.swing("mine", equity=0.0)
        with watched(data, wrap=limited(what, number)) as (aion, watchers):
            at_first = aion.get("/api/metrics").json()["live"]["trusts_events"]
            for each in range(1, scale.times(21, 400)):
                if name == "used up":
                    write.activity(f"{each % 90 + 1}w", "2022-05-18", "mine")
                write.swing("mine", equity=float(each))
                answer = aion.get()
                if answer.status_code != 200:
                    raise Broken(f"{name}: answered {answer.status_code}: {answer.text[:200]}")
                if answer.json()["swing"]["bots"]["mine"]["equity"] != each:
                    raise Broken(f"{name}: an answer is older than the write before it")
            watchers.agree()
            at_last = aion.get("/api/metrics").json()["live"]["trusts_events"]
            if at_last:
                raise Broken(f"{name}: the desk trusts events that do not come")
            seen.append(f"{name}: {'events, then ' if at_first else ''}signatures")
    return "; ".join(seen)
