"""Result, report and command: figures by hand, a page that stands alone, what is printed."""

import io
import json
import re
from datetime import timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion.backtest import chart, command, trades
from aion.backtest import text as say
from aion.backtest.method import SOURCES
from aion.backtest.plan import Options
from aion.command.app import main
from aion.config import Settings, default_bots
from aion.engine.backtest import Plan
from aion.errors import ConfigError
from aion.ledger.query import read_ledger
from aion.store.layout import Layout
from tests.bot.desk import ListFeed, at, daily, instrument, recorded, swing_bot

INSTANT = timedelta(microseconds=1)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> command.Outcome:
    """A bot that loses on costs, one that holds over nights, and one whose strategy fails half-way."""
    bots = default_bots()
    last = at("2022-06-16T00:00Z")
    plan = Plan(
        {"orb_ny": bots["orb_ny"], "momo_hk": bots["momo_hk"]},
        recorded(last),
        at("2022-05-18T00:00Z"),
        last,
        tmp_path_factory.mktemp("report"),
    )
    return command.run_plan(plan)


def made_up(tmp_path: Path, prices: list[float], **changes: object) -> command.Outcome:
    feed = ListFeed({"AAA": instrument("AAA")}, day=daily("AAA", "2020-01-02", prices))
    first, last = feed.span("day")
    return command.run_plan(Plan({"b": swing_bot(("AAA",), **changes)}, feed, first - INSTANT, last, tmp_path))


def test_gross_less_costs_is_net_and_the_ledger_agrees(outcome: command.Outcome) -> None:
    with read_ledger(Layout(outcome.folder).ledger) as ledger:
        for result in outcome.results:
            costs = result.costs
            assert costs.gross - sum(costs.fees.values(), Decimal(0)) - costs.slippage == costs.net
            assert result.end - result.start == costs.net
            fees = sum((Decimal(fill["fee"]) for fill in ledger.fills(result.name)), Decimal(0))
            assert fees == sum(costs.fees.values(), Decimal(0)) > 0
            assert len(ledger.trades(result.name)) == len(result.trades) > 5


def test_figures_are_those_worked_out_by_hand(tmp_path: Path) -> None:
    # bought at the second open (100), one unit of equity in all: 99 % of it is invested
    result = made_up(tmp_path, [100, 100, 110, 99], rules={"aggression": 1, "max_alloc": 1}).results[0]
    assert result.figures.total_return == pytest.approx(0.99 * -0.01, abs=1e-5)
    assert result.hold.total_return == pytest.approx(-0.01)
    assert result.hold.max_drawdown == pytest.approx(0.1)
    assert result.figures.best_day == pytest.approx(0.99 * 0.1, abs=1e-4)
    assert result.figures.annual_growth is None and result.figures.sharpe_ratio is None
    assert result.time_held == pytest.approx(3 / 4)
    assert list(result.months) == ["2020-01"]


def test_span_of_years_has_yearly_figures(tmp_path: Path) -> None:
    prices = [100 * 1.001**day * (1 + 0.01 * (day % 2)) for day in range(520)]
    result = made_up(tmp_path, prices).results[0]
    assert result.hold.annual_growth == pytest.approx(1.001**252 - 1, rel=0.05)
    assert result.figures.sharpe_ratio is not None and result.beta is not None
    months = 1.0
    for own, _ in result.months.values():
        months *= 1 + own
    assert months - 1 == pytest.approx(result.figures.total_return)


class Page(HTMLParser):
    """Tags in balance, their attributes, and the text of the page."""

    VOID = frozenset(("meta", "line", "path", "br", "link"))

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attributes: list) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]

    def handle_startendtag(self, tag: str, attributes: list) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attributes]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["script"], ["style"]):
            self.text += data + " "


def read_page(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text("utf-8"))
    assert page.open == []
    return page


def test_report_is_one_well_formed_file_without_network(outcome: command.Outcome) -> None:
    page = read_page(outcome.report)
    source = outcome.report.read_text("utf-8")
    assert "http" not in source.replace("http://www.w3.org", "")
    assert not [each for each in page.attributes if each[1] in ("src", "srcset") or "url(" in each[2]]
    assert "@import" not in source and "url(" not in source
    for _, name, value in page.attributes:
        assert not (name == "href" and not value.startswith("#"))
        assert not name.startswith("on")


def test_report_shows_every_figure_that_is_printed(outcome: command.Outcome) -> None:
    page = read_page(outcome.report)
    for result in outcome.results:
        for label, own, held in say.rows(result):
            assert label in page.text and own in page.text and held in page.text
        assert result.rule in page.text
        assert f"{say.day(result.first)} to {say.day(result.last)} · {result.settings.exchange}" in page.text
    for words in (
        "Drawdown",
        "Return by month",
        "From gross to net",
        "Closed trades",
        "What was refused",
        "hold MSFT",
    ):
        assert words in page.text
    assert "NaN" not in page.text and "None" not in page.text


def test_report_draws_each_closed_trade_by_its_sign_and_lists_the_newest_first(outcome: command.Outcome) -> None:
    source = outcome.report.read_text("utf-8")
    for result in outcome.results:
        article = source[source.index(f'<article id="{result.name}"') :]
        article = article[: article.index("</article>")]
        nets = [trade.realized_pnl for trade in result.trades]
        plot = article[article.index('data-chart="trades"') :]
        assert len(result.trades) <= trades.BARS_SHOWN
        drawn = re.findall(r'<path class="(gain|loss)" d="M[\d.]+ ([\d.]+)V([\d.]+)H', plot)
        assert [kind for kind, _, _ in drawn] == ["gain" if net > 0 else "loss" for net in nets]
        heights = [float(zero) - float(y) for _, zero, y in drawn]
        biggest = max(range(len(nets)), key=lambda number: abs(nets[number]))
        scale = heights[biggest] / float(nets[biggest])
        assert heights == pytest.approx([float(net) * scale for net in nets], abs=0.2)
        assert f"{sum(net > 0 for net in nets)} of {len(nets)} above zero" in plot
        closed = re.findall(r'data-name="Closed">([^<]+)<', article)
        assert closed == [f"{trade.closed_at:%Y-%m-%d %H:%M}" for trade in reversed(result.trades)]


def test_report_of_more_trades_than_pixels_sums_them_and_says_how_many(
    outcome: command.Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trades, "BARS_SHOWN", 10)
    result = outcome.results[0]
    size = -(-len(result.trades) // 10)
    assert size > 1
    panel = trades.trades_panel(result)
    assert f"Net result of {size} closed trades in a row each" in panel
    assert panel.count('class="gain"') + panel.count('class="loss"') == -(-len(result.trades) // size)


def test_report_says_what_n_means_only_where_it_stands(outcome: command.Outcome, tmp_path: Path) -> None:
    assert "too few trades or days for a reliable figure" in read_page(outcome.report).text, "20 sessions"
    first, last = at("2020-01-01T00:00Z"), at("2022-01-01T00:00Z")
    many = command.run_plan(Plan({"swing_1w": default_bots()["swing_1w"]}, recorded(last), first, last, tmp_path))
    assert len(many.results[0].trades) >= 30
    assert "too few trades or days for a reliable figure" not in read_page(many.report).text


def test_report_escapes_what_others_wrote(tmp_path: Path) -> None:
    feed = ListFeed({"<b>&": instrument("<b>&")}, day=daily("<b>&", "2020-01-02", [100.0, 101, 102, 103]))
    feed.provenance = "</script><script>alert(1)</script>"
    first, last = feed.span("day")
    made = command.run_plan(Plan({"b": swing_bot(("<b>&",))}, feed, first - INSTANT, last, tmp_path))
    source = made.report.read_text("utf-8")
    assert "<b>&" not in source.replace("<b>Aion", "") and "alert(1)</script>" not in source
    assert "hold &lt;b&gt;&amp;" in source
    read_page(made.report)


def test_report_of_a_stopped_strategy_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aion.strategy.builtin.trend import EqualWeight

    def broken(self, bars, moment):
        raise RuntimeError("a fault of the test")

    monkeypatch.setattr(EqualWeight, "on_bars", broken)
    made = made_up(tmp_path, [100.0, 101, 102])
    assert made.results[0].state == "error"
    text = read_page(made.report).text
    assert "Stopped before the end" in text and "a fault of the test" in text
    assert "Nothing was bought and sold again" in text


def test_result_file_is_json_and_says_where_the_bars_come_from(outcome: command.Outcome) -> None:
    value = json.loads((outcome.folder / "result.json").read_text())
    assert value["provenance"].startswith("Real bars")
    bot = value["bots"]["orb_ny"]
    assert Decimal(bot["equity"]) - Decimal(bot["start_equity"]) == Decimal(bot["net"])
    assert bot["figures"]["max_drawdown"] > 0 and "sharpe_ratio" not in bot["figures"], "20 sessions say nothing"
    assert bot["hold"]["total_return"] < 0


def test_two_runs_of_the_command_give_the_same_report(outcome: command.Outcome, tmp_path: Path) -> None:
    bots = default_bots()
    last = at("2022-06-16T00:00Z")
    chosen = {"orb_ny": bots["orb_ny"], "momo_hk": bots["momo_hk"]}
    again = command.run_plan(Plan(chosen, recorded(last), at("2022-05-18T00:00Z"), last, tmp_path))
    assert again.report.read_bytes() == outcome.report.read_bytes()
    assert (tmp_path / "result.json").read_bytes() == (outcome.folder / "result.json").read_bytes()


def test_every_figure_but_the_plain_ones_names_its_formula(outcome: command.Outcome) -> None:
    labels = {label for result in outcome.results for label, _, _ in say.rows(result)}
    plain = {"Equity at the end", "Best day", "Worst day", "Closed trades", "Gross", "Fees", "Slippage"}
    assert labels - plain <= SOURCES.keys()


# the command


def test_command_prints_the_figures_and_where_the_report_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    for number in ("1", "2"):
        arguments = ["backtest", "--bot", "orb_ny", "--from", "2022-05-19", "--to", "2022-05-20"]
        monkeypatch.setattr("sys.argv", ["aion", *arguments])
        assert main() == 0
        shown = capfd.readouterr().out
        assert "Sharpe ratio" in shown and "n = 2" in shown and "hold MSFT" in shown
        assert f"Report: backtests/{number}/report.html" in shown
        assert re.search(r"778 bars in \d+\.\d\d s", shown)


def test_command_refuses_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["aion", "backtest", "--bot", "orb_ny", "--cash", "none"])
    assert main() == 2
    assert capsys.readouterr().err == "aion: --cash 'none' is not an amount above 0 and up to 1,000,000,000,000\n"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--strategy", "vwap_trend", "--cash", "1e30"), "--cash '1e30' is not an amount above 0 and up to"),
        (("--feed", "ccxt"), "the ccxt feed has no past to run over: download bars with `aion download --feed ccxt"),
        (("--strategy", "equal_weight", "--horizon", "0d"), "'0d' cannot work: use a number from 1 to 99 with d, w"),
    ],
)
def test_command_refuses_what_cannot_work_in_words(
    arguments: tuple[str, ...], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["aion", "backtest", *arguments])
    assert main() == 2
    said = capfd.readouterr().err
    assert why in said and said.count("\n") == 1 and not list(tmp_path.iterdir())


def test_progress_is_shown_on_a_terminal_only(tmp_path: Path) -> None:
    quiet = io.StringIO()
    command.run(Settings(), Options(bots=("orb_ny",), last=at("2022-05-20T00:00Z")), tmp_path / "a", quiet)
    assert "%" in quiet.getvalue() and "\x1b" not in quiet.getvalue()


def test_command_leaves_nothing_when_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        command.run(Settings(), Options(bots=("nobody",)), tmp_path / "out", io.StringIO())
    assert not (tmp_path / "out").exists()


def test_run_that_cannot_begin_leaves_nothing(tmp_path: Path) -> None:
    out = io.StringIO()
    with pytest.raises(ConfigError, match="there is no bar from 2022-05-21T00:00Z"):
        first, last = at("2022-05-21T00:00Z"), at("2022-05-22T00:00Z")
        command.run(Settings(), Options(bots=("orb_ny",), first=first, last=last), tmp_path / "out", out)
    assert not (tmp_path / "out").exists()


# charts


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_are_few_round_and_inside(low: float, span: float) -> None:
    scale = chart.Scale(low, low + span)
    if scale.high == scale.low:
        return
    found = chart.ticks(scale)
    assert 1 <= len(found) <= 7
    assert all(low - span * 1e-6 <= tick <= scale.high + span * 1e-6 for tick in found)


def test_scale_of_many_times_is_logarithmic() -> None:
    scale = chart.scale_of([1.0, 40.0], may_be_log=True)
    assert scale.is_log and chart.growth_ticks(scale) == [1, 2, 5, 10, 20]
    assert scale.y(scale.high) == 0 and scale.y(scale.low) == 1000
    assert not chart.scale_of([1.0, 1.5], may_be_log=True).is_log


def test_space_between_two_lines_changes_its_side_where_they_cross() -> None:
    shape = chart.between([(0, 0), (100, 100)], [(0, 100), (100, 0)])
    assert shape.count("ahead") == 1 and shape.count("behind") == 1
    assert "50.0 50.0" in shape
    assert chart.between([(0, 5), (100, 5)], [(0, 5), (100, 5)]).count("path") <= 1
