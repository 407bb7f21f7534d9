"""When something must happen if nothing else does. Pure: the instants are given."""

from datetime import datetime
from heapq import heappop, heappush

Key = tuple[str, ...]


class Deadlines:
    """One instant a key; setting it again moves it. O(log n) each, cleared ones are dropped when they surface."""

    def __init__(self) -> None:
        self._at: dict[Key, datetime] = {}
        self._heap: list[tuple[datetime, Key]] = []

    def __repr__(self) -> str:
        return f"<Deadlines: {len(self._at)}, next {self.next()}>"

    def set(self, key: Key, at: datetime) -> None:
        """Arm a key for an instant."""
        if self._at.get(key) != at:
            self._at[key] = at
            heappush(self._heap, (at, key))

    def clear(self, key: Key) -> None:
        """Disarm a key, if it is armed."""
        self._at.pop(key, None)

    def next(self) -> datetime | None:
        """Return the earliest armed instant."""
        heap = self._heap
        while heap and self._at.get(heap[0][1]) != heap[0][0]:
            heappop(heap)
        return heap[0][0] if heap else None

    def due(self, now: datetime) -> list[Key]:
        """Return the armed keys whose instant has come, earliest first; they stay armed."""
        found: dict[Key, datetime] = {}
        while (at := self.next()) is not None and at <= now:
            _, key = heappop(self._heap)
            found[key] = at
            self._at.pop(key)  # out of sight of `next`, for a moment
        for key, at in found.items():
            self.set(key, at)
        return list(found)

    def is_due(self, key: Key, now: datetime) -> bool:
        """Tell whether a key is armed for an instant that has come."""
        at = self._at.get(key)
        return at is not None and at <= now

    def as_dict(self) -> dict[Key, datetime]:
        """Return what is armed, for comparing states."""
        return dict(self._at)
