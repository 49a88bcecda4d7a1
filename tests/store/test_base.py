"""Documents that are put together of values that are known to be right."""

from collections.abc import Iterator

import pytest

from aion.store.document.base import Document, made, shown_as
from aion.store.document.kind import KINDS
from aion.web.bundle import document


def models(of: type[Document] = Document) -> Iterator[type[Document]]:
    for model in of.__subclasses__():
        yield model
        yield from models(model)


MODELS = sorted(set(models()), key=lambda model: f"{model.__module__}.{model.__name__}")


def test_models_of_files_and_answers_are_among_those_that_are_tried() -> None:
    assert {*KINDS.values(), document.BotView, document.BotsIndex} <= set(MODELS)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_document_that_is_put_together_then_it_is_what_pydantic_constructs(model: type[Document]) -> None:
    names = list(model.model_fields)
    for given in ((), names, names[::2], names[1::2], names[:1]):
        values = {name: [name] for name in reversed(given)}
        found, expected = made(model)(**values), model.model_construct(**values)
        assert found == expected and found.model_fields_set == expected.model_fields_set
        assert list(found.__dict__) == list(expected.__dict__), "in the order of the fields"
        for name, value in expected.__dict__.items():
            if isinstance(value, dict | list) and name not in values:
                assert getattr(made(model)(**values), name) is not getattr(found, name), "each has its own default"
        assert shown_as(model, found).__dict__ == found.__dict__


def test_document_made_by_the_names_of_its_file_then_they_are_those_of_its_fields() -> None:
    found = made(document.BotView)(**{"return": 0.5})
    assert found.model_dump()["return_"] == 0.5
