"""One client's subscription, without a socket: what it is sent, in what order, and how much may wait. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec

from api import rights
from api.stream.ops import Subscribe
from messages.codec import KINDS
from messages.errors import Invalid
from messages.events import Entry, Event, Position
from messages.principal import Principal

NAMES = {name: kind for kind, name in KINDS.items()}


class Waiting(msgspec.Struct, frozen=True):
    """An event that waits to be sent; `sent` is called once it has been handed to the connection, or never will be."""

    entry: Entry
    tail: bytes
    sent: Callable[[], None] | None = None

    def done(self) -> None:
        """Tell that it has left, or is dropped."""
        if self.sent is not None:
            self.sent()


class Subscription:
    """Filters by kind, scope and right; keeps `prev`; bounds the backlog.

    `lagging` is set when the bound was reached: the backlog is dropped and the client is to get a fresh snapshot.
    """

    def __init__(
        self, principal: Principal, wish: Subscribe, start: Position, backlog: int, scope: rights.Scope
    ) -> None:
        unknown = [kind for kind in wish.kinds if kind not in NAMES]
        if unknown:
            raise Invalid(f"kinds: {', '.join(unknown)} unknown; known are {', '.join(sorted(NAMES))}")
        self.principal = principal
        self.wish = wish
        self.position = start
        """Events up to here are known to the client, or are not for it."""
        self.prev = start
        self.lagging = False
        self.dropped = 0
        self._kinds = frozenset(NAMES[kind] for kind in wish.kinds)
        self._whole = rights.kinds_seen(principal)
        self._scope = scope
        self._waiting: deque[Waiting] = deque()
        self._backlog = backlog

    def __repr__(self) -> str:
        return f"<Subscription of {self.principal.user} at {self.position}: {len(self._waiting)} waiting>"

    def wants(self, event: Event) -> bool:
        """Tell whether an event is asked for and may be seen."""
        if self._kinds and type(event) not in self._kinds:
            return False
        wish = self.wish
        for names, field in ((wish.agents, "agent"), (wish.queues, "queue"), (wish.calls, "call")):
            if names and getattr(event, field, None) not in names:
                return False
        return self._scope.may_see(event, self.principal, self._whole)

    def frame(self, entry: Entry, tail: bytes, *, replayed: bool = False) -> bytes:
        """Return an event's message and move `prev` on. `tail`: what all who see it alike share."""
        head = (
            f'{{"op":"event","epoch":{entry.epoch},"seq":{entry.seq},'
            f'"prev_epoch":{self.prev.epoch},"prev":{self.prev.seq},'
        )
        self.prev = self.position = entry.position
        return head.encode() + tail + (b',"replayed":true}' if replayed else b"}")

    def put(self, waiting: Waiting) -> None:
        """Let an event wait for the connection; past the bound everything waiting is dropped."""
        if self.lagging:
            self._drop(waiting)
            return
        self._waiting.append(waiting)
        if len(self._waiting) > self._backlog:
            self.lagging = True
            self.clear()

    def take(self, most: int) -> list[Waiting]:
        """Return the next events to send; what a snapshot or a replay has covered is left out."""
        taken: list[Waiting] = []
        while self._waiting and len(taken) < most:
            waiting = self._waiting.popleft()
            if waiting.entry.position > self.position:
                taken.append(waiting)
            else:
                waiting.done()
        return taken

    def clear(self) -> None:
        """Drop everything that waits."""
        while self._waiting:
            self._drop(self._waiting.popleft())

    def restart(self, position: Position) -> None:
        """The client gets a snapshot of this position: go on from there."""
        self.lagging = False
        self.prev = self.position = position

    def rejoin(self) -> Position:
        """The client is to be sent what was dropped: return from where."""
        self.lagging = False
        return self.position

    def covered(self, position: Position) -> None:
        """Everything up to here has been replayed, or was not for this client."""
        self.position = max(self.position, position)

    def _drop(self, waiting: Waiting) -> None:
        self.dropped += 1
        waiting.done()
