"""Shows mypy the fields that a document takes from facts and other documents (`aion.store.document.base`).

They are made when the class is, so that mypy would not see them. What a class says of itself is pydantic's to tell.
"""

import types
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from mypy.nodes import TypeInfo
from mypy.plugin import ClassDefContext, Plugin, SemanticAnalyzerPluginInterface
from mypy.plugins.common import add_attribute_to_class
from mypy.types import AnyType, Instance, LiteralType, NoneType, TupleType, Type, TypeOfAny, UnionType
from pydantic import AwareDatetime
from pydantic.mypy import PydanticPlugin

_MAKER = "aion.store.document.base.Document"
_TAKES = {"of", "showing"}


class FactPlugin(PydanticPlugin):
    """Pydantic's plugin, and the fields that are taken."""

    def get_base_class_hook(self, fullname: str) -> Callable[[ClassDefContext], None] | None:
        """Return what looks at a class whose base is `fullname`."""
        known = super().get_base_class_hook(fullname)
        if known is None or fullname != _MAKER:
            return known
        maker = known

        def look(context: ClassDefContext) -> None:
            maker(context)
            if _TAKES & context.cls.keywords.keys():
                _take(context)

        return look


def _take(context: ClassDefContext) -> None:
    info = context.cls.info
    module, _, name = info.fullname.rpartition(".")
    for field, each in getattr(import_module(module), name).model_fields.items():
        if field not in info.names:
            found = _type(each.annotation, context.api)
            if found is None:
                context.api.defer()  # a class that mypy has not come to yet
                return
            add_attribute_to_class(context.api, context.cls, field, found)


def _type(of: Any, api: SemanticAnalyzerPluginInterface) -> Type | None:
    """Return a type of Python as mypy has it; None where it does not know a class yet."""
    kind, args = get_origin(of), get_args(of)
    if kind is Annotated:
        return _type(args[0], api)
    if of is None or of is type(None):
        return NoneType()
    if of is Any:
        return AnyType(TypeOfAny.explicit)
    if kind is Literal:
        text = api.named_type("builtins.str")
        return UnionType.make_union([LiteralType(each, text) for each in args])
    inner = [_type(each, api) for each in args]
    known = [each for each in inner if each is not None]
    if len(known) < len(inner):
        return None
    if kind in (Union, types.UnionType):
        return UnionType.make_union(known)
    if kind is tuple:
        return TupleType(known, api.named_type("builtins.tuple", [AnyType(TypeOfAny.special_form)]))
    of = datetime if of is AwareDatetime else kind or of
    found = api.lookup_fully_qualified_or_none(f"{of.__module__}.{of.__qualname__}")
    return Instance(found.node, known) if found is not None and isinstance(found.node, TypeInfo) else None


def plugin(version: str) -> type[Plugin]:
    """Return the plugin; mypy calls it."""
    return FactPlugin
