"""Rebuild the state: the newest snapshot, then every entry after it."""

from typing import Protocol

from center import snapshot
from center.evolving import evolve
from center.ports import EventLog
from center.settings import CenterSettings
from center.state import State
from messages.events import Position


class Snapshots(Protocol):
    """Where snapshots are kept."""

    def save_snapshot(self, position: Position, data: bytes) -> None:
        """Keep a snapshot, whole or not at all."""

    def load_snapshot(self) -> tuple[Position, bytes] | None:
        """Return the newest whole snapshot."""


async def restore(log: EventLog, snapshots: Snapshots | None, settings: CenterSettings) -> State:
    """Return the state as of the log's last entry. Raises JournalError."""
    kept = snapshots.load_snapshot() if snapshots else None
    state = snapshot.decode(kept[1], settings) if kept else State(settings)
    while entries := await log.read(state.position):
        for entry in entries:
            evolve(state, entry)
    return state
