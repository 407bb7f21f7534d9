"""The state of the centre: everything it knows. `center.evolving.evolve` is the only thing that changes it."""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta

from agents.agent import Agent, Roster
from alerts.rule import Alert
from calendars.hours import Spell
from calendars.settings import Calendar
from calls.call import Call
from calls.callback import Callback
from calls.callback_line import CallbackLine
from calls.label import Label
from calls.operation import Operation
from center.deadlines import Deadlines
from center.settings import CenterSettings
from messages.events import DialledOut, Position, PreviewShown
from messages.ids import (
    AgentId,
    AlertId,
    CallbackId,
    CallId,
    ContactId,
    DutyId,
    LabelId,
    LegId,
    NodeId,
    OperationId,
    Phone,
    QueueId,
    RecordingId,
    SessionId,
)
from messages.values import AgentState, Reason
from queueing.line import Free, Line
from queueing.pace import Pace
from queueing.router import grouped
from queueing.settings import QueueSettings, Surge, Tenant
from queueing.surge import Burst
from recording.recording import Recording
from supervision.duty import Duty
from supervision.listening import Listening


class State:
    """Folding the journal's entries gives it again, exactly.

    `fresh_calls` and `fresh_agents`: who joined a line, or became free, since the last match: who must be asked.
    """

    def __init__(self, settings: CenterSettings) -> None:
        self.settings = settings
        self.queues: dict[QueueId, QueueSettings] = {queue.id: queue for queue in settings.queues}
        self.tenants: dict[str, Tenant] = {tenant.id: tenant for tenant in settings.tenants}
        self.calendars: dict[str, Calendar] = {calendar.id: calendar for calendar in settings.calendars}
        self.surge_settings: dict[str, Surge] = {surge.id: surge for surge in settings.surges}
        self.position = Position()
        self.nodes: dict[NodeId, bool] = {}
        self.calls: dict[CallId, Call] = {}
        self.ended: OrderedDict[CallId, None] = OrderedDict()
        self.confidential: OrderedDict[ContactId, None] = OrderedDict()
        """Contacts whose citizens asked for confidence; the oldest are forgotten, the database is not."""
        self.legs: dict[LegId, CallId] = {}
        self.roster = Roster(settings.agents)
        self.lines: dict[QueueId, Line] = {queue.id: Line(queue) for queue in settings.queues}
        self.paces: dict[QueueId, Pace] = {queue.id: Pace() for queue in settings.queues}
        self.closed: set[QueueId] = set()
        self.hours: dict[QueueId, Spell] = {}
        """What the queues' calendars said last, whatever was done by hand since."""
        self.deaf: set[Phone] = set()
        """Phones that do not answer Asterisk."""
        self.bursts: dict[tuple[str, str], Burst] = {}
        self.operations: dict[OperationId, Operation] = {}
        self.outbound: dict[LegId, DialledOut] = {}
        self.previews: dict[AgentId, PreviewShown] = {}
        self.callbacks: dict[CallbackId, Callback] = {}
        self.labels: dict[LabelId, Label] = {}
        """Those that are proposed or in force."""
        self.labelled: dict[tuple[str, str], LabelId] = {}
        """The one of them that a tenant's caller has."""
        self.duties: dict[DutyId, Duty] = {}
        """Those that are planned or go on."""
        self.on_duty: dict[AgentId, DutyId] = {}
        """The leaders and aides of those that go on."""
        self.unheard: dict[NodeId, datetime] = {}
        """Since when nodes are not heard."""
        self.alerts: dict[AlertId, Alert] = {}
        """Those that stand."""
        self.alerted: dict[tuple[str, str], AlertId] = {}
        """The one of them that a rule has raised for a queue or node."""
        self.owed: dict[tuple[str, str], CallbackId] = {}
        """The call back that a tenant owes a number."""
        self.due_callbacks = CallbackLine()
        """Those that are due and wait for their turn."""
        self.attempts: dict[OperationId, CallbackId] = {}
        """The calls back that an operation under way dials."""
        self.listening: dict[SessionId, Listening] = {}
        self.recordings: dict[RecordingId, Recording] = {}
        self.deadlines = Deadlines()
        self.fresh_calls: dict[CallId, None] = {}
        self.fresh_agents: dict[AgentId, None] = {}

    def __repr__(self) -> str:
        at = f"{self.position.epoch}-{self.position.seq}"
        return f"<State at {at}: {len(self.calls)} calls, {len(self.roster.by_id)} agents>"

    def queue_of(self, call: Call) -> QueueSettings:
        """Return the settings of the call's queue, the first queue's where it names none we know."""
        return self.queues.get(call.queue or QueueId(""), self.settings.queues[0])

    def line_of(self, queue: QueueId) -> Line:
        """Return a queue's line; one that the settings no longer name keeps its callers."""
        if (line := self.lines.get(queue)) is None:
            line = self.lines[queue] = Line(QueueSettings(id=queue))
        return line

    def lines_of(self, agent: Agent) -> Iterable[Line]:
        """Return the lines an agent serves; who is on duty may be asked for in any."""
        if agent.id in self.on_duty:
            return list(self.lines.values())
        return self._own_lines(agent)

    def _own_lines(self, agent: Agent) -> Iterable[Line]:
        return [self.lines[queue] for queue in agent.queues if queue in self.lines]

    def duty_of(self, call: Call) -> Duty | None:
        """Return the duty that a call is of, None once that is over."""
        duty = self.duties.get(call.duty or DutyId(""))
        return duty if duty and duty.started_at else None

    def tenant_of(self, queue: QueueId | None) -> str:
        """Return whose queue it is; empty for the city's own."""
        found = self.queues.get(queue or QueueId(""))
        return found.tenant if found else ""

    def tenants_of(self, call: Call) -> frozenset[str]:
        """Return the tenants that a live call is of: its line's, its queue's, its agents'."""
        known = (self.roster.by_id.get(leg.agent) for leg in call.legs.values() if leg.agent)
        queue = (self.tenant_of(call.queue),) if call.queue else ()
        return frozenset((call.tenant, *queue, *(agent.tenant if agent else "" for agent in known)))

    def is_confidential(self, *contacts: str | None) -> bool:
        """Tell whether one of these contacts is confidential."""
        return any(contact in self.confidential for contact in contacts)

    def attempt(self, operation: OperationId | None) -> Callback | None:
        """Return the call back that an operation under way dials."""
        return self.callbacks.get(self.attempts.get(operation or OperationId(""), CallbackId("")))

    def is_on_the_line(self, number: str) -> bool:
        """Tell whether a number is on the line with us, is dialled, or shown to an agent to dial."""
        for known in (self.calls, self.outbound, self.previews):
            if any(one.number == number for one in known.values()):
                return True
        return False

    def seated_agents(self) -> Iterable[Agent]:
        """Return the agents who are logged in."""
        return [agent for agent in self.roster.by_id.values() if agent.state is not AgentState.LOGGED_OUT]

    def keep_alert(self, alert: Alert) -> None:
        """Take in an alert that stands."""
        self.alerts[alert.id] = alert
        self.alerted[alert.rule, alert.key] = alert.id

    def enter_line(self, call: Call) -> None:
        """Give a call its place, and what time will do to it there."""
        if call.queue is None or call.place is None or call.joined_at is None:
            return
        line = self.line_of(call.queue)
        line.join(call.id, call.place, grouped(call.needs, call.asks))
        self.fresh_calls[call.id] = None
        relaxing = [
            need.wait_s for need in call.needs if need.wait_s is not None and (need.skill, need.level) in call.asks
        ]
        if relaxing:
            self.deadlines.set(("relax", call.id), call.joined_at + timedelta(seconds=min(relaxing)))
        if announcements := line.settings.announcements:
            call.announce_at = call.announce_at or call.joined_at + timedelta(seconds=announcements.first_s)
            self.deadlines.set(("announce", call.id), call.announce_at)
        if line.settings.max_wait_s is not None:
            self.deadlines.set(("wait", call.id), call.joined_at + timedelta(seconds=line.settings.max_wait_s))

    def leave_line(self, call: Call) -> None:
        """Take a call out of its line."""
        if call.queue is None or call.place is None:
            return
        self.line_of(call.queue).leave(call.id, call.place, grouped(call.needs, call.asks))
        self.fresh_calls.pop(call.id, None)
        self.deadlines.clear(("relax", call.id))
        self.deadlines.clear(("wait", call.id))
        self.deadlines.clear(("announce", call.id))

    def add_free(self, agent: Agent) -> None:
        """Count a ready agent among the free of their lines."""
        if agent.idle_since is None:
            return
        for line in self.lines_of(agent):
            line.add_free(
                Free(
                    agent=agent.id,
                    rank=agent.ranks.get(line.settings.id, 1),
                    skills=agent.skills,
                    idle_since=agent.idle_since,
                    answered=agent.answered,
                    offered_at=agent.offered_at,
                    reserved=line.settings.id not in agent.queues,
                )
            )
        self.fresh_agents[agent.id] = None

    def remove_free(self, agent: Agent) -> None:
        """Count an agent among the free no longer."""
        for line in self.lines_of(agent):
            line.remove_free(agent.id)
        self.fresh_agents.pop(agent.id, None)

    def staff(self, agent: Agent, by: int) -> None:
        """Count an agent who has logged in (1) or out (-1)."""
        for line in self._own_lines(agent):
            line.staff += by

    def deaf_reason(self, agent: Agent) -> Reason | None:
        """Return what of an agent's seat does not hear us, as a reason to be not ready; None where it hears."""
        if agent.phone in self.deaf:
            return Reason.DEAF_PHONE
        return Reason.DEAF_DESKTOP if agent.desktop is False else None
