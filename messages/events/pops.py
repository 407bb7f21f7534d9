"""Screen pops."""

from datetime import datetime

from messages.events.event import Event
from messages.ids import AgentId, CallId, ContactId, LegId, QueueId
from messages.values import LegEnd


class ScreenPop(Event, frozen=True, kw_only=True, tag="screen_pop"):
    """What the agent's screen shows before the phone rings; the audience adds what is known of the number.

    `path`: the menus the caller came through and what was keyed there; `confidential`: nobody sees the whole number;
    `malicious`: the number is labelled; `priority`: the points the call has in line; `purpose`: what a citizen whom we
    called is called for, `about` which contact of theirs.
    """

    contact: ContactId
    call: CallId
    leg: LegId
    agent: AgentId
    queue: QueueId
    number: str
    did: str
    waited_s: float
    expires_at: datetime
    path: tuple[str, ...] = ()
    confidential: bool = False
    malicious: bool = False
    priority: int = 0
    purpose: str = ""
    about: ContactId | None = None


class ScreenPopWithdrawn(Event, frozen=True, kw_only=True, tag="screen_pop.withdrawn"):
    """The offer behind a pop ended without this agent answering."""

    contact: ContactId
    call: CallId
    leg: LegId
    agent: AgentId
    why: LegEnd
