"""What may be varied, and what is refused by name."""

import pytest

from aion.errors import ConfigError
from aion.sweep.grid import MOST_COMBINATIONS, parse_grid


def refused(*parameters: str, rules: tuple[str, ...] = ()) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_grid(parameters, rules)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_lists_and_ranges_are_every_value_in_order() -> None:
    grid = parse_grid(
        ["fast=5:20:5", "slow=50,100", "band=0.1:0.3:0.1"], ["allow_short=true,false", "stop_loss=0.02"]
    )
    assert [axis.values for axis in grid.axes] == [
        (5, 10, 15, 20), (50, 100), (0.1, 0.2, 0.3), (True, False), (0.02,),
    ]  # fmt: skip
    assert [axis.target for axis in grid.axes] == ["param", "param", "param", "rule", "rule"]
    assert len(grid) == 4 * 2 * 3 * 2 == len(set(grid.combinations()))
    assert [axis.name for axis in grid.varied] == ["fast", "slow", "band", "allow_short"]
    assert next(iter(grid.combinations())) == (5, 50, 0.1, True, 0.02)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a=1:3", (1, 2, 3)),
        ("a=1:2:0.5", (1, 1.5, 2)),
        ("a=-1:1:1", (-1, 0, 1)),
        ("a=1,2,10:30:10", (1, 2, 10, 20, 30)),
        ("a=0.1:0.7:0.3", (0.1, 0.4, 0.7)),  # in floats the last one would be lost
        ("a= x , y ", ("x", "y")),
        ("a=10:31:10", (10, 20, 30)),
    ],
)
def test_value_is_read_as_it_is_written(text: str, values: tuple[object, ...]) -> None:
    assert parse_grid([text], ()).axes[0].values == values


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        (("a",), "--param 'a' is not name=values"),
        (("=1,2",), "is not name=values"),
        (("a=1,,2",), "has an empty value"),
        (("a=",), "has an empty value"),
        (("a=1:x:2",), "'1:x:2' is not first:last or first:last:step"),
        (("a=1:2:3:4",), "is not first:last or first:last:step"),
        (("a=5:1:1",), "has no value"),
        (("a=1:5:0",), "has no value"),
        (("a=1:5:-1",), "has no value"),
        (("a=nan:5:1",), "not first:last"),
        (("a=1:inf:1",), "not first:last"),
        (("a=1:1e999999:1",), "more than 1,000 values"),
        (("a=1:5:1e-999999",), "more than 1,000 values"),
        (("a=1:1e9:1",), "more than 1,000 values"),
        (("a=1,1.0,1",), "has a value twice"),
        (("a=1,2", "a=3"), "a is given twice"),
        (("a=1", "b=2"), "nothing varies"),
        ((), "nothing varies"),
        (("a=1:1000", "b=1:1000"), f"1,000,000 combinations are more than {MOST_COMBINATIONS:,}"),
    ],
)
def test_what_cannot_be_varied_is_named(parameters: tuple[str, ...], said: str) -> None:
    assert said in refused(*parameters)


def test_rule_is_named_as_one() -> None:
    assert refused("a=1,2", rules=("stop_loss",)).startswith("--rule 'stop_loss'")
