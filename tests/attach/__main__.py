"""Try each control of an attached bot on the real freqtrade: `python -m tests.attach`.

Two freqtrades trade in dry run, spot and futures, on prices of a file. Everything is asked over the desk's API, by
its roles, and looked for in freqtrade itself; then a trade is exited on the page, in a browser. Prints a line each;
the status is how many failed.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .film import play
from .programs import ADMIN, VIEWER, Desk, Freqtrade, desk, freqtrade, wait_for

SPOT, FUTURES = "ft_spot", "ft_futures"
REASON = "tried by hand"
TRADES = 7  # that the changed settings allow


class Trial:
    """The controls, in an order in which each finds what it needs."""

    def __init__(self, spot: Freqtrade, futures: Freqtrade, url: str) -> None:
        self.spot, self.futures = spot, futures
        self.admin, self.viewer = Desk(url, ADMIN), Desk(url, VIEWER)
        wait_for(lambda: {SPOT, FUTURES} <= self.admin.bots().keys(), "both bots are on the desk")

    def ask(self, action: str, value: str | None = None, bot: str = SPOT) -> None:
        """Ask as an admin; it has to be done."""
        state, why = self.admin.ask(bot, action, value, REASON)
        assert state == "done", f"{action}: {state} {why}"

    def key(self, part: str, symbol: str, bot: str = SPOT) -> str:
        """Return the key of a position, order or lock of a symbol as soon as the desk shows it."""

        def found() -> str | None:
            rows = self.admin.bots()[bot].get(part) or {}
            return next((key for key, row in rows.items() if symbol in (row.get("symbol"), key)), None)

        return str(wait_for(found, f"{symbol} is among the {part} of {bot}"))

    def viewer_is_refused(self) -> str:
        trade = self.spot.enter("BTC/USDT")
        self.key("positions", "BTC/USDT")
        said = [self.viewer.request(SPOT, *each).status_code for each in (("pause",), ("force_exit", "BTC/USDT"))]
        assert said == [403, 403] and self.spot.state() == "running" and trade in self.spot.open_ids(), said
        return "403, nothing was sent"

    def equity_at_new_prices(self) -> str:
        [before] = self.spot.ask("/status")
        self.spot.move({"BTC": 1.1})

        def is_new() -> bool:
            bot = self.admin.bots()[SPOT]
            [held] = bot["positions"].values()
            is_moved = held["last_price"] == pytest.approx(before["current_rate"] * 1.1)
            return is_moved and abs(bot["cash"] + held["market_value"] - bot["equity"]) < 2e-8

        wait_for(is_new, "cash + position = equity at freqtrade's newest price")
        was = self.spot.ask("/balance")["total"]
        return f"{self.admin.bots()[SPOT]['equity']}, cash + position (freqtrade's /balance still says {was})"

    def pause(self) -> str:
        self.ask("pause")
        assert self.spot.state() == "paused"
        return "freqtrade: paused"

    def resume(self) -> str:
        self.ask("resume")
        assert self.spot.state() == "running"
        return "freqtrade: running"

    def stop_and_start(self) -> str:
        self.ask("stop")
        assert self.spot.state() == "stopped"
        wait_for(lambda: "force_exit" not in self.admin.bots()[SPOT]["actions"], "no exit is offered")
        refused = self.admin.request(SPOT, "force_exit", "BTC/USDT", REASON)
        self.ask("resume")
        assert refused.status_code == 409 and self.spot.state() == "running", refused.text
        return "freqtrade: stopped, then running; an exit meanwhile is refused"

    def reload(self) -> str:
        file = self.spot.folder / "config.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "max_open_trades": TRADES}))
        self.ask("reload")
        wait_for(lambda: self.spot.ask("/show_config")["max_open_trades"] == TRADES, "the new settings are in use")
        return f"freqtrade: max_open_trades {TRADES} of the changed file"

    def exit_of_one(self) -> str:
        kept = self.spot.enter("ETH/USDT")
        [gone] = self.spot.open_ids() - {kept}
        self.ask("force_exit", self.key("positions", "BTC/USDT"))
        assert self.spot.open_ids() == {kept}
        assert self.spot.ask(f"/trade/{gone}")["exit_reason"] == "force_exit"
        return "the trade is closed in freqtrade, the other one is open"

    def exit_of_what_is_not_there(self) -> str:
        state, why = self.admin.ask(SPOT, "force_exit", "DOGE/USDT", REASON)
        assert state == "refused" and "DOGE/USDT" in why, (state, why)
        return why

    def cancel_of_an_order(self) -> str:
        resting = self.spot.enter("SOL/USDT", price=70, ordertype="limit")
        self.ask("cancel_order", self.key("open_orders", "SOL/USDT"))
        assert resting not in self.spot.open_ids()
        return "the order is gone in freqtrade"

    def delete_of_a_lock(self) -> str:
        until = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(time.time() + 7200))
        self.spot.ask("/locks", [{"pair": "LTC/USDT", "side": "*", "until": until, "reason": "a trial"}])
        self.ask("delete_lock", self.key("locks", "LTC/USDT"))
        left = {each["pair"] for each in self.spot.ask("/locks")["locks"]}  # freqtrade locks what was sold itself
        assert "LTC/USDT" not in left, left
        return f"the lock is gone in freqtrade, those of {', '.join(sorted(left))} stay"

    def exit_of_all(self) -> str:
        self.spot.enter("BTC/USDT")
        self.key("positions", "BTC/USDT")
        self.ask("force_exit")
        assert not self.spot.open_ids() and self.spot.state() == "running"
        return "freqtrade has no open trade and runs"

    def exit_of_a_short(self) -> str:
        before = self.futures.ask("/status")
        short = next(each for each in before if each["is_short"])
        self.ask("force_exit", self.key("positions", short["pair"], FUTURES), FUTURES)
        assert self.futures.open_ids() == {each["trade_id"] for each in before} - {short["trade_id"]}
        return f"{short['pair']} is closed in freqtrade, {len(before) - 1} other is open"

    def flatten(self) -> str:
        self.ask("flatten", bot=FUTURES)
        assert not self.futures.open_ids() and self.futures.state() == "paused"
        return "freqtrade has no open trade and is paused"

    def kill_switch(self) -> str:
        self.spot.enter("ETH/USDT")
        self.key("positions", "ETH/USDT")
        self.admin.client.put(f"/api/bots/{SPOT}/kill", json={"reason": REASON}).raise_for_status()
        wait_for(lambda: not self.spot.open_ids(), "the kill switch closes the trade")
        wait_for(lambda: self.admin.bots()[SPOT]["state"] == "stopped", "the desk says stopped")
        self.admin.client.delete(f"/api/bots/{SPOT}/kill").raise_for_status()
        wait_for(lambda: self.spot.state() == "running", "it runs again when the switch is cleared")
        return "the trade is closed in freqtrade; cleared, it runs again"

    def audit(self) -> str:
        lines = [each for each in self.admin.audit() if "asked of" in each["what"] or "kill switch" in each["what"]]
        asked = {each["what"].partition(" asked")[0] for each in lines}
        wanted = {"pause", "resume", "stop", "reload", "force_exit", "cancel_order", "delete_lock", "flatten"}
        assert wanted <= asked and {f"kill switch of {SPOT} {each}" for each in ("thrown", "cleared")} <= asked, asked
        assert all(each["who"] == "admin" for each in lines), lines
        return f"{len(lines)} lines, all by admin"


STEPS: tuple[Callable[[Trial], str], ...] = (
    Trial.viewer_is_refused, Trial.equity_at_new_prices,
    Trial.pause, Trial.resume, Trial.stop_and_start, Trial.reload, Trial.exit_of_one,
    Trial.exit_of_what_is_not_there, Trial.cancel_of_an_order, Trial.delete_of_a_lock, Trial.exit_of_all,
    Trial.exit_of_a_short, Trial.flatten, Trial.kill_switch, Trial.audit,
)  # fmt: skip


def main() -> int:
    """Run them; return how many failed."""
    failed = 0
    with (
        tempfile.TemporaryDirectory(prefix="aion-attach-") as folder,
        freqtrade(Path(folder) / "spot") as spot,
        freqtrade(Path(folder) / "futures", "futures") as futures,
        desk(Path(folder) / "desk", {SPOT: spot.url, FUTURES: futures.url}) as url,
    ):
        trial = Trial(spot, futures, url)
        for step in STEPS:
            try:
                seen = step(trial)
            except AssertionError as error:
                seen, failed = f"FAILED: {error}", failed + 1
            print(f"{step.__name__.replace('_', ' ')}: {seen}", flush=True)
    try:
        play(lambda _: None)
        seen = "freqtrade has closed that trade and no other"
    except AssertionError as error:
        seen, failed = f"FAILED: {error}", failed + 1
    print(f"exit on the page: {seen}")
    print(f"{len(STEPS) + 1 - failed} of {len(STEPS) + 1} did what they say")
    return failed


if __name__ == "__main__":
    sys.exit(main())
