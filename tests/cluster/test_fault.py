"""The short form of `python -m tests.cluster faults`: one machine, one desk, three servers."""

import socket
import ssl
from collections.abc import Iterator

import pytest

from aion.cluster.rights.accounts import ROUTES
from aion.cluster.rights.member import read_member
from tests.cluster.fault import BACK_S, FAULTS, HELD_S, LEADER_S, Site, play, play_leader, start
from tests.cluster.servers import servers

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with servers(tmp_path_factory.mktemp("cluster")) as made:
        found = start(made, 1)
        yield found
        found.end()


@pytest.mark.parametrize("name", ["publisher's link hangs", "all stores wiped"])
def test_desk_holds_what_it_has_and_is_verified_again_soon_after(site: Site, name: str) -> None:
    held_s, back_s = play(site, name)
    assert held_s < HELD_S
    assert back_s < FAULTS[name].back_s + 2 * FAULTS[name].start_s + BACK_S, "on a machine that runs other tests"
    assert site.first.seen.lies == []


def test_two_servers_go_on_when_the_leader_is_killed(site: Site) -> None:
    assert play_leader(site, "stream leader killed") < LEADER_S
    assert site.first.seen.lies == []


def test_member_cannot_pass_for_a_server(site: Site) -> None:
    """Between servers there are no rights: a certificate of a member must not open that port."""
    folder = site.servers.folder
    server = site.servers.servers[0]
    with pytest.raises(OSError, match=r"(?i)alert|reset|closed|EOF"):
        talk(server.port + ROUTES, read_member(folder / "members" / "d1").tls())
    own = ssl.create_default_context(cafile=str(folder / "authority" / "servers.crt"))
    own.load_cert_chain(*(folder / "servers" / server.name / f"server.{what}" for what in ("crt", "key")))
    assert talk(server.port + ROUTES, own).startswith(b"INFO")


def talk(port: int, tls: ssl.SSLContext) -> bytes:
    """Say hello to another server's port as a server would; return what it says inside TLS."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=10)
    with plain, tls.wrap_socket(plain, server_hostname="127.0.0.1") as safe:
        found = safe.recv(1 << 16)
        if not found:
            raise ConnectionResetError("closed")
        return found
