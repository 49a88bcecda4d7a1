"""A page's side of patches in a few lines of Python: RFC 7396 as its appendix has it, and the proof of the result."""

import json
import zlib
from typing import Any

import orjson

from aion.live.delta import browser_text, in_browser_order


def merge(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    found = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = merge(found.get(name), value)
    return found


class Held:
    """What a page holds of the topics of one stream; an event that does not follow from it fails the test."""

    def __init__(self, values: dict[str, Any] | None = None) -> None:
        self.values: dict[str, Any] = values or {}
        self.patches = 0
        self.wholes = 0

    def take(self, name: str, data: str) -> None:
        """Take an event in; those that carry no data are left out."""
        if name in ("hello", "hb", "bye"):
            return
        value = json.loads(data)
        if name != "patch":
            self.wholes += 1
            self.values[name] = value
            return
        self.patches += 1
        held = self.values[value["topic"]]
        assert held["etag"] == value["base"], "a patch of something else than what is held"
        for patch in value["patches"]:
            held = merge(held, patch)
        assert held["etag"] == value["etag"]
        assert zlib.crc32(browser_text(orjson.dumps(in_browser_order(held)))) == value["check"]
        self.values[value["topic"]] = held
