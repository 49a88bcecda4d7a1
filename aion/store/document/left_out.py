"""Leaves invalid entries out of a state document: one bad entry affects only itself.

An entry is an item of a map or list of the document, such as a fill or a point of a curve, or an optional field of
the document. Fields that say whose account it is and what it is worth (`ENVELOPE` and all required ones) are not
entries: if one of them is invalid, the whole document is rejected.
"""

from dataclasses import dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from annotated_types import MaxLen
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from aion.errors import shorten
from aion.store.document.base import Document, LeftOut
from aion.store.document.piece import slices, validate

ENVELOPE = frozenset({"schema", "mode", "run", "cycle_id", "seq"})
"""What may be absent, but never wrong: a default in its place would say of the account what its file does not."""
MENDED = frozenset({"sim_log", "rolling", "swing_rolling", "bot_activity"})
"""Kinds that are read without their bad entries; all others, such as requests, are read whole or not at all."""
NAMED = 20
"""Entries that are named with their reason; more are counted."""
_VALUE = 60  # characters of a value in a message
_PIECE = 200  # items that are checked at once where something is wrong: others get their turn in between

Checked = TypeVar("Checked", bound=Document)


def _details(error: ValidationError) -> list[ErrorDetails]:
    return error.errors(include_url=False, include_context=False)


def sound(model: type[Checked], value: dict[str, Any], most: int = NAMED) -> tuple[Checked, LeftOut | None]:
    """Return the valid part of `value` as a document of `model`, and what was left out (None for nothing).

    Args:
        model: model of one of the kinds `MENDED`.
        value: a JSON object.
        most: maximum number of entries that are named.

    Raises:
        ValidationError: something invalid is not an entry.
    """
    try:
        return validate(model, value), None
    except ValidationError:
        found = _Found(most)
        document = _mend(model, value, found)
        return document, LeftOut(count=sum(found.fields.values()), fields=found.fields, named=found.named)


def complaint(error: ErrorDetails, *where: str) -> tuple[str, str]:
    """Return the field of an error, below `where`, and the reason, both shortened."""
    loc = ".".join((*where, *map(str, error["loc"])))
    given = error.get("input")
    is_told = isinstance(given, str | int | float) and error["type"] not in ("missing", "value_error")
    return shorten(loc or "document"), shorten(error["msg"]) + (f", not {_named(given)}" if is_told else "")


def lines(left_out: LeftOut) -> list[str]:
    """Return each named entry as one clause, and how many more there are."""
    found = [f"field {where}: {why}" for where, why in left_out.named.items()]
    more = left_out.count - len(found)
    return [*found, f"{more} more"] if more > 0 else found


class _Found:
    """Entries left out so far."""

    def __init__(self, most: int) -> None:
        self.fields: dict[str, int] = {}
        self.named: dict[str, str] = {}
        self._most = most

    def has_room(self) -> bool:
        return len(self.named) < self._most

    def add(self, field: str, where: str, why: str) -> None:
        """Count an entry of `field`, and name it unless the list is full."""
        self.fields[field] = self.fields.get(field, 0) + 1
        if self.has_room():
            self.named[where] = why

    def add_error(self, field: str, key: str, error: ValidationError) -> None:
        """Count the entry at `key` of `error`; its message is only built if it is named."""
        if not self.has_room():
            self.add(field, "", "")
            return
        first = _details(error)[0]
        self.add(field, *complaint(first, field, *(() if first["loc"] else (key,))))


@dataclass(frozen=True, slots=True)
class Many:
    """A field of a document with many entries."""

    adapter: TypeAdapter[Any]
    is_list: bool
    is_nested: bool
    """True for a map of maps."""
    most: int | None
    """Items that a list may hold."""


_known: dict[type[Document], dict[str, Many]] = {}
"""Of each model that something was wrong in: compiling its checks takes milliseconds."""


def many(model: type[Document]) -> dict[str, Many]:
    """Return the fields of `model` that have many entries."""
    if model not in _known:
        _known[model] = _compiled(model)
    return _known[model]


def _compiled(model: type[Document]) -> dict[str, Many]:
    found = {}
    for name, hint in get_type_hints(model, include_extras=True).items():
        if name not in model.model_fields:
            continue
        field = model.model_fields[name]
        kind = get_origin(field.annotation)
        if kind in (dict, list):
            is_nested = kind is dict and get_origin(get_args(field.annotation)[1]) is dict
            most = next((each.max_length for each in field.metadata if isinstance(each, MaxLen)), None)
            found[name] = Many(TypeAdapter(hint), kind is list, is_nested, most)
    return found


def _mend(model: type[Checked], value: dict[str, Any], found: _Found) -> Checked:
    of_many = many(model)
    document = _fields(model, {name: each for name, each in value.items() if name not in of_many}, found)
    for name, of in of_many.items():
        if name not in value:
            continue
        given = value[name]
        if of.is_list and isinstance(given, list):
            setattr(document, name, _listed(of, name, given, found))
        elif not of.is_list and isinstance(given, dict):
            setattr(document, name, (_nested if of.is_nested else _items)(of, name, given, found))
        else:
            found.add(name, name, f"Input should be a valid {'list' if of.is_list else 'dictionary'}")
    return document


def _fields(model: type[Checked], value: dict[str, Any], found: _Found) -> Checked:
    """Return the document without its maps, lists and invalid fields."""
    # two levels are copied: what is wrong is taken out of them
    value = {name: {key: dict(inner) if isinstance(inner, dict) else inner for key, inner in each.items()}
             if isinstance(each, dict) else each for name, each in value.items()}  # fmt: skip
    while True:
        try:
            return model.model_validate(value)
        except ValidationError as error:
            wrong: dict[tuple[str, ...], ErrorDetails] = {}
            for each in _details(error):
                name = str(each["loc"][0]) if each["loc"] else ""
                if name not in value or name in ENVELOPE or _field(model, name).is_required():
                    raise
                wrong.setdefault(_place(model, value, each["loc"]), each)
            for place, each in wrong.items():
                _drop(value, place)
                found.add(place[0], *complaint(each))


def _field(model: type[Document], name: str) -> FieldInfo:
    """Return a field by the name that files have for it."""
    found = model.model_fields.get(name)
    return found or next(each for each in model.model_fields.values() if each.alias == name)


def _place(model: type[Document], value: dict[str, Any], loc: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the smallest part that can be left out for an error: a field, a value in it, an item of its map."""
    names = tuple(map(str, loc))
    part = next((each for each in get_args(_field(model, names[0]).annotation) if _is_document(each)), None)
    inner = value[names[0]]
    if part is None or len(names) < 2 or not isinstance(inner, dict) or names[1] not in part.model_fields:
        return names[:1]
    field = part.model_fields[names[1]]
    if get_origin(field.annotation) is dict and len(names) > 2 and names[2] in inner[names[1]]:
        return names[:3]
    # what has a default of its own would be said in the place of what is wrong
    return names[:2] if field.default is None and not field.is_required() else names[:1]


def _is_document(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, Document)


def _drop(value: dict[str, Any], place: tuple[str, ...]) -> None:
    for name in place[:-1]:
        if name not in value:
            return  # it went with what holds it
        value = value[name]
    value.pop(place[-1], None)


def _items(of: Many, name: str, given: dict[str, Any], found: _Found, *above: str) -> dict[str, Any]:
    """Return the valid items of a map; items of a map of maps are below the key `above`."""

    def checked(piece: dict[str, Any]) -> dict[str, Any]:
        whole: dict[str, Any] = of.adapter.validate_python({above[0]: piece} if above else piece)
        return whole[above[0]] if above else whole

    sound_ones: dict[str, Any] = {}
    for piece in slices(given, _PIECE):
        try:
            sound_ones.update(checked(piece))
            continue
        except ValidationError:
            pass
        for key, each in piece.items():
            try:
                sound_ones.update(checked({key: each}))
            except ValidationError as error:
                found.add_error(name, key, error)
    return sound_ones


def _nested(of: Many, name: str, given: dict[str, Any], found: _Found) -> dict[str, Any]:
    sound_ones: dict[str, Any] = {}
    for key, inner in given.items():
        try:
            sound_ones.update(of.adapter.validate_python({key: {} if isinstance(inner, dict) else inner}))
        except ValidationError as error:
            found.add_error(name, key, error)
            continue
        sound_ones[key] = _items(of, name, inner, found, key)
    return sound_ones


def _listed(of: Many, name: str, given: list[Any], found: _Found) -> list[Any]:
    sound_ones: list[Any] = []
    for number, each in enumerate(given):
        if of.most is not None and len(sound_ones) == of.most:
            found.add(name, f"{name}.{number}", f"at most {of.most} are read")
            continue
        try:
            sound_ones += of.adapter.validate_python([each])
        except ValidationError:
            why = f"Input should be a text that does not look like an integer, not {_named(each)}"
            found.add(name, f"{name}.{number}", why)
    return sound_ones


def _named(value: Any) -> str:
    if isinstance(value, dict | list):
        return "a list" if isinstance(value, list) else "an object"
    return repr(value[:_VALUE] if isinstance(value, str) else value)
