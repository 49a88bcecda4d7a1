"""The long run of `python -m tests.live.soak`, short; and that it would see a stale answer."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from .soak import WAYS, Target, soak, target


@pytest.mark.parametrize("way", [way for way in WAYS if way in ("desk", "tick")])
def test_get_after_a_write_of_another_process_is_never_stale(way: str, tmp_path: Path) -> None:
    with target(way, tmp_path) as found:
        outcome = soak(found, 300)
    assert outcome.stale == 0 and outcome.other_gets > 0


def test_soak_when_a_server_keeps_an_answer_then_it_counts_stale_ones(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    kept: list[bytes] = []

    class Keeping(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if len(kept) % 3 == 0 and file.exists():
                body = json.dumps({"a": json.loads(file.read_text())}).encode()
            else:
                body = kept[-1] if kept else b'{"a": {"n": 0}}'
            kept.append(body)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Keeping) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        outcome = soak(Target(server.server_port, file, '{"n": "NUMBER"}', "/", "a/n"), 60)
        server.shutdown()
        thread.join()
    assert outcome.stale > 0
