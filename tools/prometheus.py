"""Let a real Prometheus scrape a desk, and ask it all that the dashboard and the rules ask: `make prometheus`.

Starts `aion up` over the recorded feed with a login, and Prometheus with the token and the rules that the documents
name. Ends with 1 where a target is down, promtool finds fault, or a question has no answer.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

if __package__:
    from tools.package import install
else:
    from package import install

ROOT = Path(__file__).parents[1]
AION = Path(sys.executable).parent / "aion"
RULES = ROOT / "deploy" / "prometheus-rules.yml"
DASHBOARD = ROOT / "deploy" / "grafana.json"
SCRAPES = 4
EMPTY = re.compile(r"aion_machine_|aion_bot_win_ratio|> 0$")
"""Questions that a sound desk whose bots run beside it answers with nothing."""
PATIENCE_S = 90.0


def main() -> int:
    """Scrape, ask, and print a line for each question."""
    if shutil.which("prometheus") is None or shutil.which("promtool") is None:
        install("prometheus")
    if shutil.which("prometheus") is None:
        sys.stderr.write("aion: this needs prometheus and promtool: install the package prometheus\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="aion-prometheus-") as folder:
        return check(Path(folder))


def check(folder: Path) -> int:
    """Run all of it in `folder`; return the exit status."""
    port, listens = free_port(), free_port()
    token = folder / "aion.token"
    environment = os.environ | {"AION_PASSWORD": "a password for this run", "AION_DATA": str(folder / "data")}
    made = subprocess.run([AION, "token", "make", "prometheus"], env=environment, check=True, capture_output=True)
    token.write_text(made.stdout.decode().split()[-1])
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [
            {
                "job_name": "aion",
                "authorization": {"credentials_file": str(token)},
                "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
            }
        ],
    }
    file = folder / "prometheus.json"  # JSON is YAML
    file.write_text(json.dumps(config))
    subprocess.run(["promtool", "check", "config", str(file)], check=True)
    desk = [str(AION), "up", "--feed", "recorded", "--speed", "60", "--port", str(port)]
    server = [
        "prometheus", f"--config.file={file}", f"--storage.tsdb.path={folder / 'store'}",
        f"--web.listen-address=127.0.0.1:{listens}",
    ]  # fmt: skip
    with (
        running(desk, folder / "desk.log", environment),
        running(server, folder / "prometheus.log", dict(os.environ)),
    ):
        url = f"http://127.0.0.1:{listens}"
        wait_for(url, f'count_over_time(aion_bot_equity{{bot="swing_1w"}}[1m]) >= {SCRAPES}')
        checked = subprocess.run(
            ["promtool", "check", "metrics"], input=scrape(port, token.read_text()), capture_output=True, check=False
        )
        print(checked.stdout.decode() + checked.stderr.decode() or "promtool check metrics: nothing to say")
        return 1 if ask_all(url) or checked.returncode else 0


def ask_all(url: str) -> int:
    """Ask all questions of dashboard and rules; return how many have no answer."""
    dashboard = json.loads(DASHBOARD.read_text())
    choices = {each["name"]: ".*" for each in dashboard["templating"]["list"] if each["type"] == "query"}
    failed = 0
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            question = re.sub(r"\$(\w+)", lambda found: choices[found[1]], target["expr"])
            series = len(ask(url, question))
            is_missing = not series and EMPTY.search(question) is None
            failed += is_missing
            print(f"{'NONE' if is_missing else series:>5} {panel['title']}: {question}")
    groups = get(f"{url}/api/v1/rules")["data"]["groups"]
    for rule in [each for group in groups for each in group["rules"]]:
        failed += rule["health"] != "ok"
        print(f"{rule['health']:>5} rule {rule['name']}, {rule.get('state', 'recorded')}")
    return failed


def ask(url: str, question: str) -> list[Any]:
    """Return the series that Prometheus has as answer."""
    found = get(f"{url}/api/v1/query?{urllib.parse.urlencode({'query': question})}")
    return list(found["data"]["result"])


def wait_for(url: str, question: str) -> None:
    """Wait until a question has an answer."""
    end_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            if ask(url, question):
                return
        except (urllib.error.URLError, ConnectionError):
            pass
        if time.monotonic() > end_s:
            raise SystemExit(f"aion: no answer to {question} within {PATIENCE_S:g} s; {url}/targets says why")
        time.sleep(0.5)


def get(url: str) -> Any:
    """Return the JSON behind a URL."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def scrape(port: int, token: str) -> bytes:
    """Return what the desk tells."""
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return bytes(answer.read())


@contextmanager
def running(command: list[str], log: Path, environment: dict[str, str]) -> Iterator[None]:
    """Run a process inside, its output in `log`."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    raise SystemExit(main())
