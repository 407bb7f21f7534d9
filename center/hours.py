"""Hours: queues open and close by their calendar, or their tenant's; by hand until the calendar's next change."""

from calendars.hours import Spell, spell
from calendars.settings import ALWAYS, Calendar
from center.turn import Turn
from messages import events
from messages.ids import QueueId, UserId

CALENDAR = UserId("calendar")
"""Who opens and closes queues by their hours."""


def begin(turn: Turn) -> None:
    """See to what has changed while nobody looked: an hour that came, or the settings."""
    spells = {calendar.id: spell(calendar, turn.now) for calendar in turn.state.calendars.values()}
    for queue in turn.state.queues:
        calendar = _calendar_of(turn, queue)
        says = spells[calendar.id] if calendar else Spell(True)
        if says != turn.state.hours.get(queue, Spell(True)):
            change(turn, queue)


def change(turn: Turn, name: str) -> None:
    """A queue's calendar opens or closes it."""
    queue = QueueId(name)
    calendar = _calendar_of(turn, queue)
    says = spell(calendar, turn.now)
    whose = calendar.id if calendar else ALWAYS
    turn.record(events.QueueChanged(queue=queue, open=says.open, by=CALENDAR, calendar=whose, until=says.until))


def _calendar_of(turn: Turn, queue: QueueId) -> Calendar | None:
    """Return what a queue's hours are by: its own calendar, else its tenant's; None where it is always open."""
    settings, tenant = turn.state.queues.get(queue), turn.state.tenants.get(turn.state.tenant_of(queue))
    own = settings.calendar if settings else ""
    return turn.state.calendars.get(own or (tenant.calendar if tenant else ""))
