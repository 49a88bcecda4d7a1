"""The ledger: what it keeps, what it refuses, and in which words."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from aion.errors import LedgerError
from aion.ledger import schema
from aion.ledger.ledger import BotCycle, Ledger
from aion.ledger.query import read_ledger
from aion.market import calendar
from aion.model import EquityPoint, OrderStatus, Side
from aion.trading.broker import PaperBroker
from aion.trading.events import Changes
from aion.trading.portfolio import Portfolio
from tests.ledger.old_ledger import make_version_3
from tests.trading.paper import MINUTE, SESSION, at, bar, make_broker

ROOT = Path(__file__).parents[2]


def entry(broker: PaperBroker, minute: int, changes: Changes | None = None) -> BotCycle:
    state = {"portfolio": broker.portfolio.state(), "broker": broker.state()}
    return BotCycle(
        "orb",
        f"c{minute}",
        at(minute),
        "2022-05-19",
        broker.portfolio.cash,
        state,
        changes or broker.take_changes(),
        [EquityPoint(at(minute), broker.portfolio.equity(), Decimal("100000.01"))],
        seq=minute,
    )


def traded(ledger: Ledger) -> PaperBroker:
    """Open an account, buy with a bracket, stop out, and commit each cycle."""
    broker = make_broker(cost="us-equity")
    ledger.open_account("orb", broker.portfolio.cash, at(0), {})
    broker.submit(broker.order("MSFT", Side.BUY, Decimal(100), at(0), "entry", stop_loss=Decimal(249)))
    ledger.commit([entry(broker, 0)])
    for minute, prices in ((1, ("250", "251", "249.5", "250")), (2, ("250", "250", "248", "249"))):
        broker.on_bar(bar(minute, *prices), SESSION)
        broker.note(at(minute), "hold", "nothing to do", "MSFT", confidence=0.25)
        ledger.commit([entry(broker, minute)])
    return broker


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "ledger.sqlite"


def test_ledger_when_opened_again_then_gives_back_what_was_committed(path: Path) -> None:
    whole = Changes()
    with Ledger(path, "replay", "7") as ledger:
        broker = make_broker(cost="us-equity")
        ledger.open_account("orb", broker.portfolio.cash, at(0), {})
        broker.submit(broker.order("MSFT", Side.BUY, Decimal(100), at(0), "entry", stop_loss=Decimal(249)))
        for minute, prices in ((1, ("250", "251", "249.5", "250")), (2, ("250", "250", "248", "249"))):
            broker.on_bar(bar(minute, *prices), SESSION)
            found = entry(broker, minute)
            ledger.commit([found])
            whole.orders.update(found.changes.orders)
            whole.fills += found.changes.fills
            whole.trades += found.changes.trades
            whole.movements += found.changes.movements
    with Ledger(path, "replay", "ignored") as ledger:
        assert ledger.run == "7" and ledger.bots() == ["orb"]
        saved = ledger.load_account("orb")
        assert saved is not None
        assert (saved.cursor, saved.cycle_id, saved.seq, saved.cash) == (at(2), "c2", 2, broker.portfolio.cash)
        again = make_broker(cost="us-equity")
        again.portfolio = Portfolio.from_state(saved.state["portfolio"])
        again.restore(saved.state["broker"])
        assert again.portfolio.state() == broker.portfolio.state() and again.state() == broker.state()
        changes = ledger.changes("orb")
        assert changes.fills == whole.fills and changes.trades == whole.trades and changes.orders == whole.orders
        assert changes.movements[0].kind == "deposit" and changes.movements[1:] == whole.movements
        assert ledger.changes("orb", "2022-05-20") == Changes()
        assert [point.ts for point in ledger.equity("orb", "2022-05-19")] == [at(1), at(2)]
        assert ledger.equity("orb")[0].hold == Decimal("100000.01")
        assert ledger.load_account("nobody") is None


def test_rows_when_asked_for_then_have_the_columns_of_the_command_line(path: Path) -> None:
    with Ledger(path, "replay", "7") as ledger:
        traded(ledger)
        with read_ledger(path) as reader:
            assert (reader.mode, reader.run) == ("replay", "7")
            wanted = ["bot", "run", "symbol", "side", "quantity", "price", "fee", "decided_at", "filled_at"]
            fills = reader.fills()
            assert set(wanted) <= fills[0].keys()
            assert [(row["side"], row["quantity"], row["fee"]) for row in fills] == [
                ("buy", "100", "1.00"),
                ("sell", "100", "1.60"),
            ]
            (trade,) = reader.trades("orb")
            assert set(wanted) <= set(trade)
            assert (trade["run"], trade["fee"], trade["filled_at"]) == ("7", "2.60", "2022-05-19T13:32Z")
            assert trade["decided_at"] == "2022-05-19T13:30Z"
            assert reader.fills(newest=1) == fills[1:] and reader.fills("other") == []
            assert [each.action for each in reader.changes("orb").decisions] == ["hold", "hold"]
            assert reader.open_orders("orb") == []
    with read_ledger(path) as reader:
        assert len(reader.fills()) == 2, "also when nobody writes it"


def test_open_orders_when_a_bracket_rests_then_are_found(path: Path) -> None:
    with Ledger(path, "replay", "1") as ledger:
        broker = make_broker()
        ledger.open_account("orb", broker.portfolio.cash, at(0), {})
        broker.submit(broker.order("MSFT", Side.BUY, Decimal(100), at(0), "entry", stop_loss=Decimal(249)))
        broker.on_bar(bar(1, "250", "251", "249.5", "250"), SESSION)
        ledger.commit([entry(broker, 1)])
        (stop,) = ledger.open_orders("orb")
        assert (stop.status, stop.order.stop_price) == (OrderStatus.OPEN, Decimal("249.00"))


def test_commit_when_a_cycle_runs_twice_then_refused_and_nothing_kept(path: Path) -> None:
    with Ledger(path, "replay", "1") as ledger:
        broker = make_broker()
        ledger.open_account("orb", broker.portfolio.cash, at(0), {})
        broker.submit(broker.order("MSFT", Side.BUY, Decimal(100), at(0), "entry"))
        broker.on_bar(bar(1, "250", "251", "249.5", "250"), SESSION)
        first = entry(broker, 1)
        ledger.commit([first])
        back = replace(first, cash=first.cash - 25_000)
        with pytest.raises(LedgerError, match="this is in the ledger already"):
            ledger.commit([back])
        saved = ledger.load_account("orb")
        assert saved is not None and saved.cash == first.cash and len(ledger.fills()) == 1


def test_commit_when_cash_does_not_follow_from_movements_then_refused(path: Path) -> None:
    with Ledger(path, "replay", "1") as ledger:
        broker = make_broker()
        ledger.open_account("orb", broker.portfolio.cash, at(0), {})
        wrong = replace(entry(broker, 1), cash=Decimal("100000.01"))
        with pytest.raises(LedgerError, match=r"cash of orb is 100000.01, its movements make it 100000.00"):
            ledger.commit([wrong])


def test_commit_when_time_runs_back_or_no_account_then_refused(path: Path) -> None:
    with Ledger(path, "replay", "1") as ledger:
        broker = make_broker()
        with pytest.raises(LedgerError, match="orb has no account"):
            ledger.commit([entry(broker, 1)])
        ledger.open_account("orb", broker.portfolio.cash, at(5), {})
        with pytest.raises(LedgerError, match="orb is at 2022-05-19T13:35Z"):
            ledger.commit([entry(broker, 1)])
        with pytest.raises(LedgerError, match="already"):
            ledger.open_account("orb", broker.portfolio.cash, at(5), {})


def test_commit_when_one_bot_of_two_fails_then_the_other_is_not_kept_either(path: Path) -> None:
    with Ledger(path, "replay", "1") as ledger:
        broker = make_broker()
        ledger.open_account("orb", broker.portfolio.cash, at(0), {})
        with pytest.raises(LedgerError, match="two has no account"):
            ledger.commit([entry(broker, 1), replace(entry(broker, 1), bot="two")])
        saved = ledger.load_account("orb")
        assert saved is not None and saved.cursor == at(0)


def test_cash_when_changed_by_another_hand_then_the_account_is_refused(path: Path) -> None:
    with Ledger(path, "replay", "1") as ledger:
        traded(ledger)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE accounts SET cash = cash + 1")
    connection.close()
    with Ledger(path, "replay", "1") as ledger, pytest.raises(LedgerError, match="not the sum of its movements"):
        ledger.load_account("orb")


def test_batch_when_it_fails_in_the_middle_then_whole_cycles_stay(path: Path) -> None:
    with Ledger(path, "backtest", "1") as ledger:
        broker = make_broker()
        ledger.open_account("orb", broker.portfolio.cash, at(0), {})
        with pytest.raises(RuntimeError), ledger.batch():
            for minute in (1, 2, 3):
                ledger.commit([entry(broker, minute)])
            raise RuntimeError
        saved = ledger.load_account("orb")
        assert saved is not None and saved.cursor == at(3)
        with ledger.batch():
            ledger.commit([entry(broker, 4)])
            with read_ledger(path) as reader:
                assert len(reader.equity("orb")) == 3, "not on disk yet"
            ledger.flush()
            with read_ledger(path) as reader:
                assert len(reader.equity("orb")) == 4


def test_notes_when_kept_then_are_read_back(path: Path) -> None:
    with Ledger(path, "replay", "1") as ledger:
        assert ledger.notes("started") is None
        ledger.note("started", "a")
        ledger.note("started", "b")
        assert ledger.notes("started") == "b"


def test_ledger_when_of_another_mode_then_refused_in_a_sentence(path: Path) -> None:
    Ledger(path, "replay", "1").close()
    with pytest.raises(LedgerError, match="is of a replay and this is a paper: choose another AION_DATA folder"):
        Ledger(path, "paper", "1")
    Ledger(path, "replay", "1").close()


def test_ledger_when_from_a_newer_version_then_refused_in_a_sentence(path: Path) -> None:
    Ledger(path, "replay", "1").close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(LedgerError, match="written by a newer Aion"):
        Ledger(path, "replay", "1")
    with pytest.raises(LedgerError, match="written by a newer Aion"), read_ledger(path):
        pass


def shorted(path: Path) -> None:
    """Leave a ledger with a short over two nights, closed, and one over one night, open."""
    with Ledger(path, "replay", "1") as ledger:
        broker = make_broker(cost="us-equity", allow_short=True)
        ledger.open_account("orb", broker.portfolio.cash, at(0), {})
        days = calendar.sessions("XNAS", SESSION.day, SESSION.day + timedelta(days=5))[:4]
        for number, session in enumerate(days):
            opened = session.open + MINUTE
            side = Side.BUY if number == 2 else Side.SELL
            if number != 1:
                broker.submit(broker.order("MSFT", side, Decimal(100), session.open, "as planned"))
            broker.on_bar(replace(bar(1, "250", "251", "249.5", "250"), ts=opened), session)
            ledger.commit([replace(entry(broker, number + 1), day=session.day.isoformat())])


def rows_of(path: Path) -> list[tuple[str, str, str]]:
    with read_ledger(path) as ledger:
        return [(row["fee"], row["borrow"], row["realized_pnl"]) for row in ledger.trades()]


def test_ledger_when_from_before_the_column_then_nights_leave_the_fees_of_their_trade(path: Path) -> None:
    shorted(path)
    (row,) = rows_of(path)
    fee, borrow = (Decimal(each) for each in row[:2])
    with read_ledger(path) as ledger:
        nights = [each.amount for each in ledger.changes("orb").movements if each.kind == "borrow"]
    assert borrow == -sum(nights) > 0 and len(nights) == 2
    connection = sqlite3.connect(path, isolation_level=None)
    make_version_3(connection)
    connection.execute("UPDATE trades SET fee_cents = fee_cents + borrow_cents")
    connection.execute("ALTER TABLE trades DROP COLUMN borrow_cents")
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    before = path.read_bytes()
    assert rows_of(path) == [row], "a reader knows it without changing the file"
    assert path.read_bytes() == before
    Ledger(path, "replay", "1").close()
    assert rows_of(path) == [row]
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT fee, borrow FROM trades").fetchall() == [(str(fee), str(borrow))]
    connection.close()


def test_migration_when_it_fails_then_the_file_stays_as_it_was(path: Path) -> None:
    Ledger(path, "replay", "1").close()
    connection = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(sqlite3.Error):
        schema.migrate(connection, path, (*schema.MIGRATIONS, "CREATE TABLE extra (a); CREATE TABLE broken (;"))
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    assert "extra" not in names and connection.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS),)
    schema.migrate(connection, path, (*schema.MIGRATIONS, "CREATE TABLE extra (a);"))
    assert connection.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS) + 1,)
    connection.close()


def test_new_ledger_has_the_schema_that_step_by_step_leads_to(path: Path) -> None:
    said = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name"
    Ledger(path, "replay", "1").close()
    with (
        closing(sqlite3.connect(":memory:", isolation_level=None)) as stepped,
        closing(sqlite3.connect(path)) as made,
    ):
        for script in schema.MIGRATIONS:
            stepped.executescript(script)
        for statement in schema.lacking(stepped):
            stepped.execute(statement)
        found = made.execute(said).fetchall()
        assert len(found) > 12 and found == stepped.execute(said).fetchall()
        assert made.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS),)
        assert not schema.lacking(made)


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough to look at" * 50, b"SQLite format 3\0" + b"x" * 90]
)
def test_ledger_when_damaged_then_refused_in_a_sentence(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(LedgerError, match="damaged or cannot be opened"):
        Ledger(path, "replay", "1")


def test_ledger_when_another_process_holds_it_then_refused_with_its_id(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from aion.ledger.ledger import Ledger\n"
        "with Ledger(Path(sys.argv[1]), 'replay', '1'): print('held', flush=True); sys.stdin.read()"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        with pytest.raises(LedgerError, match=rf"in use by other bots \(process {holder.pid}\)"):
            Ledger(path, "replay", "1")
        with read_ledger(path) as reader:
            assert reader.bots() == []
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    Ledger(path, "replay", "1").close()


def test_ledger_when_the_disk_is_full_then_says_so_and_keeps_what_was_there(path: Path) -> None:
    # a limit on file size stands for the disk; the signal of the limit is ignored, so that the write fails
    code = (
        "import resource, signal, sys; sys.path.insert(0, sys.argv[2])\n"
        "from pathlib import Path; from aion.errors import LedgerError; from aion.ledger.ledger import Ledger\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "with Ledger(Path(sys.argv[1]), 'replay', '1') as ledger:\n"
        "    ledger.note('small', 'kept')\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "    try: ledger.note('big', 'x' * 1_000_000)\n"
        "    except LedgerError as error: print(error)\n"
        "    print(ledger.notes('small'), ledger.notes('big'))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(path), str(ROOT)], capture_output=True, text=True, check=False, timeout=60
    )
    assert "cannot be written" in found.stdout, found.stderr
    assert "kept None" in found.stdout
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 200_000


def test_ledger_when_the_folder_cannot_be_made_then_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    with pytest.raises(LedgerError, match="cannot be"):
        Ledger(tmp_path / "data" / "ledger.sqlite", "replay", "1")


def test_reader_when_there_is_no_ledger_then_says_how_to_start(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="there is no ledger yet"), read_ledger(tmp_path / "none.sqlite"):
        pass


def test_reader_when_the_writer_commits_meanwhile_then_neither_waits_nor_fails(path: Path) -> None:
    errors: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                with read_ledger(path) as reader:
                    assert len(reader.equity("orb")) <= len(reader.equity("orb", "2022-05-19"))
        except BaseException as error:  # noqa: BLE001 - handed to the test
            errors.append(error)

    with Ledger(path, "replay", "1") as ledger:
        broker = make_broker()
        ledger.open_account("orb", broker.portfolio.cash, at(0), {})
        thread = threading.Thread(target=read)
        thread.start()
        for number in range(1, 120):
            found = replace(entry(broker, 1), cursor=at(0) + timedelta(seconds=number))
            found.equity = [EquityPoint(found.cursor, Decimal(1))]
            ledger.commit([found])
        done.set()
        thread.join()
    assert errors == []
