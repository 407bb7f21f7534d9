"""Notices: short messages to citizens, and alerts to whoever is on duty."""

from datetime import datetime
from enum import StrEnum

import msgspec

from messages.values import Direction


class NoticeKind(StrEnum):
    """What a notice is about."""

    MISSED = "missed"
    """We did not answer the citizen's call, and call back."""
    REQUESTED = "requested"
    """The call back that the citizen asked for is noted."""
    GAVE_UP = "gave_up"
    """We could not reach the citizen; they may call again."""
    SURVEY = "survey"
    """How satisfied the citizen was with the call."""
    ALERT = "alert"
    """Something that people on duty must know at once."""


class NoticeState(StrEnum):
    """How far a notice is."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    """The provider will not have it."""
    GIVEN_UP = "given_up"
    """No longer worth sending, or one too many; `answer` says why."""


OPEN = (NoticeState.QUEUED, NoticeState.SENDING)


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one number.

    `id`: the entry it follows from, its kind, and a count where there are several; the provider is given it too.
    `next_at`: when it is tried, or tried again; `answer`: what the provider said last, or why it was given up.
    `maybe_sent`: an attempt was cut off, or not answered in time: the citizen may have it already.
    """

    id: str
    kind: NoticeKind
    number: str
    text: str
    created_at: datetime
    next_at: datetime
    contact: str = ""
    callback: str = ""
    tenant: str = ""
    state: NoticeState = NoticeState.QUEUED
    attempts: int = 0
    answer: str = ""
    maybe_sent: bool = False
    sent_at: datetime | None = None


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of the contact or call back that an event is about."""

    number: str = ""
    tenant: str = ""
    contact: str = ""
    confidential: bool = False
    surveyed: bool = False
    """Whether the citizen has said by key how it was."""
    direction: Direction = Direction.IN
