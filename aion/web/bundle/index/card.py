"""The card of each bot as a topic: of its text only what changed is made again, and patches are made of that."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

import orjson

from aion.live.delta import LEAST_BYTES, entries_patch, parse
from aion.live.disk.source import Tree
from aion.live.snapshot import content_tag
from aion.live.topic import Built, Patch
from aion.store.document.base import to_json
from aion.store.document.part import Position
from aion.store.document.piece import encode_members, encode_part
from aion.web.bundle.index.state import Concerned, key_of
from aion.web.bundle.reader import DeskReader
from aion.web.bundle.view import Bound, Card, cut, position_of, weight_of

BOT, POSITIONS, EQUITY = "bot", "positions", "equity_curve"


Entry = tuple[Position, float | None, bytes]
"""A position as its file has it, its weight, and its JSON as a member of an object."""


class CardText:
    """One version of a card as text, by its parts."""

    def __init__(self, card: Card, errors: bytes, before: "CardText | None") -> None:
        """Make it.

        Args:
            card: of the bot.
            errors: JSON of what is wrong with its files.
            before: an earlier version; what is the same is taken from it.
        """
        shown = cut(card.bare(), Bound())
        positions, self.curve = shown.positions, shown.equity_curve
        known = before.members[EQUITY] if before is not None and before.curve is self.curve else None
        shown.positions = {}
        if known is not None:
            shown.equity_curve = {}
        self.errors = errors
        self.members: dict[str, bytes] = encode_members(shown)
        """JSON of each member of the `BotView`; of the positions it is a place holder."""
        if known is not None:
            self.members[EQUITY] = known
        earlier = before.entries if before is not None else {}
        self.entries: dict[str, Entry] = _position_texts(card, positions, earlier)
        """Of the positions, in order."""

    def bot(self) -> bytes:
        """Return the `BotView` as JSON."""
        return _object(self.members | {POSITIONS: self.positions()})

    def whole(self) -> bytes:
        """Return the card as JSON."""
        return b'{"errors":%b,"%b":%b}' % (self.errors, BOT.encode(), self.bot())

    def positions(self) -> bytes:
        """Return the positions as JSON; put together each time, or each version of each card would keep it."""
        return _joined(self.entries.values())

    def patch_from(self, base: "CardText") -> Patch | None:
        """Return the change from another version to this one, None where no patch can say it."""
        before, after = dict[str, Any](), dict[str, Any]()
        parts: dict[str, bytes] = {}
        for name in base.members.keys() | self.members.keys():
            held, text = base.members.get(name), self.members.get(name)
            if name == POSITIONS:
                if list(base.entries) == list(self.entries):
                    changed = [key for key, entry in self.entries.items() if base.entries[key][2] != entry[2]]
                    if changed:
                        before[name] = parse(_joined(base.entries[key] for key in changed))
                        after[name] = parse(_joined(self.entries[key] for key in changed))
                        parts[name] = self.positions()
                    continue
                held, text = base.positions(), self.positions()
            if held == text:
                continue
            if held is not None:
                before[name] = parse(held)
            if text is not None:
                after[name] = parse(text)
        return entries_patch(
            {"errors": parse(base.errors), BOT: before}, {"errors": parse(self.errors), BOT: after}, BOT, parts
        )


def _position_texts(card: Card, positions: dict[str, Position], before: dict[str, Entry]) -> dict[str, Entry]:
    equity, found = card.doc.equity, dict[str, Entry]()
    held = card.held.by_key
    for key, position in positions.items():
        weight = weight_of(position, held[key], equity)
        entry = before.get(key)
        if entry is None or entry[0] is not position or entry[1] != weight:
            text = encode_part(position_of(position, held[key], weight))
            entry = position, weight, _member(key, text)
        found[key] = entry
    return found


def _joined(entries: Iterable[Entry]) -> bytes:
    return b"{%b}" % b",".join([entry[2] for entry in entries])


def _object(members: dict[str, bytes]) -> bytes:
    return b"{%b}" % b",".join([_member(name, text) for name, text in members.items()])


def _member(name: str, text: bytes) -> bytes:
    return b"%b:%b" % (orjson.dumps(name), text)


class CardTopics:
    """Builds the card of each bot that somebody asks for."""

    def __init__(self, reader: DeskReader) -> None:
        """Args: reader: reads the files; shared with the other topics."""
        self._reader = reader
        self.keys = Concerned(reader)
        """The bots whose cards a file may alter."""
        self._newest: WeakValueDictionary[str, CardText] = WeakValueDictionary()
        """By bot. Both live as long as the snapshots that were made of them."""
        self._known: WeakValueDictionary[tuple[str, str], CardText] = WeakValueDictionary()
        """By bot and ETag."""

    def __call__(self, tree: Tree[Any], key: str) -> Built | None:
        """Return the card of a bot, None where nothing can be shown of one."""
        desk, revisit_in_s = self._reader.read(tree)
        kind, name = self._reader.page.resolve(key_of(key))
        card, line = desk.cards.get((kind, name)), desk.lines.get(name) if kind == "intraday" else None
        problems = self._reader.page.own_problems((kind, name))
        errors = orjson.dumps({section: to_json(found) for section, found in problems.items()})
        if card is None:
            shown = {"errors": orjson.Fragment(errors), BOT: orjson.Fragment(encode_part(line))} if line else None
            return Built(shown, revisit_in_s) if shown is not None else None
        text = CardText(card, errors, self._newest.get(key))
        whole = text.whole()
        etag = content_tag(whole)
        known = self._known.get((key, etag))
        self._newest[key] = self._known[key, etag] = text = known if known is not None else text
        if len(whole) <= LEAST_BYTES:
            return Built({"errors": orjson.Fragment(errors), BOT: orjson.Fragment(text.bot())}, revisit_in_s)
        return Built(text.whole, revisit_in_s, etag, partial(self._patch_from, key, text, len(whole)))

    def _patch_from(self, key: str, text: CardText, size: int, etag: str) -> Patch | None:
        """Return the change from the version of `etag`, None if that is not known any more."""
        base = self._known.get((key, etag))
        patch = text.patch_from(base) if base is not None else None
        return replace(patch, whole_bytes=size) if patch is not None else None
