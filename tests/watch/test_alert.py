"""Alerts against a real HTTP server on this machine, which may be down, refuse or hang."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aion import config
from aion.config import Settings
from aion.errors import ConfigError
from aion.section import AlertSettings
from aion.store.document.watch import Alarm
from aion.watch import alert
from aion.watch.alert import Alerter, Message, deliver, message_of
from tests.process.wait import wait_for
from tests.watch.service import SECRET, Service

ROOT = Path(__file__).parents[2]


@pytest.fixture
def service() -> Iterator[Service]:
    found = Service()
    yield found
    found.release.set()
    found.server.shutdown()
    found.server.server_close()


def alarm(kind: str = "process", text: str = "the process bots was killed by SIGKILL", **more: Any) -> Alarm:
    values = {"level": "error", "subject": "bots", "since": datetime(2026, 11, 24, 12, tzinfo=UTC)}
    return Alarm(kind=kind, text=text, **(values | more))  # type: ignore[arg-type]


class Watched(Alerter):
    """Says how much waits."""

    def waiting(self) -> int:
        return self._queue.qsize()


ALERTED = {"alerted_at": datetime(2026, 11, 24, 12, tzinfo=UTC)}


def alerter(*urls: str, said: list[str] | None = None, retry_s: tuple[float, ...] = (), **settings: Any) -> Watched:
    lines = said if said is not None else []
    made = AlertSettings(urls=urls, **settings)  # type: ignore[arg-type]
    return Watched(made, lambda level, text: lines.append(f"{level}: {text}"), retry_s=retry_s)


def test_alarm_and_its_all_clear_arrive(service: Service) -> None:
    sender = alerter(service.url, name="Desk 7")
    sender.hand_over({"process.bots": alarm()}, {})
    first = wait_for(lambda: service.got)[0]
    assert (first["title"], first["type"]) == ("Desk 7 needs attention", "failure")
    assert first["message"] == "ERROR: the process bots was killed by SIGKILL (since 2026-11-24 12:00:00Z)"
    sender.hand_over({}, {"process.bots": alarm(**ALERTED)})
    second = wait_for(lambda: service.got[1:])[0]
    assert (second["title"], second["type"]) == ("Desk 7 all clear", "success")
    assert second["message"].startswith("ALL CLEAR: the process bots")
    sender.stop()


def test_alarms_that_nobody_asked_for_and_clears_of_what_was_never_told_are_not_sent(service: Service) -> None:
    sender = alerter(service.url, events=("disk",))
    sender.hand_over({"process.bots": alarm()}, {"disk.room": alarm("disk")})
    assert sender.waiting() == 0
    sender.stop()


def test_service_when_down_then_it_alone_is_asked_again_and_given_up_with_a_line(service: Service) -> None:
    with socket.socket() as closed:  # a port that nobody listens on
        closed.bind(("127.0.0.1", 0))
        said: list[str] = []
        dead = f"json://127.0.0.1:{closed.getsockname()[1]}/{SECRET}"
        sender = alerter(service.url, dead, said=said, retry_s=(0.05,))
        sender.hand_over({"process.bots": alarm()}, {})
        wait_for(lambda: any("given up after 2 attempts: json://*** did not take it" in line for line in said))
        assert sender.failure() == "json://*** did not take it"
    assert len(service.got) == 1, "the one that took it is not told twice"
    assert SECRET not in "".join(said)
    sender.stop()


def test_service_when_it_comes_back_then_the_message_is_delivered_and_the_failure_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = [{"json://x": "no"}, {"json://x": "no"}, {}]
    monkeypatch.setattr(alert, "deliver", lambda *_: answers.pop(0))
    said: list[str] = []
    sender = alerter("json://x", said=said, retry_s=(0.05, 0.05, 0.05))
    sender.hand_over({"process.bots": alarm()}, {})
    wait_for(lambda: "info: alert delivered: Aion needs attention" in said)
    assert sender.failure() == "" and answers == []
    assert [line.partition(":")[0] for line in said] == ["warning", "warning", "info"]
    sender.stop()


def test_service_when_it_hangs_then_nobody_waits_and_the_delivery_ends_at_its_deadline(service: Service) -> None:
    service.release.clear()
    began = time.monotonic()
    failed = deliver([service.url], Message("t", "b", "info"), deadline_s=2.0)
    assert failed == {service.url: "no answer within 2 s"}
    assert time.monotonic() - began < 30
    sender = alerter(service.url)
    for number in range(3 * alert.MOST_WAITING):
        sender.hand_over({"process.bots": alarm(text=str(number))}, {})
    assert sender.waiting() <= alert.MOST_WAITING, "what waits is bounded"
    sender.stop()


def test_many_alarms_of_one_round_are_one_message_of_bounded_size() -> None:
    found = message_of("Aion", [alarm(text=f"bot {number}") for number in range(100)], [])
    assert found.body.count("\n") == alert.MOST_LINES
    assert found.body.endswith("and 88 more; the System page lists them")


def test_urls_are_secrets_in_settings_messages_and_errors() -> None:
    settings = config.load(None, {"AION_ALERT_URLS": f"json://a/{SECRET} json://b/{SECRET}"})
    assert len(settings.alerts.urls) == 2
    assert SECRET not in repr(settings) and SECRET not in settings.model_dump_json()
    with pytest.raises(ConfigError, match=r"AION_ALERT_URLS: alerts\.urls cannot work") as caught:
        config.load(None, {"AION_ALERT_URLS": SECRET})
    assert SECRET not in str(caught.value)


def test_settings_of_the_table_are_taken_and_wrong_ones_named(tmp_path: Path) -> None:
    file = tmp_path / "aion.toml"
    file.write_text('[alerts]\nurls = ["json://x/y"]\nevents = ["disk"]\nrepeat_minutes = 5\n')
    found = config.load(file, {}).alerts
    assert (found.events, found.repeat_minutes) == (("disk",), 5)
    file.write_text('[alerts]\nevents = ["weather"]\n')
    with pytest.raises(ConfigError, match=r"alerts\.events"):
        config.load(file, {})
    file.write_text(f'[alerts]\nurls = ["{SECRET}"]\n')
    with pytest.raises(ConfigError) as caught:
        config.load(file, {})
    assert SECRET not in str(caught.value)
    assert Settings().alerts.urls == ()


def command(folder: Path, urls: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "aion", "alerts", "test"], cwd=folder, capture_output=True, text=True, timeout=110,
        env={**os.environ, "PYTHONPATH": str(ROOT), "AION_ALERT_URLS": urls}, check=False,
    )  # fmt: skip


def test_command_sends_a_test_and_says_what_is_missing(service: Service, tmp_path: Path) -> None:
    done = command(tmp_path, service.url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "sent\n", "")
    assert service.got[0]["title"] == "Aion test" and service.got[0]["type"] == "info"
    none = command(tmp_path, "")
    assert none.returncode == 2 and "set urls in [alerts]" in none.stderr
    unknown = command(tmp_path, f"nosuchservice://{SECRET}")
    why = "nosuchservice://*** is no address that Apprise knows: check its form\n"
    assert (unknown.returncode, unknown.stderr) == (1, why)


def test_apprise_is_imported_by_the_delivery_alone() -> None:
    code = "import sys, aion.process.up, aion.watch.alert, aion.command.operate; sys.exit('apprise' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=60).returncode == 0


def test_extra_when_not_installed_then_the_command_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert, "find_spec", lambda _name: None)
    assert deliver(["json://x"], Message("t", "b", "info")) == {"json://x": alert.EXTRA}
    said: list[str] = []
    sender = alerter("json://x", said=said, retry_s=(60.0,))
    sender.hand_over({"process.bots": alarm()}, {})
    wait_for(lambda: said)
    assert said == [f"error: alert given up after 1 attempts: {alert.EXTRA}"]
    sender.stop()
