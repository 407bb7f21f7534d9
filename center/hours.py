"""Hours: queues open and close by their calendar, or their tenant's; by hand until the calendar's next change."""

from calendars.hours import is_open, next_change
from calendars.settings import Calendar
from center.turn import Turn
from messages import events
from messages.ids import QueueId, UserId
from queueing.settings import QueueSettings

CALENDAR = UserId("calendar")
"""Who opens and closes queues by their hours."""


def calendar_of(turn: Turn, queue: QueueSettings) -> Calendar | None:
    """Return what a queue's hours are by: its own calendar, else its tenant's; None where it is always open."""
    tenant = turn.state.tenants.get(queue.tenant)
    return turn.state.calendars.get(queue.calendar or (tenant.calendar if tenant else ""))


def begin(turn: Turn) -> None:
    """See to what has changed while nobody looked: an hour that came, or the settings."""
    for queue in turn.state.settings.queues:
        armed, calendar = turn.state.deadlines.at(("hours", queue.id)), calendar_of(turn, queue)
        if calendar is None:
            if armed is not None:
                _set(turn, queue.id, None)
        elif armed is None or armed != next_change(calendar, turn.now):
            _set(turn, queue.id, calendar)


def change(turn: Turn, name: str) -> None:
    """A queue's calendar opens or closes it."""
    queue = turn.state.queues.get(QueueId(name))
    _set(turn, QueueId(name), calendar_of(turn, queue) if queue else None)


def _set(turn: Turn, queue: QueueId, calendar: Calendar | None) -> None:
    open_ = is_open(calendar, turn.now) if calendar else True
    until = next_change(calendar, turn.now) if calendar else None
    reason = calendar.id if calendar else ""
    turn.record(events.QueueChanged(queue=queue, open=open_, by=CALENDAR, reason=reason, until=until))
