"""Calls back that are due, in the order in which they are made."""

from bisect import bisect_left, insort
from datetime import datetime

from calls.callback import Callback
from messages.ids import CallbackId, QueueId
from messages.values import Asker

Alike = tuple[QueueId, bool, Asker]
"""A queue, whether they have no place in its line, and who asks: where the first cannot be called, none can."""


class CallbackLine:
    """Sorted lists, one for all who are alike: by the place they kept, else by when they were due."""

    __slots__ = ("_where", "alike")

    def __init__(self) -> None:
        self.alike: dict[Alike, list[tuple[datetime, CallbackId]]] = {}
        self._where: dict[CallbackId, tuple[Alike, tuple[datetime, CallbackId]]] = {}

    def __repr__(self) -> str:
        return f"<CallbackLine: {len(self)} waiting>"

    def __len__(self) -> int:
        return len(self._where)

    def __contains__(self, name: CallbackId) -> bool:
        return name in self._where

    def join(self, callback: Callback) -> None:
        """Give a call back its place, or another one."""
        self.leave(callback.id)
        alike = callback.queue, callback.place is None, callback.asker
        item = callback.place or callback.due_at, callback.id
        self._where[callback.id] = alike, item
        insort(self.alike.setdefault(alike, []), item)

    def leave(self, name: CallbackId) -> None:
        """Take a call back out, if it is there."""
        alike, item = self._where.pop(name, (None, None))
        if alike is None or item is None:
            return
        items = self.alike[alike]
        del items[bisect_left(items, item)]
        if not items:
            del self.alike[alike]
