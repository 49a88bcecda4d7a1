"""Documents that are put together of values that are known to be right."""

from collections.abc import Iterator

import pytest

from aion.store.document.base import Document, altered, made, share_names, shown_as
from aion.store.document.kind import KINDS
from aion.store.document.part import Position
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
        assert found == expected
        assert list(found.__dict__) == list(expected.__dict__), "in the order of the fields"
        for name, value in expected.__dict__.items():
            if isinstance(value, dict | list) and name not in values:
                assert getattr(made(model)(**values), name) is not getattr(found, name), "each has its own default"
        assert shown_as(model, found).__dict__ == found.__dict__


def test_document_made_by_the_names_of_its_file_then_they_are_those_of_its_fields() -> None:
    found = made(document.BotView)(**{"return": 0.5})
    assert found.model_dump()["return_"] == 0.5


def test_altered_then_it_is_what_pydantic_copies_and_the_first_stays() -> None:
    first = Position(quantity=2, average_price=10, last_price=11)
    found, expected = altered(first, weight=0.5), first.model_copy(update={"weight": 0.5})
    assert found == expected and found.model_fields_set == expected.model_fields_set
    assert first.weight is None and "weight" not in first.model_fields_set


def test_share_names_then_each_document_still_says_which_fields_it_was_given() -> None:
    given = [{"quantity": 1, "average_price": each} for each in (10.0, 11.0, 12.0)]
    given.insert(2, given[0] | {"weight": 0.5})
    documents = [Position(**each) for each in given]
    share_names(documents)
    assert [each.model_fields_set for each in documents] == [set(each) for each in given]
    assert documents[0].model_fields_set is documents[1].model_fields_set
    assert [each.model_dump(exclude_unset=True) for each in documents] == given
