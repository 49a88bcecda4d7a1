"""What a desk knows of the machines whose bots it shows: how long ago each was heard of, and what its relay says."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from aion.errors import StateError
from aion.store.document.base import made
from aion.store.file import read_json
from aion.store.layout import MACHINES
from aion.store.machine import RELAY_REPORT
from aion.web.desk import Desk
from aion.web.status.document import MachineState

CARRIES = "running"
"""State of a relay that has nothing to say."""
SKEW_S = 2.0
"""Offset of a clock from which on it is said: times that are compared with this machine's are wrong by it."""


def machine_states(desk: Desk) -> dict[str, MachineState] | None:
    """Return the state of each machine by its name; None for a desk that has no other."""
    proofs = desk.proofs.read()
    found = {name: _state_of(desk, name) for name in desk.proofs.machines if name in proofs}
    for name, why in desk.proofs.wrong.items():
        said = f"{MACHINES}/{name} {why}" if name else f"{MACHINES}/ {why}"
        found[name or MACHINES] = made(MachineState)(held=True, bots=0, sentence=said)
    return found or None


def _state_of(desk: Desk, machine: str) -> MachineState:
    proof = desk.proofs.read()[machine]
    folder = desk.folders.of_machine(machine)
    state = made(MachineState)(
        held=proof.is_held,
        proved_age_s=round(proof.age_s, 3) if proof.age_s is not None else None,
        limit_s=proof.limit_s,
        bots=len({place.bot for place in folder.layout.states()}),
    )
    _report(folder.layout.root / RELAY_REPORT, state)
    _, at = desk.proofs.held_since(machine)
    said = [desk.proofs.problem_of(machine), "" if state.relay == CARRIES else state.relay or ""]
    if state.clock_offset_s is not None and abs(state.clock_offset_s) > SKEW_S:
        way = "ahead of" if state.clock_offset_s > 0 else "behind"
        said.append(f"its clock is {abs(state.clock_offset_s):.1f} s {way} this machine's")
    if proof.is_held:
        since = f"not heard of since {at:%H:%M:%S} UTC" if at is not None else "not heard of since this desk started"
        said.insert(0, since)
    state.sentence = "; ".join(each for each in said if each)
    return state


def _report(path: Path, state: MachineState) -> None:
    """Add what the relay of a machine said last; nothing where another program feeds its folder."""
    with suppress(FileNotFoundError, StateError, KeyError, TypeError, ValueError):
        said, _ = read_json(path)
        state.relay = str(said["said"])[:2000] or CARRIES
        state.relay_at = datetime.fromtimestamp(float(said["at"]), UTC)
        for name in ("clock_offset_s", "round_trip_s", "lag_s"):
            if name in said:
                setattr(state, name, float(said[name]))
