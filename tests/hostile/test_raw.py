"""The short part of the raw flood, `python -m tests.hostile --requests 100000` is the long one."""

import socket
import struct
from pathlib import Path

import pytest

from tests.fault.desk import until

from .raw import check, desk, log_files


@pytest.mark.timeout(600)
def test_desk_when_flooded_by_anybody_then_never_a_500_and_nothing_grows(tmp_path: Path) -> None:
    assert "x 200" in check(tmp_path, 1_500)


@pytest.mark.timeout(300)
def test_clients_when_they_hang_up_within_a_body_then_it_is_counted_and_the_log_stays_short(tmp_path: Path) -> None:
    with desk(tmp_path) as (aion, credentials):
        admin = credentials["token of a admin"].partition(": ")[2]
        for number in range(200):
            with socket.create_connection(("127.0.0.1", aion.port), timeout=30) as link:
                link.sendall(b"POST /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 50\r\n\r\n{")
                if number % 2:
                    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        until(
            "the clients that hung up are not counted",
            lambda: 'aion_turned_away_total{why="hung up"}' in aion.get("/metrics", authorization=admin).text,
        )
    text = "".join(path.read_text() for path in log_files(tmp_path))
    assert "Traceback" not in text and '"level":"error"' not in text and len(text) < 5_000, text[-2_000:]
