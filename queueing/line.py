"""Who waits in a queue, in order, and who is free to serve it, longest idle first."""

from bisect import bisect_left
from datetime import datetime
from typing import TypeVar

from messages.ids import AgentId, CallId, QueueId

Item = TypeVar("Item", CallId, AgentId)


class Line:
    """One queue's waiting calls by instant of joining, and its free agents by instant of becoming idle.

    Sorted lists: a place is found in O(log n) and taken by moving pointers, 40 kB at 5,000 waiting.
    """

    __slots__ = ("free", "queue", "waiting")

    def __init__(self, queue: QueueId) -> None:
        self.queue = queue
        self.waiting: list[tuple[datetime, CallId]] = []
        self.free: list[tuple[datetime, AgentId]] = []

    def __repr__(self) -> str:
        return f"<Line {self.queue}: {len(self.waiting)} waiting, {len(self.free)} free>"

    def join(self, call: CallId, since: datetime) -> None:
        """Give a call its place by the instant it first joined."""
        _insert(self.waiting, (since, call))

    def leave(self, call: CallId, since: datetime) -> None:
        """Take a call out, if it is there."""
        _remove(self.waiting, (since, call))

    def add_free(self, agent: AgentId, since: datetime) -> None:
        """Count an agent among the free."""
        _insert(self.free, (since, agent))

    def remove_free(self, agent: AgentId, since: datetime) -> None:
        """Count an agent among the free no longer."""
        _remove(self.free, (since, agent))

    def position(self, call: CallId, since: datetime) -> int:
        """Return a waiting call's place, 1 for the next; 0 if it does not wait."""
        at = bisect_left(self.waiting, (since, call))
        return at + 1 if at < len(self.waiting) and self.waiting[at][1] == call else 0


def _insert(items: list[tuple[datetime, Item]], item: tuple[datetime, Item]) -> None:
    at = bisect_left(items, item)
    if at == len(items) or items[at] != item:
        items.insert(at, item)


def _remove(items: list[tuple[datetime, Item]], item: tuple[datetime, Item]) -> None:
    at = bisect_left(items, item)
    if at < len(items) and items[at] == item:
        del items[at]
