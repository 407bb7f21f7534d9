"""The centre: `apply(message, now) -> Outcome`. Pure and deterministic; the one place where things are decided.

What may come in is the table below. Facts never raise: what no longer fits is late or twice and changes nothing.
Requests that may not be are refused with an error of messages/errors.py, and then nothing has changed either.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from center import (
    alerts,
    arrivals,
    backfill,
    callbacks,
    control,
    duties,
    hearing,
    hours,
    labels,
    limits,
    nodes,
    notes,
    offers,
    operations,
    outbound,
    owed,
    queues,
    recalls,
    recordings,
    seats,
    spying,
    surveys,
    talks,
    waiting,
)
from center.evolving import evolve
from center.settings import CenterSettings
from center.state import State
from center.turn import Outcome, Turn
from messages import events, facts, requests
from messages.events import Entry, Position
from messages.facts import Fact
from messages.ids import CallId, LegId
from messages.requests import Request, Tick

Message = Fact | Request | Tick


class Center:
    """The single writer's brain."""

    def __init__(self, settings: CenterSettings, state: State | None = None) -> None:
        self.state = state or State(settings)
        self._look_at: datetime | None = None
        """When the figures are looked at next for alerts; no part of the state: whoever starts looks at once."""

    def __repr__(self) -> str:
        return f"<Center {self.state!r}>"

    def restore(self, entries: Iterable[Entry]) -> None:
        """Fold the journal. Raises JournalError if it has a gap."""
        for entry in entries:
            evolve(self.state, entry)

    def start(self, now: datetime) -> Outcome:
        """Begin the next epoch."""
        entry = Entry(self.state.position.epoch + 1, 1, now, events.CenterStarted())
        evolve(self.state, entry)
        turn = Turn(self.state, now)
        hours.begin(turn)
        self._look_at = now if self.state.settings.alerts or self.state.alerts else None
        return Outcome([entry, *turn.entries], [])

    def apply(self, message: Message, now: datetime) -> Outcome:
        """Decide on one message at an instant (UTC). Raises Refused for a request that may not be."""
        turn = Turn(self.state, now)
        _DECIDE[type(message)](turn, message)
        queues.follow_up(turn)
        offers.match(turn, recalls.takes)
        operations.settle(turn)
        callbacks.follow_up(turn)
        recalls.match(turn)
        hearing.follow_up(turn)
        seats.mirror(turn)
        if self._look_at is not None and now >= self._look_at:
            alerts.look(turn)
            self._look_at = now + alerts.LOOK
        return Outcome(turn.entries, turn.commands, turn.id, turn.operation)

    def next_deadline(self) -> datetime | None:
        """Return when a Tick is due, None if nothing is."""
        due = (self.state.deadlines.next(), self._look_at)
        return min((at for at in due if at is not None), default=None)

    @property
    def position(self) -> Position:
        """The place of the newest entry."""
        return self.state.position


def _ring_over(turn: Turn, call_id: str, leg: str) -> None:
    call = turn.state.calls[CallId(call_id)]
    offers.ring_deadline(turn, call, call.legs[LegId(leg)])


_DEADLINES: dict[str, Callable[..., None]] = {
    "ring": _ring_over,
    "wrap_up": talks.wrap_up_over,
    "relax": limits.relax,
    "wait": limits.waited_too_long,
    "announce": waiting.announce,
    "hours": hours.change,
    "park": arrivals.park_over,
    "vanished": backfill.unexplained,
    "surge": arrivals.surge_over,
    "operation": operations.too_late,
    "dial": operations.dial_deadline,
    "preview": outbound.preview_over,
    "callback": recalls.due,
    "label": labels.expired,
    "duty": duties.due,
    "listening": spying.due,
    "pause": recordings.pause_over,
}


def _tick(turn: Turn, message: Tick) -> None:
    """See to what is due; one that something before it has settled is due no longer."""
    for key in turn.state.deadlines.due(turn.now):
        if turn.state.deadlines.is_due(key, turn.now):
            _DEADLINES[key[0]](turn, *key[1:])


_DECIDE: dict[type[Message], Callable[[Turn, Any], None]] = {
    Tick: _tick,
    facts.CallArrived: arrivals.arrived,
    facts.CitizenReached: arrivals.reached,
    facts.CallQueued: arrivals.queued,
    facts.CallLeftQueue: arrivals.left_queue,
    facts.CallMissing: arrivals.missing,
    facts.LegRinging: offers.ringing,
    facts.LegAnswered: talks.answered,
    facts.LegHeld: talks.held,
    facts.LegResumed: talks.resumed,
    facts.LegTransferred: talks.transferred,
    facts.LegConsulted: talks.consulted,
    facts.LegEnded: talks.ended,
    facts.DialReturned: talks.dial_returned,
    facts.CallbackWanted: waiting.callback_wanted,
    facts.SurveyAsked: surveys.asked,
    facts.SurveyAnswered: surveys.answered,
    facts.FlowEnded: arrivals.flow_ended,
    facts.MessageLeft: owed.message_left,
    facts.OperationReported: operations.reported,
    facts.PhoneSeen: seats.phone_seen,
    facts.DesktopSeen: seats.desktop_seen,
    facts.CallHungUp: talks.hung_up,
    facts.CallsLost: nodes.calls_lost,
    facts.SpyStarted: hearing.started,
    facts.SpySwitched: hearing.switched,
    facts.SpyStopped: hearing.stopped,
    facts.RecordingStarted: recordings.started,
    facts.RecordingStopped: recordings.stopped,
    facts.RecordingPaused: recordings.paused,
    facts.NodeUp: nodes.up,
    facts.NodeDown: nodes.down,
    facts.LogsRead: backfill.logs_read,
    requests.LogIn: seats.log_in,
    requests.LogOut: seats.log_out,
    requests.GoReady: seats.go_ready,
    requests.GoNotReady: seats.go_not_ready,
    requests.ForceState: seats.force,
    requests.ExtendWrapUp: seats.extend_wrap_up,
    requests.OpenQueue: queues.open_queue,
    requests.ControlCall: control.control,
    requests.DialOut: outbound.dial_out,
    requests.AnswerPreview: outbound.answer_preview,
    requests.AskCallback: callbacks.ask,
    requests.AskRevisit: callbacks.ask_revisit,
    requests.AnswerRevisit: callbacks.answer_revisit,
    requests.DialCallback: callbacks.dial,
    requests.CloseCallback: callbacks.close,
    requests.ProposeLabel: labels.propose,
    requests.ApproveLabel: labels.approve,
    requests.RefuseLabel: labels.refuse,
    requests.RevokeLabel: labels.revoke,
    requests.TakeMissedCall: owed.take_missed,
    requests.TakeBackfill: backfill.take,
    requests.PlanDuty: duties.plan,
    requests.ChangeDuty: duties.change,
    requests.EndDuty: duties.end,
    requests.StartListening: spying.start,
    requests.SwitchListening: spying.switch,
    requests.StopListening: spying.stop,
    requests.DecideListening: spying.decide,
    requests.WriteListeningNote: spying.note,
    requests.LinkCase: notes.link,
    requests.NoteContact: notes.note_contact,
    requests.ReportCase: notes.report_case,
    requests.MarkConfidential: notes.mark_confidential,
    requests.WriteWrapUp: notes.wrap_up,
}
