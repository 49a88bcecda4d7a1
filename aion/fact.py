"""One form a fact: a dataclass says each of its fields once, and what stores or shows it is derived from that.

The ledger's columns, the JSON of the files and the model that checks it are all made of `fields_of`. What a document
says of a field beyond its type stands in its annotation: `Annotated[Decimal, Said("Per unit.", form=Price)]`.
"""

import json
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Generic, Protocol, TypeVar, Union, get_args, get_origin, get_type_hints

import orjson

from aion.clock import iso, parse_iso
from aion.money import plain_text

_KNOWN, _ALWAYS = "value is not None", "True"
_Made = Callable[[Any], Any] | None
"""Makes a value another one; None where it stays as it is."""


class Dataclass(Protocol):
    """A dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


Fact = TypeVar("Fact", bound=Dataclass)
Kind = TypeVar("Kind", bound=type)


class _Setter(Protocol):
    def __set__(self, instance: Any, value: Any) -> None: ...


def quickly_made(kind: Kind) -> Kind:
    """Give a frozen dataclass with slots an `__init__` that fills its slots directly, in half the time.

    It takes the same arguments, and what it makes is as frozen as before: `dataclass` calls `object.__setattr__` for
    each field, which looks up by name what is known when the class is made.

    Raises:
        TypeError: `kind` has no slots of its own for its fields.
    """
    names: dict[str, Any] = {"_absent": MISSING}
    positional, named, body = list[str](), list[str](), list[str]()
    for each in fields(kind):
        slot: _Setter = vars(kind).get(each.name)  # type: ignore[assignment]
        if not hasattr(slot, "__set__"):
            raise TypeError(f"{kind.__name__}.{each.name} is no slot: use @dataclass(frozen=True, slots=True)")
        names[f"_set_{each.name}"] = slot.__set__
        if each.init:
            (named if each.kw_only else positional).append(_parameter(each, names))
        if (value := _value(each, names)) is not None:
            body.append(f"_set_{each.name}(self, {value})")
    if hasattr(kind, "__post_init__"):
        body.append("self.__post_init__()")
    arguments = ", ".join(["self", *positional, *(["*", *named] if named else [])])
    exec(f"def __init__({arguments}):\n " + "\n ".join(body or ["pass"]), names)  # noqa: S102 - of names of fields
    made = names["__init__"]
    made.__qualname__, made.__module__ = f"{kind.__qualname__}.__init__", kind.__module__
    made.__annotations__ = vars(kind)["__init__"].__annotations__
    setattr(kind, "__init__", made)  # noqa: B010 - a type checker forbids it written otherwise
    return kind


def _parameter(each: Field[Any], names: dict[str, Any]) -> str:
    """Return the parameter of a field, with its default."""
    if each.default is not MISSING:
        names[f"_default_{each.name}"] = each.default
        return f"{each.name}=_default_{each.name}"
    return f"{each.name}=_absent" if each.default_factory is not MISSING else each.name


def _value(each: Field[Any], names: dict[str, Any]) -> str | None:
    """Return the expression of what a field is set to; None where `__post_init__` sets it."""
    if each.default_factory is not MISSING:
        names[f"_make_{each.name}"] = each.default_factory
        made = f"_make_{each.name}()"
        return f"{made} if {each.name} is _absent else {each.name}" if each.init else made
    if each.init:
        return each.name
    if each.default is MISSING:
        return None
    names[f"_default_{each.name}"] = each.default
    return f"_default_{each.name}"


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
    is_made: bool
    """True where the constructor takes it; what it does not take it reckons."""
    default: Any
    """`MISSING` where it has none."""

    @property
    def column(self) -> str:
        """Its column in the ledger."""
        return self.said.column or self.name


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
        yield FactField(each.name, of, said, each.init, each.default)


def _json_value(of: Any) -> _Made:
    """Return what makes a value of type `of` a number or text of JSON, None where it is one."""
    if of is Decimal:
        return float
    if of is datetime:
        return iso
    if isinstance(of, type) and issubclass(of, StrEnum):
        return str.__str__  # of the member's text itself, without its class
    if get_origin(of) is dict and get_args(of)[1] is Decimal:
        return lambda value: {name: float(each) for name, each in sorted(value.items())}
    return shown_by(of) if is_dataclass(of) and isinstance(of, type) else None


def shown_by(kind: type[Dataclass]) -> Callable[[Any], dict[str, Any]]:
    """Return what makes a fact of `kind` the JSON object that documents have of it; what is not known is left out."""
    told = [each for each in fields_of(kind) if each.said.is_shown and each.said.is_kept]
    return _maker(
        (each.said.name or each.name, each.name, _json_value(each.type), "value" if each.said.is_brief else _KNOWN)
        for each in told
    )


def _maker(told: Iterable[tuple[str, str, _Made, str]]) -> Callable[..., dict[str, Any]]:
    """Return what makes a fact an object, or puts it into one that is given as second argument.

    It is compiled once, as a dataclass's own methods are: each fill passes here, and a loop over the fields takes
    twice as long.

    Args:
        told: of each field its key, its name, what makes its value another one, and when it is said.
    """
    names: dict[str, Any] = {}
    lines = ["def make(fact, found=None):", " found = {} if found is None else found"]
    for number, (key, name, made, when) in enumerate(told):
        names[f"made{number}"] = made
        value = f"value if value is None else made{number}(value)" if made else "value"
        lines += [f" value = fact.{name}", f" if {when}: found[{key!r}] = {value}"]
    exec("\n".join([*lines, " return found"]), names)  # noqa: S102 - of names of fields alone
    return names["make"]  # type: ignore[no-any-return]


def _row_maker(told: Iterable[tuple[str, str, _Made]]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what makes a fact a row; of each field the column, the name and what makes its value another one."""
    names: dict[str, Any] = {}
    values = []
    for number, (_, name, made) in enumerate(told):
        names[f"made{number}"] = made
        kept = f"None if (value := fact.{name}) is None else made{number}(value)"
        values.append(f"({kept})" if made else f"fact.{name}")
    exec(f"def row(fact): return ({', '.join(values)},)", names)  # noqa: S102 - of names of fields alone
    return names["row"]  # type: ignore[no-any-return]


def _text_value(of: Any) -> tuple[_Made, _Made]:
    """Return what makes a value of type `of` one that JSON and SQLite keep without loss, and what makes it again."""
    if of is Decimal:
        return plain_text, Decimal
    if of is datetime:
        return iso, parse_iso
    if isinstance(of, type) and issubclass(of, StrEnum):
        return str.__str__, of
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
        self._fields = [(each.name, each.type, *_text_value(each.type)) for each in made]
        self.state = _maker((name, name, to, _KNOWN) for name, _, to, _ in self._fields)
        """Returns a fact as JSON types."""
        self._is_text = all(to or of is str for _, of, to, _ in self._fields)

    def packed(self, fact: Fact) -> str:
        """Return `fact` as the text of its JSON object."""
        return _packed(self.state(fact), is_text=self._is_text)

    def fact(self, state: Mapping[str, Any], **more: Any) -> Fact:
        """Return the fact that `state` described."""
        told = ((name, state[name], back) for name, *_, back in self._fields if name in state)
        return self._kind(**{name: back(value) if back else value for name, value, back in told}, **more)


class Rows(Generic[Fact]):
    """A fact as a row of the ledger: numbers of any size and decimals as text in plain digits, without loss."""

    def __init__(self, kind: type[Fact], **parts: Texts[Any]) -> None:
        """Args: kind: of fact; parts: of its fields that are facts of the same symbol."""
        self._kind = kind
        self._fields = [
            (each.column, each.name, *self._codec(each), each) for each in fields_of(kind) if each.said.is_kept
            and each.name not in parts
        ]  # fmt: skip
        self._parts = parts
        told = [(column, name, to) for column, name, to, *_ in self._fields]
        told += [(name, name, part.packed) for name, part in parts.items()]
        self.names = tuple(column for column, *_ in told)
        """Columns of `row`."""
        self.row: Callable[[Fact], tuple[Any, ...]] = _row_maker(told)
        """Returns the values of the row of a fact."""

    @staticmethod
    def _codec(each: FactField) -> tuple[_Made, _Made]:
        to, back = _text_value(each.type)
        if each.type is bool:
            return int, bool
        if get_origin(each.type) is dict:
            return (lambda value: _packed(to(value) if to else value, is_text=to is not None),
                    lambda value: back(json.loads(value)) if back else json.loads(value))  # fmt: skip
        return to, back

    def columns(self) -> dict[str, str]:
        """Return the SQL type of each column by its name."""
        kinds = {bool: "INTEGER", int: "INTEGER", float: "REAL"}
        found = dict.fromkeys(self._parts, "TEXT")
        for column, *_, each in self._fields:
            found[column] = kinds.get(each.type, "TEXT")
        return found

    def columns_of(self, kind: type) -> set[str]:
        """Return the columns of values of a type."""
        return {column for column, *_, each in self._fields if each.type is kind}

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


def _packed(state: Mapping[str, Any], *, is_text: bool) -> str:
    """Return JSON of ASCII alone; `is_text`: all values are texts, which orjson writes ten times as fast."""
    if is_text:
        packed = orjson.dumps(state)
        if packed.isascii() and b"\x7f" not in packed:
            return packed.decode()
    return json.dumps(state, separators=(",", ":"))
