"""What SECURITY.md says is not protected, and where it ends."""

import ast
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from aion.store.document.action import AttachedAction

from .conftest import RunningDesk

PASSWORD = "a sentence that nobody guesses"
ROOT = Path(__file__).parents[2]
START = Callable[..., RunningDesk]
ORDERING = {
    "create_order",
    "submit_order",
    "place_order",
    "create_orders",
    "cancel_order",
    "withdraw",
}
"""What the libraries of brokers and exchanges call it."""


def test_desk_when_asked_by_tls_then_it_has_none(start_desk: START) -> None:
    desk = start_desk()
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    port = int(desk.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), 30) as plain, pytest.raises((ssl.SSLError, ConnectionError)):
        trusting.wrap_socket(plain)
    assert desk.get("/healthz").status_code == 200


def test_desk_without_a_password_when_anybody_of_the_machine_asks_then_it_is_an_admin(start_desk: START) -> None:
    session = start_desk().get("/api/session").json()
    assert session["role"] == "admin" and session["who"] == "local"


def test_admin_who_waits_behind_a_crowd_when_it_has_a_token_then_it_is_let_in(start_desk: START) -> None:
    desk = start_desk(password=PASSWORD)
    assert desk.app.desk.store is not None
    token = desk.app.desk.store.make_token("mine", "admin", 1, "command", "test")
    guesses = [desk.client.post("/api/session", json={"password": "no"}).status_code for _ in range(8)]
    assert guesses[-1] == 429
    assert desk.client.post("/api/session", json={"password": PASSWORD}).status_code == 429
    assert desk.get("/api/bots/page", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_code_when_searched_for_orders_to_a_broker_then_there_are_none() -> None:
    named = set()
    for path in (ROOT / "aion").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute):
                named.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                named |= {node.value} - set(get_args(AttachedAction))  # what another program is asked for by name
    assert named & ORDERING == set()
