"""Base class of all documents, which can take over the fields of a fact, and their common envelope."""

import inspect
from collections.abc import Callable, Iterable
from copy import copy, deepcopy
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, ParamSpec, TypeVar, cast, get_origin

from pydantic import BaseModel, ConfigDict, Field

from aion.fact import Dataclass, fields_of
from aion.model import Mode, Side
from aion.scalar import Few, Key, Money, Name, Number, SideName, Text, UtcTime

_FORMS: dict[Any, Any] = {Decimal: Number, float: Number, datetime: UtcTime, str: Text, Side: SideName}
"""What a value of a fact is in a document, where it does not say so itself."""
Values = ParamSpec("Values")
Made = TypeVar("Made", bound="Document")
_made_of: dict[Any, type["Document"]] = {}


class Document(BaseModel):
    """Base of all parts of a document.

    `class Fill(Document, of=(model.Fill,))` has the visible fields of the fact, in its order, and then its own.
    """

    model_config = ConfigDict(extra="ignore", populate_by_name=True, ser_json_inf_nan="constants")

    def __init_subclass__(
        cls,
        of: tuple[type[Dataclass], ...] = (),
        showing: tuple[type["Document"], ...] = (),
        without: frozenset[str] = frozenset(),
        retyped: frozenset[str] = frozenset(),
        **options: Any,
    ) -> None:
        """Add the fields of the facts `of`, or of the documents `showing`, before its own.

        Those of its own fields that are `retyped` stand where a document that it shows has them.
        """
        super().__init_subclass__(**options)
        if showing:
            cls._show(showing, without, retyped)
        if not of:
            return
        _made_of[of[0]] = cls
        own, found = inspect.get_annotations(cls), dict[str, Any]()
        for kind in of:
            for each in fields_of(kind):
                if not each.said.is_shown:
                    continue
                name, said = each.said.name or each.name, each.said
                form: Any = said.form or _FORMS.get(each.type) or _made_of.get(each.type)
                if get_origin(each.type) is dict:
                    form = form or Annotated[dict[Key, Money], Few]
                default = "" if form is Text and said.default is None and not each.said.is_brief else said.default
                more: dict[str, Any] = {"description": said.about} if said.about else {}
                more |= {"alias": said.alias} if said.alias else {}
                if said.is_needed:
                    value = Field(**more)
                elif get_origin(each.type) is dict:
                    value = Field(default_factory=dict, **more)
                else:
                    form = form if default is not None else form | None
                    value = Field(default, **more)
                setattr(cls, name, value)
                found = _placed(found, name, form, said.after)
        cls.__annotations__ = found | own

    @classmethod
    def _show(cls, documents: tuple[type["Document"], ...], without: frozenset[str], retyped: frozenset[str]) -> None:
        own, found = inspect.get_annotations(cls), dict[str, Any]()
        for document in documents:
            for name, field in document.model_fields.items():
                if name in retyped:
                    found[name] = own[name]
                elif name not in without and name not in own and name not in found:
                    found[name] = field.annotation  # what else its type says stands in the field
                    setattr(cls, name, copy(field))
        cls.__annotations__ = found | own


def _placed(found: dict[str, Any], name: str, form: Any, after: str) -> dict[str, Any]:
    if after not in found:
        return found | {name: form}
    at = list(found).index(after) + 1
    items = list(found.items())
    return dict([*items[:at], (name, form), *items[at:]])


class LeftOut(Document):
    """Entries of a document that the desk could not read; the rest is shown."""

    count: int = Field(0, ge=0, description="Entries that are left out.")
    fields: dict[str, int] = Field(default_factory=dict, description="How many of each field, e.g. of `fills`.")
    named: dict[str, str] = Field(
        default_factory=dict,
        description="Where the first of them stand, e.g. `fills.f2.side` -> what is wrong.",
    )


class Envelope(Document):
    """Fields that every document has."""

    schema_: str = Field(alias="schema", description="`aion/<kind>/<version>`, e.g. `aion/sim_log/1`.")
    mode: Mode = Field("paper", description="replay, paper, backtest or live; one folder holds one mode.")
    run: Name = Field("1", description="Name of the run; curves of two runs are never joined.")
    cycle_id: str = Field("", max_length=128, description="The cycle that wrote it; equal in all files of a cycle.")
    seq: int = Field(0, ge=0, description="Grows with each write of this document within a run.")
    as_of: UtcTime = Field(description="Market time up to which the content is true.")
    written_at: UtcTime | None = Field(None, description="Wall time of the write.")
    due_at: UtcTime | None = Field(
        None, description="Wall time by which the next write is due; absent means no schedule is known."
    )
    left_out: LeftOut | None = Field(
        None, description="Said by the desk in its answers: entries that it could not read. Ignored in a file."
    )


def made(model: Callable[Values, Made]) -> Callable[Values, Made]:
    """Return what makes a document of `model` of values that are known to be right: it looks at none of them."""
    kind = cast("type[Made]", model)
    return cast("Callable[Values, Made]", lambda **values: _put_together(kind, values))


def shown_as(model: type[Made], *documents: Document, **values: Any) -> Made:
    """Return a document of `model` with `values`, and of its other fields those that `documents` have.

    Nothing is checked, and all is shared with them.
    """
    found: dict[str, Any] = {}
    for each in documents:
        had = each.__dict__
        for name in _shared_by(model, type(each)):
            if name in had:
                found[name] = had[name]
    return _put_together(model, found | values)


_shared: dict[tuple[type[Document], type[Document]], tuple[str, ...]] = {}


def _shared_by(model: type[Document], other: type[Document]) -> tuple[str, ...]:
    """Return the fields of `other` that `model` has too."""
    if (model, other) not in _shared:
        _shared[model, other] = tuple(name for name in other.model_fields if name in model.model_fields)
    return _shared[model, other]


@dataclass(frozen=True, slots=True)
class _Blank:
    """A document of a model before it has any value."""

    fields: dict[str, Any]
    """All fields in order; those without a constant default hold None."""
    needed: frozenset[str]
    """Fields without a default."""
    names: set[str]
    """All fields, which each document counts as given: nobody asks for them, and a row's own set takes 2 KB."""
    factories: dict[str, Callable[[], Any]]
    """What makes the default of the others."""


_blanks: dict[type[Document], _Blank] = {}
_CONSTANT = (str, int, float, bool, tuple, frozenset, type(None))


def _blank(model: type[Document]) -> _Blank:
    if model not in _blanks:
        fields, factories = dict[str, Any](), dict[str, Callable[[], Any]]()
        for name, field in model.model_fields.items():
            is_constant = not field.is_required() and isinstance(field.default, _CONSTANT)
            fields[name] = field.default if is_constant else None
            if not field.is_required() and not is_constant:
                make = cast("Callable[[], Any] | None", field.default_factory)
                factories[name] = make if make is not None else partial(deepcopy, field.default)
        needed = frozenset(name for name, field in model.model_fields.items() if field.is_required())
        _blanks[model] = _Blank(fields, needed, set(fields), factories)
    return _blanks[model]


def _put_together(model: type[Made], values: dict[str, Any]) -> Made:
    """Return what `model_construct` does, which asks each default factory for its parameters each time."""
    blank = _blank(model)
    fields = blank.fields | values
    if len(fields) > len(blank.fields):  # names of the files in place of the fields'
        return cast("Made", model.model_construct(**values))
    for name, make in blank.factories.items():
        if name not in values:
            fields[name] = make()
    for name in blank.needed - values.keys():
        del fields[name]
    found = model.__new__(model)
    object.__setattr__(found, "__dict__", fields)
    object.__setattr__(found, "__pydantic_fields_set__", blank.names)
    object.__setattr__(found, "__pydantic_extra__", None)
    object.__setattr__(found, "__pydantic_private__", None)
    return found


def altered(document: Made, **values: Any) -> Made:
    """Return a copy of `document` with `values` that are known to be right; the others are shared with it."""
    found = document.__new__(type(document))
    object.__setattr__(found, "__dict__", document.__dict__ | values)
    object.__setattr__(found, "__pydantic_fields_set__", document.__pydantic_fields_set__ | values.keys())
    object.__setattr__(found, "__pydantic_extra__", None)
    object.__setattr__(found, "__pydantic_private__", None)
    return found


def share_names(documents: Iterable[Document]) -> None:
    """Let `documents` that were given the same fields have one set of their names: each one's own takes 0.7 KB.

    They must not be changed from then on.
    """
    last: set[str] = set()
    for each in documents:
        found = each.__pydantic_fields_set__
        if found == last:
            object.__setattr__(each, "__pydantic_fields_set__", last)
        else:
            last = found


def to_json(document: Document) -> dict[str, Any]:
    """Return `document` as the JSON object for the disk: aliases, ISO times with `Z`, no fields without a value."""
    return document.model_dump(mode="json", by_alias=True, exclude_none=True)
