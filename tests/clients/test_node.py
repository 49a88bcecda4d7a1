"""The client for Node: what ends its process costs nothing, and it shares names and files with the one for Python."""

import json
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aion_client import Bot, NameTakenError

from tests.clients.books import check_files, read_state
from tests.docs.text import ROOT

sys.path.insert(0, str(ROOT))

from hatch_build import FRONTEND, find_node

NODE, _ = find_node()
IMPORT = f'import {{ Bot, ClientError }} from "{(ROOT / "clients/js/src/index.js").as_uri()}";\n'
TRADER = """
import fs from "node:fs";
const bot = new Bot("mine", { start: 0, data: process.argv[1], batch: 0.01 });
let number = Number(process.argv[2]);
const trade = () => {
  for (let each = 0; each < 20; each += 1) {
    number += 1;
    if (bot.fill("A", "buy", 1, 1, { id: number })) fs.writeSync(1, `${number}\\n`);
  }
  setImmediate(trade);
};
trade();
"""


def run(code: str, *arguments: object) -> str:
    command = [NODE, "--input-type=module", "-e", IMPORT + code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_process_when_killed_then_no_fill_is_lost_and_python_goes_on(tmp_path: Path) -> None:
    chance = random.Random(7)
    said = 0
    for _ in range(4):
        command = [NODE, "--input-type=module", "-e", IMPORT + TRADER, str(tmp_path), str(said)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for _ in range(chance.randrange(1, 300)):
            said = int(process.stdout.readline())
        process.kill()
        rest, _ = process.communicate()
        said = int([str(said), *rest.split()][-1])
        with Bot("mine", data=tmp_path, strict=True) as bot:
            assert bot.account.fills in (said, said + 1) and bot.equity == 0
            said = bot.account.fills
        check_files(tmp_path)


def test_name_when_held_by_either_client_then_the_other_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = """
try { new Bot("mine", { data: process.argv[1] }); } catch (error) { console.log(error.name, error.message); }
"""
    with Bot("mine", data=tmp_path):
        assert "NameTakenError name='mine': process" in run(code, tmp_path)
    code = """
const bot = new Bot("mine", { data: process.argv[1] });
console.log("open");
process.stdin.on("data", () => bot.close()).on("end", () => process.exit(0));
"""
    command = [NODE, "--input-type=module", "-e", IMPORT + code, str(tmp_path)]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None and holder.stdout.readline() == b"open\n"
    monkeypatch.setattr("aion_client.keeper.LOCK_WAIT_S", 0.05)
    with pytest.raises(NameTakenError, match=f"process {holder.pid} reports under this name"):
        Bot("mine", data=tmp_path)
    holder.communicate()
    assert holder.returncode == 0
    Bot("mine", data=tmp_path).close()


def test_what_is_wrong_then_named_and_never_thrown_unless_asked(tmp_path: Path) -> None:
    code = """
const said = [];
const bot = new Bot("mine", { data: process.argv[1], start: 5, warn: (text) => said.push(text) });
const wrong = (bot) => [
  () => bot.fill("A", "buy", NaN, 1), () => bot.fill("A", "buy", 0, 1), () => bot.fill("A", "hodl", 1, 1),
  () => bot.fill("9988", "buy", 1, 1), () => bot.fill("A", "buy", 1, "x"),
  () => bot.fill("A", "buy", 1, 1, { at: "soon" }),
  () => bot.mark({ A: null }), () => bot.mark(3), () => bot.funding("A", {}), () => bot.deposit(Infinity),
];
const results = wrong(bot).map((call) => call());
bot.close();
const strict = new Bot("other", { data: process.argv[1], strict: true });
const thrown = wrong(strict).map((call) => {
  try { return call(); } catch (error) { return `${error.name}: ${error.message}`; }
});
console.log(JSON.stringify({ results, said, thrown, equity: bot.equity }));
"""
    found = json.loads(run(code, tmp_path))
    names = [
        "quantity=NaN", "quantity=0", 'side="hodl"', 'symbol="9988"', 'price="x"', 'at="soon"', "prices['A']=null",
        "prices=3", "amount=[object Object]", "amount=Infinity",
    ]  # fmt: skip
    assert found["results"] == [False] * len(names) and found["equity"] == 5
    for name, text in zip(names, found["thrown"], strict=True):
        assert text.startswith("ClientError: ") and name in text
    assert names[0] in found["said"][0]
    assert f"{len(names)} values not booked" in read_state(tmp_path)["note"]
    check_files(tmp_path)


def test_requests_when_asked_then_answered(tmp_path: Path) -> None:
    run('new Bot("mine", { data: process.argv[1] }).asks();', tmp_path)
    assert read_state(tmp_path)["control_id"] == ""
    folder = tmp_path / "control/mine"
    folder.mkdir(parents=True)
    names = [f"c{datetime.now(UTC) + timedelta(seconds=each):%Y%m%dT%H%M%S}-1" for each in (1, 2, 3)]
    for name, action in zip(names, ("flatten", "resume", "pause"), strict=True):
        about = {"schema": "aion/control/1", "id": name, "bot": "mine", "action": action, "reason": "lunch"}
        (folder / f"{name}.json").write_text(json.dumps(about))
    code = """
const bot = new Bot("mine", { data: process.argv[1] });
const asked = bot.asks().map((ask) => (ask.done(), ask.action));
console.log(JSON.stringify(asked), bot.isPaused, bot.asks().length);
"""
    assert run(code, tmp_path) == '["resume","pause"] true 0\n'
    state = read_state(tmp_path)
    assert state["state"] == "paused" and state["control_id"] == names[2]
    words = [state["control_answers"][name].split(":")[0] for name in names]
    assert words == ["superseded", "done", "done"]
    (folder / "kill.json").write_text("{")
    code = 'console.log(new Bot("mine", { data: process.argv[1] }).asks().map((ask) => (ask.done(), ask.action)));'
    assert run(code, tmp_path) == "[ 'kill' ]\n" and read_state(tmp_path)["state"] == "stopped"
    (folder / "kill.json").unlink()
    assert run(code, tmp_path) == "[ 'clear' ]\n" and read_state(tmp_path)["state"] == "paused"


def test_types_when_used_then_a_compiler_takes_right_calls_alone(tmp_path: Path) -> None:
    (tmp_path / "client.d.ts").write_text((ROOT / "clients/js/index.d.ts").read_text())
    program = tmp_path / "program.ts"
    program.write_text(
        """import { Bot } from "./client";
const bot = new Bot("mine", { currency: "USDT", start: 1000n, every: "1m" });
bot.fill("BTC/USDT", "sell", "0.05", 60000, { fee: -0.6, at: new Date() });
for (const ask of bot.asks()) ask.done();
// @ts-expect-error: no such side
bot.fill("BTC/USDT", "hodl", 1, 1);
// @ts-expect-error: no such mode
new Bot("mine", { mode: "real" });
"""
    )
    tsc = FRONTEND / "node_modules/typescript/bin/tsc"
    flags = ["--noEmit", "--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"]
    done = subprocess.run([NODE, str(tsc), *flags, str(program)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
