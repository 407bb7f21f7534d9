"""Recordings."""

from datetime import datetime

from messages.events.event import Event
from messages.ids import CallId, ContactId, LegId, RecordingId


class RecordingEvent(Event, frozen=True, kw_only=True):
    """About one leg's recording, as Asterisk reported it."""

    recording: RecordingId
    contact: ContactId
    call: CallId
    leg: LegId
    occurred: datetime


class RecordingStarted(RecordingEvent, frozen=True, kw_only=True, tag="recording.started"):
    """Asterisk records."""


class RecordingStopped(RecordingEvent, frozen=True, kw_only=True, tag="recording.stopped"):
    """The file is complete; `failed` says why there is none."""

    failed: str = ""
