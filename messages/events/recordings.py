"""Recordings."""

from datetime import datetime

from messages.events.event import Event
from messages.ids import AgentId, CallId, ContactId, LegId, QueueId, RecordingId, UserId


class RecordingEvent(Event, frozen=True, kw_only=True):
    """About one leg's recording, as Asterisk reported it."""

    recording: RecordingId
    contact: ContactId
    call: CallId
    leg: LegId
    occurred: datetime
    agent: AgentId | None = None
    queue: QueueId | None = None


class RecordingStarted(RecordingEvent, frozen=True, kw_only=True, tag="recording.started"):
    """Asterisk records."""


class RecordingStopped(RecordingEvent, frozen=True, kw_only=True, tag="recording.stopped"):
    """The file is complete; `failed` says why there is none."""

    failed: str = ""


class RecordingPaused(RecordingEvent, frozen=True, kw_only=True, tag="recording.paused"):
    """Asterisk records silence: what is said now is not for keeping. At `until` that ends by itself."""

    until: datetime
    by: UserId | None = None


class RecordingResumed(RecordingEvent, frozen=True, kw_only=True, tag="recording.resumed"):
    """Asterisk records what is said again; `by` is empty where the pause had lasted as long as it may."""

    by: UserId | None = None
