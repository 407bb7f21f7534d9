"""What stands in requests and answers, beside the views of live things."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from api.queue_views import QueueView
from api.views import AgentView, CallView, SurgeView
from messages.errors import Invalid
from messages.ids import AgentId
from messages.values import AgentState, ContactOutcome

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Text = Annotated[str, msgspec.Meta(max_length=4000)]
Short = Annotated[str, msgspec.Meta(max_length=64)]


class LogInBody(msgspec.Struct, frozen=True, kw_only=True):
    """A person's log-in."""

    user: Id
    password: Annotated[str, msgspec.Meta(max_length=1000)]
    code: Short = ""
    """Of the authenticator app, or a recovery code, where the answer without it was `totp_required`."""


class SessionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A token to send as `Authorization: Bearer …` until `expires_at`.

    `must`: what it is good for only, `change_password` or `enrol_totp`; empty: for all that the roles may.
    """

    token: str
    expires_at: datetime
    user: str
    name: str
    roles: tuple[str, ...]
    agent: str | None
    tenant: str
    must: str = ""


class AgentStateBody(msgspec.Struct, frozen=True, kw_only=True):
    """The state to go to. From logged_out the seat is taken first: at `phone`, else that of `seat`, else the usual one.

    For somebody else's state a `reason` is required, and a seat is not taken.
    """

    state: Literal["ready", "not_ready", "logged_out"]
    reason: Text = ""
    phone: Short = ""
    seat: Short = ""


class WrapUpExtensionBody(msgspec.Struct, frozen=True, kw_only=True):
    """How many seconds longer to wrap up, up to the queue's maximum."""

    seconds: Annotated[float, msgspec.Meta(gt=0, le=3600)]


class PreviewBody(msgspec.Struct, frozen=True, kw_only=True):
    """Whether to dial the number that is shown, or to decline it."""

    dial: bool


class OpenBody(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the queue takes calls, and why that changes; those who wait in it stay."""

    open: bool
    reason: Text = ""


class CaseBody(msgspec.Struct, frozen=True, kw_only=True):
    """What the case system knows of a case."""

    valid: bool | None = None
    category: Text = ""
    area: Text = ""
    summary: Text = ""


class WrapUpBody(msgspec.Struct, frozen=True, kw_only=True):
    """The agent's code and note."""

    code: Text
    note: Text = ""


class LookupBody(msgspec.Struct, frozen=True, kw_only=True):
    """A number to look up; it never stands in an address."""

    number: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class LookupAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a number: its newest contacts, their cases, and whether it called before."""

    recent_contacts: list[dict[str, Any]]
    cases: list[str]
    repeat: bool


class ContactsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which contacts, by arrival in [from, to); `cursor` is the `next` of the page before."""

    since: datetime | None = msgspec.field(name="from", default=None)
    until: datetime | None = msgspec.field(name="to", default=None)
    queue: str | None = None
    agent: str | None = None
    outcome: ContactOutcome | None = None
    case_no: str | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=200)] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100


class ContactsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A page; `next` is null at the end."""

    items: list[dict[str, Any]]
    next: str | None = None


class Colleague(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody to pass a call to."""

    id: AgentId
    name: str
    team: str
    state: AgentState


class ColleaguesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Who is there beside oneself."""

    items: list[Colleague]


class AgentsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """All agents."""

    items: list[AgentView]


class CallsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The live calls that the asker may see."""

    items: list[CallView]


class QueuesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """All queues."""

    items: list[QueueView]


class SurgesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The bursts that go on."""

    items: list[SurgeView]


class ProviderView(msgspec.Struct, frozen=True, kw_only=True):
    """Where one may log in beside here."""

    id: str
    name: str


class ConfigAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a page must know before anybody has logged in."""

    name: str
    stream_port: int
    stream_path: str
    providers: tuple[ProviderView, ...] = ()


def check_offset(
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    due_at: datetime | None = None,
    at: datetime | None = None,
) -> None:
    """Raise Invalid for an instant that does not say its offset from UTC."""
    for name, given in (("from", since), ("to", until), ("due_at", due_at), ("at", at)):
        if given is not None and given.tzinfo is None:
            raise Invalid(f"{name}: give the offset from UTC, such as 2026-11-24T08:00:00+08:00 or …Z")
