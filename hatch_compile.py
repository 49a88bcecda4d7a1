"""Compiles the modules that a backtest spends its time in with mypyc: `python hatch_compile.py FOLDER`.

They are the plain sources of `aion/`, typed strictly, so a build without this behaves the same, only slower. What
takes values of anybody's making stays interpreted, because compiled code refuses a wrong type without saying whose
fault it was; strategies stay so too, because the limit on their time interrupts Python, not machine code.
"""

import os
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent
MODULES = (
    "aion/bot/account.py",
    "aion/bot/action_watch.py",
    "aion/bot/buy_and_hold.py",
    "aion/bot/halts.py",
    "aion/bot/intraday.py",
    "aion/bot/swing.py",
    "aion/clock.py",
    "aion/engine/backtest.py",
    "aion/engine/daytrading.py",
    "aion/engine/engine.py",
    "aion/engine/intake.py",
    "aion/engine/job.py",
    "aion/engine/swing_job.py",
    "aion/market/grid.py",
    "aion/market/jump.py",
    "aion/money.py",
    "aion/output/day_record.py",
    "aion/output/envelope.py",
    "aion/strategy/bar_history.py",
    "aion/strategy/builtin/session.py",
    "aion/trading/action/booking.py",
    "aion/trading/action/corporate.py",
    "aion/trading/bar_window.py",
    "aion/trading/book.py",
    "aion/trading/broker.py",
    "aion/trading/events.py",
    "aion/trading/execution.py",
    "aion/trading/fee.py",
    "aion/trading/holding.py",
    "aion/trading/order_check.py",
    "aion/trading/portfolio.py",
    "aion/trading/risk.py",
    "aion/trading/slippage.py",
    "aion/trading/working_order.py",
)
"""A class in one of them has no subclass outside of them: mypyc refuses that."""
# types are checked before each commit; of the packages that Aion needs only pydantic is there in a build of its own
CONFIG = "[mypy]\nplugins = pydantic.mypy\nignore_missing_imports = True\nfollow_imports = silent\n"


def compile_modules(folder: Path) -> None:
    """Put the compiled modules into `folder`, each at its path in the package, and what they share beside `aion/`.

    Raises:
        RuntimeError: there is no C compiler, or one failed.
    """
    compiler = os.environ.get("CC") or str(sysconfig.get_config_var("CC") or "cc")
    if shutil.which(compiler.split()[0]) is None:
        raise RuntimeError(
            f"compiling needs a C compiler, and there is no {compiler.split()[0]!r}: install gcc or clang"
        )
    from mypyc.build import mypycify  # noqa: PLC0415 - needed by those who compile alone
    from setuptools import Distribution  # noqa: PLC0415 - as above
    from setuptools.command.build_ext import build_ext  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory() as temporary:
        config = Path(temporary) / "mypy.ini"
        config.write_text(CONFIG, encoding="utf-8")
        extensions = mypycify(
            [f"--config-file={config}", f"--cache-dir={temporary}/cache", *MODULES],
            opt_level="2",
            debug_level="0",
            multi_file=True,
            group_name="aion",
            target_dir=temporary,
        )
        if os.name == "posix":  # else a processor that multiplies and adds in one step gives other last digits
            for each in extensions:
                each.extra_compile_args.append("-ffp-contract=off")
        command = build_ext(Distribution({"name": "aion", "ext_modules": extensions}))
        command.build_lib, command.build_temp = str(folder), temporary
        command.ensure_finalized()
        command.run()


if __name__ == "__main__":
    target = Path(sys.argv[1]).absolute()
    os.chdir(ROOT)  # the name of a module is made of its path from here
    try:
        compile_modules(target)
    except RuntimeError as failure:
        sys.exit(f"aion: {failure}")
