"""Leader duty sessions (领导接听): what is planned, and what is said of them."""

import datetime as dt
from datetime import datetime
from enum import StrEnum

import msgspec

from messages.ids import AgentId, QueueId


class DutyScope(msgspec.Struct, frozen=True, kw_only=True):
    """Which calls are in scope: each kind that is named must fit; what is empty fits every call.

    `dids` and `areas` are beginnings of the number dialled and of the caller's, `topics` of what was keyed in a menu.
    """

    dids: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    queues: tuple[QueueId, ...] = ()
    topics: tuple[str, ...] = ()


class DutyPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One leader's duty from `begin` to `end`. `leader` and `aide` are seats; `notice` is shown beside the session.

    `ring_s`: seconds for which the leader's phone rings before the call goes to the agents.
    """

    leader: AgentId
    begin: datetime
    end: datetime
    name: str = ""
    title: str = ""
    post: str = ""
    unit: str = ""
    aide: AgentId | None = None
    scope: DutyScope = DutyScope()
    notice: str = ""
    ring_s: float = 15.0
    tenant: str = ""


class Every(StrEnum):
    """On which days a recurring duty is."""

    FIRST_WORKDAY_OF_YEAR = "first_workday_of_year"
    FIRST_WORKDAY_OF_MONTH = "first_workday_of_month"
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class DutyRule(msgspec.Struct, frozen=True, kw_only=True):
    """From its first window on, up to and including the local day `until`, a duty recurs at the same hours.

    A weekday that falls on a statutory holiday is left out.
    """

    every: Every
    until: dt.date
    tz: str = "Asia/Shanghai"


class DutyEnd(StrEnum):
    """How a duty session came to its end."""

    OVER = "over"
    """Its window was over."""
    BY_HAND = "by_hand"
    """Somebody ended it before."""
    CANCELLED = "cancelled"
    """It was taken back before it began."""
    MISSED = "missed"
    """Its window passed while nothing ran."""


class AnsweredBy(StrEnum):
    """Who served a citizen who called during a duty."""

    LEADER = "leader"
    AIDE = "aide"
    AGENT = "agent"
