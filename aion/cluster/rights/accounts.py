"""Who may do what on the servers: one account a machine, one for all desks, written as configuration of NATS.

Rights by subject alone would not do: whoever may ask anything names the subject that the answer goes to, and so lets
the server write where it may not write itself. An account is a world of its own: only what it exports leaves it.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from aion.cluster.answer import ask_subject
from aion.cluster.push import here_subject, list_subject, proof_subject, state_stream
from aion.cluster.shared import asked_stream

CLIENTS = 4222  # port of servers for their clients
ROUTES = 2000  # from the port of clients to that of the other servers: 4222 and 6222
MONITOR = 4000  # to that of the server's own figures, on loopback alone: 8222
MOST_PAYLOAD = 8 << 20  # bytes of a message
LOOPBACK = ("localhost", "127.0.0.1", "::1")
DESKS = "desks"
"""Account of all desks; that of a machine is `machine-<name>`."""


@dataclass(frozen=True, slots=True)
class Server:
    """One server as its clients reach it."""

    host: str
    """Name or address."""
    port: int = CLIENTS

    @property
    def name(self) -> str:
        """What it is called, and its folder."""
        host = self.host.replace(":", "-")
        return f"{host}-{self.port}" if self.port != CLIENTS else host

    @property
    def address(self) -> str:
        """Host and port as in URLs."""
        return f"{_bracketed(self.host)}:{self.port}"


_OF_MACHINE = re.compile(r"AION_(.+)_(?:STATE|ASKED)")

Kind = Literal["machine", "desk"]


@dataclass(frozen=True, slots=True)
class Certified:
    """A member of a cluster as servers know it."""

    name: str
    kind: Kind
    subject: str
    """Common name of the newest certificate; an older one is refused."""


def server_text(server: Server, servers: Sequence[Server]) -> str:
    """Return the configuration of one of `servers`, which is started in the folder of its files."""
    listens = _bracketed(server.host) if server.host in LOOPBACK else "0.0.0.0"  # noqa: S104 - who comes needs a key
    routes = "".join(
        f'    "tls://{_bracketed(each.host)}:{each.port + ROUTES}"\n' for each in servers if each != server
    )
    cluster = f"""
cluster {{
  name: aion
  listen: {json.dumps(f"{listens}:{server.port + ROUTES}")}
  tls {{ cert_file: "server.crt", key_file: "server.key", ca_file: "servers.crt", verify: true, timeout: 5 }}
  routes: [
{routes}  ]
}}
"""
    return f"""# Written by `aion cluster`. Start it in this folder: nats-server -c nats.conf
server_name: {json.dumps(server.name)}
listen: {json.dumps(f"{listens}:{server.port}")}
http: "127.0.0.1:{server.port + MONITOR}"
max_payload: {MOST_PAYLOAD}
max_pending: {MOST_PAYLOAD * 8}
ping_interval: "2s"
ping_max: 2
write_deadline: "5s"
jetstream {{ store_dir: "store" }}
tls {{ cert_file: "server.crt", key_file: "server.key", ca_file: "members.crt", verify_and_map: true, timeout: 5 }}
{cluster if len(servers) > 1 else ""}
include "members.conf"
"""


def members_text(members: Iterable[Certified]) -> str:
    """Return the part of the configuration that all servers share: accounts and what each may."""
    found = sorted(members, key=lambda each: (each.kind, each.name))
    machines = [each for each in found if each.kind == "machine"]
    desks = [each for each in found if each.kind == "desk"]
    accounts = "".join(_machine_account(each) for each in machines)
    users = ", ".join(f"{{ user: {json.dumps(f'CN={each.subject}')} }}" for each in desks)
    imports = "".join(_import(each.name) for each in machines)
    return f"""# Written by `aion cluster`, the same for all servers. After a change: nats-server --signal reload
accounts {{
{accounts}  {DESKS} {{
    jetstream: enabled
    users: [ {users} ]
    imports: [
{imports}    ]
  }}
}}
"""


def api_prefix(machine: str) -> str:
    """Return where desks reach the JetStream API of a machine's account."""
    return f"AION_{machine}_API"


def delivery_prefix(machine: str) -> str:
    """Return where a desk gets what it reads of a machine's streams."""
    return f"AION_{machine}_TO"


def machine_of(stream: str) -> str:
    """Return the machine in whose account `stream` is, an empty text for one of the desks' own."""
    found = _OF_MACHINE.fullmatch(stream)
    return found[1] if found is not None else ""


def _asked(machine: str) -> list[tuple[str, str]]:
    """Return what desks may ask in a machine's account: there, and as they say it."""
    found = []
    for stream in (state_stream(machine), asked_stream(machine)):
        for what in (f"STREAM.INFO.{stream}", f"CONSUMER.CREATE.{stream}.>", f"CONSUMER.DELETE.{stream}.*"):
            found.append((f"$JS.API.{what}", f"{api_prefix(machine)}.{what}"))
    for subject in (
        f"{asked_stream(machine)}.>",
        proof_subject(machine),
        list_subject(machine),
        ask_subject(machine),
    ):
        found.append((subject, subject))
    return found


def _told(machine: str) -> tuple[str, ...]:
    """Return the subjects that desks hear of a machine's account; its name is in each, so it speaks for no other."""
    return f"{delivery_prefix(machine)}.>", here_subject(machine)


def _machine_account(machine: Certified) -> str:
    exports = "".join(
        f"      {{ service: {json.dumps(there)}, response_type: stream, accounts: [{DESKS}] }}\n"
        for there, _ in _asked(machine.name)
    )
    exports += "".join(
        f"      {{ stream: {json.dumps(subject)}, accounts: [{DESKS}] }}\n" for subject in _told(machine.name)
    )
    return f"""  {json.dumps(f"machine-{machine.name}")} {{
    jetstream: enabled
    users: [ {{ user: {json.dumps(f"CN={machine.subject}")} }} ]
    exports: [
{exports}    ]
  }}
"""


def _import(machine: str) -> str:
    account = json.dumps(f"machine-{machine}")
    services = "".join(
        f"      {{ service: {{ account: {account}, subject: {json.dumps(there)} }}, to: {json.dumps(here)} }}\n"
        for there, here in _asked(machine)
    )
    streams = "".join(
        f"      {{ stream: {{ account: {account}, subject: {json.dumps(subject)} }} }}\n"
        for subject in _told(machine)
    )
    return services + streams


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
