"""Conditional requests and negotiation as pure functions."""

import gzip
import json

import pytest

from aion.live.snapshot import accepts_gzip, content_tag, encode, make_snapshot, matches, parse_have

TAG = 'W/"abc"'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('W/"abc"', True),
        ('"abc"', True),
        ('W/"x", W/"abc"', True),
        ('"x","abc"', True),
        ("*", True),
        (" * ", True),
        ('W/"ab"', False),
        ("abc", False),
        ("", False),
        ('"abc', False),
    ],
)
def test_matches_weak_comparison_of_lists(value: str, expected: bool) -> None:
    assert matches(value, TAG) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("*", True),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("br", False),
        ("", False),
        ("GZIP", True),
    ],
)
def test_accepts_gzip_by_weight(value: str, expected: bool) -> None:
    assert accepts_gzip(value) is expected


def test_snapshot_body_gzip_and_frames_hold_the_same() -> None:
    payload = encode({"a": [1, 2], "b": "x"})
    snapshot = make_snapshot("bots", payload, content_tag(payload), 7)
    assert json.loads(snapshot.body) == {"version": 7, "etag": snapshot.etag, "a": [1, 2], "b": "x"}
    assert gzip.decompress(snapshot.gzip) == snapshot.body
    assert snapshot.body in snapshot.identity_frame


def test_snapshot_of_nothing_is_valid_json() -> None:
    snapshot = make_snapshot("bots", b"{}", content_tag(b"{}"), 1)
    assert json.loads(snapshot.body) == {"version": 1, "etag": snapshot.etag}


def test_content_tag_depends_on_content_alone() -> None:
    assert content_tag(b"x") == content_tag(b"x") != content_tag(b"y")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('bots:W/"a"', {"bots": 'W/"a"'}),
        ('bots:W/"a",logs:W/"b"', {"bots": 'W/"a"', "logs": 'W/"b"'}),
        ("nosuch:x,,bots", {}),
        ("x" * 100_000, {}),
    ],
)
def test_parse_have_takes_what_makes_sense(value: str, expected: dict[str, str]) -> None:
    assert parse_have(value, ("bots", "logs")) == expected
