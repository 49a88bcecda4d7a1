"""Databases on servers: what cannot be read is said in a sentence. The servers themselves: docs/attach.md."""

import pytest

from aion.adapter.freqtrade_server import is_rounded, read_url
from aion.errors import ConfigError
from tests.bot.desk import WALL


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://me@127.0.0.1:1/ft", r"the database at 127\.0\.0\.1 cannot be read: .*Connection refused"),
        ("mysql://me@127.0.0.1:1/ft", r"the database at 127\.0\.0\.1 cannot be read: .*Connection refused"),
        ("mariadb://me@127.0.0.1:1/ft", r"the database at 127\.0\.0\.1 cannot be read"),
        ("oracle://me@127.0.0.1/ft", "is of oracle: use one of postgresql, mysql, mariadb"),
        ("sqlite:///trades.sqlite", "is a file: give its path without sqlite://"),
        ("no address", "'no address' is no URL such as postgresql"),
    ],
)
def test_server_that_cannot_be_read_is_named_with_the_reason(url: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as caught:
        read_url(url, "a-password", WALL)
    assert "a-password" not in str(caught.value)


def test_mysql_keeps_six_digits() -> None:
    assert is_rounded("mysql://x") and is_rounded("mariadb+pymysql://x") and not is_rounded("postgresql://x")
