"""The basic types of documents."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from aion.scalar import Curve

CURVE = TypeAdapter(Curve)
SLOWLY = "2000-01-01T00:00Z"
"""A point whose value is a text is read, and no curve that has one is right at a glance."""


def read(points: dict[Any, Any], *more: str) -> dict[str, float] | str:
    """Return what comes of a curve, or the word for its error."""
    try:
        found = CURVE.validate_python({**points, **dict.fromkeys(more, "1")})
    except ValidationError as error:
        return error.errors()[0]["msg"]
    return {at: value for at, value in found.items() if at not in more}


digits = st.sampled_from("0123456789")
times = st.builds(
    "{}-{:02}-{:02}T{:02}:{:02}{}{}".format,
    st.sampled_from((2022, 2024, 1900, 2199, 1899, 2200, 1999)),
    st.integers(0, 13),
    st.integers(0, 32),
    st.integers(0, 25),
    st.integers(0, 61),
    st.sampled_from(("", ":00", ":59", ":60", ":30.5", ":30.1234567", ".5", ":3")),
    st.sampled_from(("Z", "+00:00", "-05:00", "z", "", "Z\n", "Z\n2022-01-01T00:00Z")),
)
sound_times = st.datetimes().map(lambda at: f"{at:%Y-%m-%dT%H:%M:%S}Z".zfill(20))
values = st.one_of(
    st.floats(), st.integers(), st.booleans(), st.none(), st.sampled_from((1e100, -1e100, 1.1e100, 10**101, -0.0, 1))
)


@given(st.dictionaries(st.one_of(sound_times, times, st.text(max_size=5)), values, max_size=4))
@example({"2022-05-19T13:31Z": 1.5, "2022-05-19T13:31:05Z": 100_000})
@example({"2024-02-29T00:00Z": 1.0})
@example({"2022-02-29T00:00Z": 1.0})
@example({"2022-04-31T00:00Z": 1.0})
@example({"2022-05-19T13:31Z\n2022-05-19T13:32Z": 1.0})
@example({"2022-05-19T13:31Z": 1.0, "2022-05-19T13:32Z": float("nan")})
def test_curve_that_is_right_at_a_glance_then_it_is_what_a_look_at_each_point_finds(points: dict[str, Any]) -> None:
    found, expected = read(points), read(points, SLOWLY)
    assert repr(found) == repr(expected)


def test_curve_of_whole_numbers_then_they_are_floats() -> None:
    assert repr(read({"2022-05-19T13:31Z": 7})) == "{'2022-05-19T13:31Z': 7.0}"


@pytest.mark.parametrize("value", [None, [], {}, {1: 1.0}, {"x": 1.0}, {"2022-05-19T13:31": 1.0}])
def test_what_is_no_curve_then_it_is_refused_and_nothing_is_nothing(value: Any) -> None:
    if value == {}:
        assert CURVE.validate_python(value) == {}
    else:
        with pytest.raises(ValidationError):
            CURVE.validate_python(value)
