"""One form a fact: a dataclass says each of its fields once, and what stores or shows it is derived from that.

The ledger's columns, the JSON of the files and the model that checks it are all made of `fields_of`. What a document
says of a field beyond its type stands in its annotation: `Annotated[Decimal, Said("Per unit.", form=Price)]`.
"""

import json
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import Annotated, Any, ClassVar, Generic, Protocol, TypeVar, Union, get_args, get_origin, get_type_hints

from aion.clock import iso, parse_iso

CENTS = "cents"
"""Marks money: the ledger keeps it as integer cents, in a column whose name ends so."""


_Made = Callable[[Any], Any] | None
"""Makes a value another one; None where it stays as it is."""


class Dataclass(Protocol):
    """A dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


Fact = TypeVar("Fact", bound=Dataclass)


@dataclass(frozen=True, slots=True)
class Said:
    """What documents and ledger say of a field beyond its name and type."""

    about: str = ""
    """Its description in the contract."""
    form: Any = None
    """Its type in documents, when it is not the usual one."""
    name: str = ""
    """Its name in documents, when it is another one."""
    alias: str = ""
    """The same, where that is no name in Python."""
    after: str = ""
    """The field of the document that it stands behind, when it is not the one before it here."""
    default: Any = None
    """What a document that leaves it out means; it leaves out what is None."""
    is_needed: bool = False
    """True where a document without it cannot be read."""
    is_brief: bool = False
    """True to leave it out of a document where it is empty or 0."""
    is_shown: bool = True
    """False for what documents do not say."""
    is_kept: bool = True
    """False for what the ledger does not keep: only others say it."""
    column: str = ""
    """Its column in the ledger, when it has another name."""


UNSHOWN = Said(is_shown=False)
_PLAIN = Said()


@dataclass(frozen=True, slots=True)
class FactField:
    """One field of a fact."""

    name: str
    type: Any
    """Without `Annotated` and `None`."""
    said: Said
    is_money: bool
    is_made: bool
    """True where the constructor takes it; what it does not take it reckons."""
    default: Any
    """`MISSING` where it has none."""

    @property
    def column(self) -> str:
        """Its column in the ledger."""
        return self.said.column or (f"{self.name}_cents" if self.is_money else self.name)


def fields_of(kind: type[Dataclass]) -> Iterator[FactField]:
    """Yield the fields of a fact in their order."""
    hints = get_type_hints(kind, include_extras=True)
    for each in fields(kind):
        of, marks = hints[each.name], list[Any]()
        if get_origin(of) is Annotated:
            of, *marks = get_args(of)
        if get_origin(of) in (Union, types.UnionType):
            of = next(one for one in get_args(of) if one is not type(None))
            if get_origin(of) is Annotated:
                of, *inner = get_args(of)
                marks = [*marks, *inner]
        said = next((mark for mark in marks if isinstance(mark, Said)), _PLAIN)
        yield FactField(each.name, of, said, CENTS in marks, each.init, each.default)


def _values_of(of: type[StrEnum]) -> Callable[[Any], str]:
    return {each: each.value for each in of}.__getitem__


def _json_value(of: Any) -> _Made:
    """Return what makes a value of type `of` a number or text of JSON, None where it is one."""
    if of is Decimal:
        return float
    if of is datetime:
        return iso
    if isinstance(of, type) and issubclass(of, StrEnum):
        return _values_of(of)
    if get_origin(of) is dict and get_args(of)[1] is Decimal:
        return lambda value: {name: float(each) for name, each in sorted(value.items())}
    return shown_by(of) if is_dataclass(of) and isinstance(of, type) else None


def shown_by(kind: type[Dataclass]) -> Callable[[Any], dict[str, Any]]:
    """Return what makes a fact of `kind` the JSON object that documents have of it; what is not known is left out."""
    told = [each for each in fields_of(kind) if each.said.is_shown and each.said.is_kept]
    shown = [(each.said.name or each.name, _json_value(each.type), each.said.is_brief) for each in told]
    values_of = attrgetter(*(each.name for each in told))

    def show(fact: Any) -> dict[str, Any]:
        found = {}
        for (name, made, is_brief), value in zip(shown, values_of(fact), strict=True):
            if value is not None and (value or not is_brief):
                found[name] = value if made is None else made(value)
        return found

    return show


def _text_value(of: Any) -> tuple[_Made, _Made]:
    """Return what makes a value of type `of` one that JSON and SQLite keep without loss, and what makes it again."""
    if of is Decimal:
        return str, Decimal
    if of is datetime:
        return iso, parse_iso
    if isinstance(of, type) and issubclass(of, StrEnum):
        return _values_of(of), of
    if get_origin(of) is dict:
        to, back = _text_value(get_args(of)[1])
        return to and _on_each(to), back and _on_each(back)
    return None, None


def _on_each(made: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda values: {name: made(each) for name, each in values.items()}


class Texts(Generic[Fact]):
    """A fact as a JSON object without loss: decimals and times as texts, what is None left out."""

    def __init__(self, kind: type[Fact], *without: str) -> None:
        """Args: kind: of fact; without: fields that stand elsewhere and are given to `fact`."""
        self._kind = kind
        made = [each for each in fields_of(kind) if each.name not in without and each.is_made and each.said.is_kept]
        self._fields = [(each.name, *_text_value(each.type)) for each in made]
        self._values_of = attrgetter(*(each.name for each in made))

    def state(self, fact: Fact) -> dict[str, Any]:
        """Return `fact` as JSON types."""
        told = zip(self._fields, self._values_of(fact), strict=True)
        return {name: to(value) if to else value for (name, to, _), value in told if value is not None}

    def fact(self, state: Mapping[str, Any], **more: Any) -> Fact:
        """Return the fact that `state` described."""
        told = ((name, state[name], back) for name, _, back in self._fields if name in state)
        return self._kind(**{name: back(value) if back else value for name, value, back in told}, **more)


class Rows(Generic[Fact]):
    """A fact as a row of the ledger: money as integer cents, what is no number as text."""

    def __init__(self, kind: type[Fact], **parts: Texts[Any]) -> None:
        """Args: kind: of fact; parts: of its fields that are facts of the same symbol."""
        self._kind = kind
        self._fields = [
            (each.column, each.name, *self._codec(each), each) for each in fields_of(kind) if each.said.is_kept
            and each.name not in parts
        ]  # fmt: skip
        self._parts = parts
        self._told = [(column, to) for column, _, to, *_ in self._fields]
        self._values_of = attrgetter(*(name for _, name, *_ in self._fields))

    @staticmethod
    def _codec(each: FactField) -> tuple[_Made, _Made]:
        if each.is_money:
            return to_cents, from_cents
        to, back = _text_value(each.type)
        if each.type is bool:
            return int, bool
        if get_origin(each.type) is dict:
            return (lambda value: _packed(to(value) if to else value),
                    lambda value: back(json.loads(value)) if back else json.loads(value))  # fmt: skip
        return to, back

    def columns(self) -> dict[str, str]:
        """Return the SQL type of each column by its name."""
        kinds = {bool: "INTEGER", int: "INTEGER", float: "REAL"}
        found = dict.fromkeys(self._parts, "TEXT")
        for column, *_, each in self._fields:
            found[column] = "INTEGER" if each.is_money else kinds.get(each.type, "TEXT")
        return found

    def columns_of(self, kind: type) -> set[str]:
        """Return the columns of values of a type; money is of none."""
        return {column for column, *_, each in self._fields if each.type is kind and not each.is_money}

    def values(self, fact: Fact, **more: str) -> dict[str, Any]:
        """Return the values of the row of `fact` by column, and `more`."""
        found: dict[str, Any] = more
        for (column, to), value in zip(self._told, self._values_of(fact), strict=True):
            found[column] = value if to is None or value is None else to(value)
        for name, part in self._parts.items():
            found[name] = _packed(part.state(getattr(fact, name)))
        return found

    def fact(self, row: Any, **more: Any) -> Fact:
        """Return the fact of a row and `more` fields; a column that is empty gives what the field is by default."""
        known = row.keys()
        found = {}
        for column, name, _, back, each in self._fields:
            value = row[column] if column in known else None
            if each.is_made and not (value is None and each.default is not MISSING):
                found[name] = value if back is None or value is None else back(value)
        for name, part in self._parts.items():
            found[name] = part.fact(json.loads(row[name]), symbol=row["symbol"])
        return self._kind(**found, **more)


def to_cents(money: Decimal) -> int:
    """Return money as integer cents.

    Raises:
        ValueError: it has a part of a cent.
    """
    found = money * 100
    if found != int(found):
        raise ValueError(f"{money} is not a whole number of cents")
    return int(found)


def from_cents(amount: int) -> Decimal:
    """Return integer cents as money."""
    return amount * Decimal("0.01")


def _packed(state: Mapping[str, Any]) -> str:
    return json.dumps(state, separators=(",", ":"))
