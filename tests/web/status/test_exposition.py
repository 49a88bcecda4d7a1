"""What Prometheus reads: parsed by its own parser, named by its conventions, true to the files."""

import itertools
import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from aion.clock import SystemClock, iso
from aion.engine.heartbeat import Heart
from aion.engine.waiter import WallWaiter
from aion.output.envelope import Stamp
from aion.store.document_file import write_document
from aion.store.file import write_json
from aion.store.schema import check_file
from tests.web.conftest import RunningDesk
from tests.web.sample import Writer

ROOT = Path(__file__).parents[3]
UNITS = ("seconds", "bytes")


class Still(WallWaiter):
    """A waiter whose clock stands still."""

    def monotonic(self) -> float:
        return 1000.0


def families(desk: RunningDesk) -> dict[str, Metric]:
    text = desk.get("/metrics").raise_for_status().text
    found = list(text_string_to_metric_families(text))
    names = [family.name for family in found]
    assert len(names) == len(set(names)), "a name stands twice"
    return {family.name: family for family in found}


def value(found: dict[str, Metric], name: str, **labels: str) -> float:
    samples = [each for family in found.values() for each in family.samples if each.name == name]
    values = [each.value for each in samples if labels.items() <= each.labels.items()]
    assert len(values) == 1, (name, labels)
    return float(values[0])


def until(is_so: Callable[[], bool], seconds: float = 20) -> None:
    end_s = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end_s
        time.sleep(0.05)


def filled(desk: RunningDesk) -> RunningDesk:
    """Write all that the desk can tell of."""
    now = datetime.now(UTC)
    desk.write.cycle(1, ["orb_ny"])
    late = {"written_at": iso(now - timedelta(seconds=90)), "due_at": iso(now - timedelta(seconds=50))}
    desk.write.swing("swing_1w", **late)
    alarm = {"kind": "disk", "level": "warning", "subject": "disk", "text": "nearly full", "since": iso(now)}
    process = {"state": "running", "restarts": 3}
    watch = {
        "schema": "aion/watch/1", "written_at": iso(now), "alarms": {"disk.room": alarm}, "cleared": {},
        "processes": {"bots": process, "desk": {"state": "waiting"}}, "state": "running",
    }  # fmt: skip
    write_json(desk.write.layout.watch, watch)
    waiter = Still()
    heart = Heart(desk.write.layout, Stamp("replay", "1", SystemClock()), waiter)
    for _ in range(3):
        heart.end_cycle(waiter.monotonic() - 0.02)
    heart.beat()
    waiter.close()
    desk.write.layout.up_lock.touch()
    desk.get("/api/bots/page")
    return desk


def prove(desk: RunningDesk, far: Writer) -> None:
    """Prove the folder of a machine until the desk has heard of it."""
    far.layout.proof.parent.mkdir(parents=True, exist_ok=True)
    count = itertools.count()

    def is_proved() -> bool:
        write_document(far.layout.proof, {"schema": "aion/proof/1", "epoch": "e", "n": next(count)})
        machines = desk.get("/api/metrics").json().get("machines", {})
        return far.layout.root.name in machines and not machines[far.layout.root.name]["held"]

    until(is_proved)


def test_every_metric_has_a_name_a_type_and_a_help_by_the_conventions(desk: RunningDesk) -> None:
    found = families(filled(desk))
    assert len(found) > 30
    for name, family in found.items():
        assert re.fullmatch(r"(aion|process)_[a-z0-9_]+", name), name
        assert family.type in ("counter", "gauge", "histogram", "info"), name
        assert len(family.documentation) > 5, name
        for sample in family.samples:
            if family.type == "counter":
                assert sample.name.endswith(("_total", "_created")), sample.name
        assert not name.endswith(("_ms", "_mb", "_kb", "_total", "_count")), name
        if family.type == "histogram":
            assert name.endswith(UNITS), name
            buckets = [each for each in family.samples if each.name.endswith("_bucket") and each.labels["le"]]
            assert any(each.labels["le"] == "+Inf" for each in buckets)


def test_figures_are_those_of_the_files(desk: RunningDesk) -> None:
    found = families(filled(desk))
    assert value(found, "aion_alarms", kind="disk") == 1 and value(found, "aion_alarms", kind="login") == 0
    assert (
        value(found, "aion_process_up", process="bots") == 1 and value(found, "aion_process_up", process="desk") == 0
    )
    assert value(found, "aion_process_restarts_total", process="bots") == 3
    assert 49 < value(found, "aion_bot_overdue_seconds", bot="swing_1w") < 600
    assert 89 < value(found, "aion_bot_write_age_seconds", bot="swing_1w") < 600
    assert value(found, "aion_bot_state", bot="orb_ny", state="active") == 1
    assert value(found, "aion_cycle_seconds_count") == 3
    assert 0.05 < value(found, "aion_cycle_seconds_sum") < 0.07
    assert value(found, "aion_cycle_seconds_bucket", le="0.01") == 0
    assert value(found, "aion_cycle_seconds_bucket", le="0.025") == 3
    assert 0 <= value(found, "aion_bots_heartbeat_age_seconds") < 600
    assert 0 <= value(found, "aion_watchdog_age_seconds") < 600
    assert value(found, "aion_disk_free_bytes") > 0
    assert value(found, "process_open_fds") > 3
    assert value(found, "aion_builds_total") >= 2
    assert value(found, "aion_rebuild_seconds_count") == value(found, "aion_builds_total")
    firsts = value(found, "aion_changes_total") - value(found, "aion_push_seconds_count")
    assert 1 <= firsts <= 5  # what was there before the desk, one of each topic
    assert value(found, "aion_push_seconds_sum") < 600
    assert value(found, "aion_bundle_bytes", topic="bots") > 1000


def test_accounts_of_all_bots_stand_by_currency_and_mode(desk: RunningDesk) -> None:
    desk.write.cycle(1, ["orb_ny"])
    desk.write.swing("swing_1w", mode="live")
    many = [f"s{number}" for number in range(260)]  # more than a bundle shows
    for name in many:
        desk.write.swing(name, currency="EUR")
    found = families(desk)
    index = desk.get("/api/bots/index").json()["bots"]
    assert len(index) == 262
    equities = [each for each in found["aion_bot_equity"].samples if each.name == "aion_bot_equity"]
    assert {each.labels["bot"]: each.value for each in equities} == {
        row["bot"]: row["equity"] for row in index.values()
    }
    assert {(each.labels["currency"], each.labels["mode"]) for each in equities} == {
        ("USD", "replay"), ("USD", "live"), ("EUR", "replay"),
    }  # fmt: skip
    of = {"bot": "swing_1w", "kind": "swing", "machine": "", "currency": "USD", "mode": "live"}
    assert value(found, "aion_bot_net", **of) == 1_000
    assert value(found, "aion_bot_cash", **of) == 1_000
    assert value(found, "aion_bot_start_equity", **of) == 100_000
    assert value(found, "aion_bot_positions", **of) == 1
    assert value(found, "aion_bot_drawdown_ratio", **of) == pytest.approx(1 / 102, abs=1e-6)
    assert value(found, "aion_bot_positions_value", **of) == pytest.approx(100.5 * 995.02)
    assert value(found, "aion_bot_fills", bot="orb_ny") == 2
    won = [each for each in found["aion_bot_win_ratio"].samples if each.labels["bot"] == "swing_1w"]
    assert won == [], "nothing is invented where a bot has too few trades"


def test_accounts_of_a_machine_that_is_held_are_not_told_as_if_they_were_now(desk: RunningDesk) -> None:
    desk.write.swing("own")
    far = Writer(desk.write.layout.root / "machines" / "m1")
    far.swing("trend")
    until(lambda: "m1" in desk.get("/api/metrics").json().get("machines", {}))
    found = families(desk)
    assert value(found, "aion_machine_held", machine="m1") == 1
    assert [each.labels["bot"] for each in found["aion_bot_equity"].samples] == ["own"]
    assert value(found, "aion_bot_write_age_seconds", bot="trend") > 0
    prove(desk, far)
    found = families(desk)
    assert value(found, "aion_machine_held", machine="m1") == 0
    assert value(found, "aion_machine_proved_age_seconds", machine="m1") < 60
    assert value(found, "aion_bot_equity", bot="trend", machine="m1") == 101_000


def test_empty_folder_and_broken_files_cost_their_own_figures_only(desk: RunningDesk) -> None:
    assert "aion_cycle_seconds" not in families(desk) and "aion_alarms" not in families(desk)
    filled(desk)
    desk.write.layout.heartbeat.write_bytes(b"\x00 half")
    desk.write.layout.watch.write_bytes(b"{")
    found = families(desk)
    assert "aion_cycle_seconds" not in found and "aion_alarms" not in found
    assert value(found, "aion_bot_state", bot="orb_ny", state="active") == 1


def test_push_times_when_nothing_was_pushed_then_there_are_none(desk: RunningDesk) -> None:
    live = desk.get("/api/metrics").json()["live"]
    assert "build_p99_ms" in live and "push_p99_ms" not in live and "push_p50_ms" not in live


def test_heartbeat_file_is_valid_and_written_once_in_a_while(desk: RunningDesk) -> None:
    filled(desk)
    assert check_file(desk.write.layout.heartbeat) == ([], [])


EXPRESSION = re.compile(r"\b((?:aion|process)_[a-z_]+)")


@pytest.fixture(scope="module")
def known_names() -> Callable[[RunningDesk], set[str]]:
    def names(desk: RunningDesk) -> set[str]:
        return {sample.name for family in families(desk).values() for sample in family.samples}

    return names


def test_dashboard_and_rules_ask_for_metrics_that_exist(
    desk: RunningDesk, known_names: Callable[[RunningDesk], set[str]]
) -> None:
    prove(desk, Writer(desk.write.layout.root / "machines" / "m1"))
    names = known_names(filled(desk))
    dashboard = json.loads((ROOT / "deploy/grafana.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    rules = (ROOT / "deploy/prometheus-rules.yml").read_text()
    asked += re.findall(r"^ +expr: (.+)$", rules, re.MULTILINE)
    assert len(asked) > 25
    for expression in asked:
        wanted = EXPRESSION.findall(expression)
        assert wanted and set(wanted) <= names, expression
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
