"""Queues, routes, tenants, teams, seats and surges as the settings name them. All times in seconds."""

from enum import StrEnum

import msgspec

from messages.ids import Phone, QueueId, UserId
from messages.values import Need, RecordPolicy, Then


class Strategy(StrEnum):
    """Which of the eligible agents is offered a call; ranks come first, the longest idle decides what is equal."""

    LONGEST_IDLE = "longest_idle"
    FEWEST_CALLS = "fewest_calls"
    """Fewest calls answered since logging in."""
    ROUND_ROBIN = "round_robin"
    """Least recently offered a call."""
    MOST_SKILLED = "most_skilled"
    """Highest level in what the call asks for first."""
    RING_ALL = "ring_all"
    """All of them at once, up to the queue's `ring_all_at_most`; the first to answer wins."""


class Overflow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of a call that a queue does not take or keep: it goes to queue `to`; or it is told `announce` (a
    prompt's name) and then as `then` says."""

    to: QueueId | None = None
    announce: str = ""
    then: Then = Then.END


class Overflows(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One overflow a reason. `nobody` None: calls wait although no agent is logged in."""

    full: Overflow = Overflow(announce="busy")
    too_long: Overflow = Overflow(announce="busy")
    nobody: Overflow | None = None
    closed: Overflow = Overflow(announce="closed")


class Announcements(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What those who wait hear beside music: first after `first_s` seconds, then every `every_s`.

    `comfort`: prompts, taken in turn; `position` and `estimate` are told where they are known and still true: a place
    that has become worse is not told. `callback`: offer a call back by key; who takes it keeps the place.
    """

    first_s: float = 30.0
    every_s: float = 45.0
    comfort: tuple[str, ...] = ("comfort",)
    position: bool = True
    estimate: bool = True
    callback: bool = False


class QueueSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A queue. `wrap_up_max_s`: up to where wrap-up may be extended; `max_wait_s` None: for ever."""

    id: QueueId
    name: str = ""
    tenant: str = ""
    strategy: Strategy = Strategy.LONGEST_IDLE
    ring_s: float = 15.0
    ring_all_at_most: int = 20
    wrap_up_s: float = 15.0
    wrap_up_max_s: float = 180.0
    service_level_s: float = 15.0
    record: RecordPolicy | bool = RecordPolicy.ALWAYS
    """True and false are always and never."""
    priority: int = 0
    needs: tuple[Need, ...] = ()
    max_waiting: int | None = None
    max_wait_s: float | None = None
    overflow: Overflows = Overflows()
    calendar: str = ""
    """When it is open; empty: its tenant's calendar, else always."""
    announcements: Announcements | None = Announcements()

    @property
    def records(self) -> RecordPolicy:
        """Whether its talks are recorded."""
        if isinstance(self.record, bool):
            return RecordPolicy.ALWAYS if self.record else RecordPolicy.NEVER
        return self.record


class Route(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where calls to numbers beginning with `did`, from numbers beginning with `caller`, go; the most exact one counts.

    `needs` and `priority` are added to the queue's. An empty text fits every number.
    """

    did: str = ""
    caller: str = ""
    queue: QueueId
    needs: tuple[Need, ...] = ()
    priority: int = 0
    tenant: str = ""


class Tenant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A county's or department's line with figures of its own. `caller_id`: what its outbound calls show.

    `calendar`: when those of its queues are open that have none of their own.
    """

    id: str
    name: str = ""
    caller_id: str = ""
    calendar: str = ""


class Team(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A group of agents and the users who lead it."""

    id: str
    name: str = ""
    leaders: tuple[UserId, ...] = ()


class Seat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place with a phone, whoever sits there."""

    id: str
    phone: Phone


class Surge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A burst: `calls` arrivals within `within_s` of one DID or from one area; over when there were fewer for `calm_s`.

    `by`: "did", or "area" (the caller number's first `digits`). During it its callers get `overflow`; `did` and
    `caller` narrow it to numbers that begin so.
    """

    id: str
    by: str = "did"
    digits: int = 4
    did: str = ""
    caller: str = ""
    calls: int
    within_s: float = 60.0
    calm_s: float = 120.0
    overflow: Overflow = Overflow(announce="surge", then=Then.WAIT)
