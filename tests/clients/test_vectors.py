"""Both clients, given the same calls: what they must write, and that they write the same."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aion_client import Bot
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.clients.books import check_files, read_state
from tests.docs.text import ROOT

sys.path.insert(0, str(ROOT))

from hatch_build import find_node

VECTORS = json.loads((ROOT / "clients/vectors.json").read_text())
OF_WRITING = {"written_at", "seq", "memo"}
Case = dict[str, Any]


def book(cases: list[Case], data: Path) -> None:
    """As `client.mjs` does."""
    for number, case in enumerate(cases):
        for part in (case["events"][:1], case["events"][1:]):
            with Bot(f"case{number}", **case["options"], data=data, strict=True) as bot:
                for call, *arguments in part:
                    *plain, options = arguments
                    getattr(bot, call)(*plain, **{re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name): value
                                                  for name, value in options.items()})  # fmt: skip


def book_in_node(cases: list[Case], folder: Path) -> None:
    (folder / "cases.json").write_text(json.dumps(cases))
    node, _ = find_node()
    program = ROOT / "tests/clients/client.mjs"
    command = [node, str(program), str(folder / "cases.json"), str(folder / "node")]
    subprocess.run(command, check=True, timeout=100, capture_output=True)


@pytest.fixture(scope="module")
def booked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("vectors")
    book(VECTORS, folder / "python")
    book_in_node(VECTORS, folder)
    for client in ("python", "node"):
        check_files(folder / client)
    return {client: folder / client for client in ("python", "node")}


@pytest.mark.parametrize("client", ["python", "node"])
@pytest.mark.parametrize("number", range(len(VECTORS)), ids=[case["name"] for case in VECTORS])
def test_calls_then_the_state_that_they_must_give(number: int, client: str, booked: dict[str, Path]) -> None:
    state = read_state(booked[client], f"case{number}")
    expected = VECTORS[number]["expected"]
    assert {name: state[name] for name in expected} == expected
    account = json.loads(state["memo"])["account"]
    memo = VECTORS[number].get("memo", {})
    assert {name: account[name] for name in memo} == memo


amounts = st.integers(1, 10**9).flatmap(lambda units: st.integers(0, 12).map(lambda places: f"{units}e-{places}"))
fees = st.one_of(
    st.just({}),
    amounts.map(lambda fee: {"fee": fee}),
    amounts.map(lambda fee: {"fee": f"-{fee}"}),
    st.tuples(amounts, st.sampled_from(["A", "BNB", "USDT"])).map(
        lambda pair: {"fee": pair[0], "feeCurrency": pair[1]}
    ),
)
symbols = st.sampled_from(["A/USDT", "B/USDT:USDT", "BNB/USDT"])
calls = st.one_of(
    st.tuples(st.just("fill"), symbols, st.sampled_from(["buy", "sell"]), amounts, amounts, fees),
    st.tuples(st.just("mark"), st.dictionaries(symbols, amounts, min_size=1), st.just({})),
    st.tuples(st.just("funding"), symbols, amounts.map(lambda paid: f"-{paid}"), st.just({})),
    st.tuples(st.just("deposit"), amounts, st.just({})),
)
CASES = st.lists(
    st.lists(st.tuples(calls, st.integers(1, 40_000)), min_size=1, max_size=40), min_size=10, max_size=10
)


@settings(max_examples=3, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck))
@given(CASES)
def test_any_calls_then_both_clients_write_the_same(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[list[tuple[list[Any], int]]]
) -> None:
    cases = []
    for steps in drawn:
        at, events = 1_700_000_000, []
        for (*call, options), seconds in steps:
            at += seconds
            events.append([*call, {**options, "at": at}])
        cases.append({"options": {"currency": "USDT", "start": "1000"}, "events": events})
    folder = tmp_path_factory.mktemp("same")
    book(cases, folder / "python")
    book_in_node(cases, folder)
    for number in range(len(cases)):
        one, other = (read_state(folder / client, f"case{number}") for client in ("python", "node"))
        assert {name: one[name] for name in one if name not in OF_WRITING} == {
            name: other[name] for name in other if name not in OF_WRITING
        }
        accounts = [json.loads(each["memo"])["account"] for each in (one, other)]
        assert accounts[0] == accounts[1], "to the last digit"
        days = [
            sorted((folder / client / "swing/bot_logs/1d").glob(f"*_case{number}.json"))
            for client in ("python", "node")
        ]
        assert [each.name for each in days[0]] == [each.name for each in days[1]]
        for mine, theirs in zip(*days, strict=True):
            kept = [json.loads(each.read_text()) for each in (mine, theirs)]
            assert kept[0].get("fills") == kept[1].get("fills") and kept[0].get("trades") == kept[1].get("trades")


def test_types_of_the_client_for_node_have_each_of_its_methods() -> None:
    declared = (ROOT / "clients/js/index.d.ts").read_text()
    source = (ROOT / "clients/js/src/bot.js").read_text()
    methods = set(re.findall(r"^  (?:get )?([a-z]\w+)\(", source, re.MULTILINE)) - {"constructor"}
    assert len(methods) > 15
    assert [name for name in methods if not re.search(rf"\b{name}\b", declared)] == []
