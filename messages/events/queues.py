"""Queues and surges."""

from datetime import datetime

from messages.events.event import Event
from messages.ids import QueueId, UserId


class QueueChanged(Event, frozen=True, kw_only=True, tag="queue.changed"):
    """A queue was opened or closed: by hand, or by its `calendar`, whose next change is at `until`."""

    queue: QueueId
    open: bool
    by: UserId
    reason: str = ""
    calendar: str = ""
    until: datetime | None = None


class SurgeStarted(Event, frozen=True, kw_only=True, tag="surge.started"):
    """So many calls of one area or DID came within a short time that they are handled as the settings say."""

    surge: str
    key: str
    calls: int


class SurgeEnded(Event, frozen=True, kw_only=True, tag="surge.ended"):
    """The burst is over; `deflected`: the callers who were told something instead of queued at once."""

    surge: str
    key: str
    deflected: int
