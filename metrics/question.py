"""What a report is asked: a range, its intervals, and which of several definitions counts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from messages.errors import Invalid, NotFound
from messages.localtime import SHANGHAI, span, zone
from metrics.intervals import Slices, step_of
from metrics.service_level import Variant


class Attribution(StrEnum):
    """The instant by which a contact, a visit or an offer belongs to an interval."""

    ARRIVAL = "arrival"
    ANSWER = "answer"
    END = "end"


class By(StrEnum):
    """What rows are about, beside their interval."""

    ALL = "all"
    QUEUE = "queue"
    TENANT = "tenant"
    DID = "did"
    AGENT = "agent"
    TEAM = "team"
    CATEGORY = "category"
    AREA = "area"


class Directory(msgspec.Struct, frozen=True):
    """Who and what there is, as the settings name them: agents with their team and tenant."""

    queues: frozenset[str] = frozenset()
    tenants: frozenset[str] = frozenset()
    agents: Mapping[str, tuple[str, str]] = {}

    def of_team(self, team: str) -> frozenset[str]:
        """Return the agents of a team. Raises NotFound for none."""
        found = frozenset(agent for agent, (its, _) in self.agents.items() if its == team)
        if not found:
            raise NotFound(f"no team {team!r} in the settings")
        return found

    def of_tenant(self, tenant: str) -> frozenset[str]:
        """Return the agents of a tenant."""
        return frozenset(agent for agent, (_, its) in self.agents.items() if its == tenant)


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A report. `agents_only`: rows are agents' own (time in state, offers), not contacts'.

    `threshold_s` is T, `short_s` S; `repeat_s`: within how long the same number is a repeat, 0 for not counted.
    """

    since: datetime
    until: datetime
    interval: str = ""
    tz: str = SHANGHAI
    by: By = By.ALL
    agents_only: bool = False
    threshold_s: float = 15.0
    short_s: float = 5.0
    variant: Variant = Variant.OFFERED
    attribution: Attribution = Attribution.ARRIVAL
    repeat_s: float = 0.0
    queue: str = ""
    tenant: str = ""
    did: str = ""
    agent: str = ""
    team: str = ""

    def __post_init__(self) -> None:
        """Raise Invalid for what makes no sense."""
        if self.until <= self.since:
            raise Invalid(f"to: {self.until.isoformat()} is not after {self.since.isoformat()}")
        if not (0 <= self.threshold_s < 86_400 and 0 <= self.short_s < 86_400):
            raise Invalid("threshold: seconds from 0 to a day")
        if not 0 <= self.repeat_s <= 366 * 86_400:
            raise Invalid("repeat: up to a year")
        if self.agents_only and self.by not in (By.ALL, By.AGENT, By.TEAM):
            raise Invalid("by: agents' reports are by agent, by team, or of all")
        if (self.queue and self.by not in (By.ALL, By.QUEUE)) or (self.agents_only and self.queue):
            raise Invalid("queue: a queue's report is of the queue, not also by something else")
        if self.visits and (self.agent or self.team or self.did):
            raise Invalid("queue: a queue's report is of everybody in it; leave out agent, team and did")

    @property
    def visits(self) -> bool:
        """Tell whether visits to queues are counted, and not contacts."""
        return self.by is By.QUEUE or bool(self.queue)

    @property
    def counts_repeats(self) -> bool:
        """Tell whether repeated contacts are counted: a visit to a queue is no contact."""
        return bool(self.repeat_s) and not self.visits

    @property
    def slices(self) -> Slices:
        """Return the intervals. Raises Invalid."""
        return Slices(self.since, self.until, step_of(self.interval), zone(self.tz))


def duration_s(text: str, option: str) -> float:
    """Return the seconds of a text such as 7d, 24h, 30m, 90s or 15. Raises Invalid."""
    units = {"d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
    number, unit = (text[:-1], text[-1]) if text[-1:] in units else (text, "s")
    try:
        return float(number) * units[unit]
    except ValueError:
        raise Invalid(f"{option}: {text!r} is no length of time such as 15s, 24h or 7d") from None


def rolling_24h(now: datetime) -> tuple[datetime, datetime]:
    """Return the 24 hours up to now, over which GB/T 33358 asks for a connection rate of 95 %."""
    return now - timedelta(hours=24), now


__all__ = ["Attribution", "By", "Directory", "Question", "duration_s", "rolling_24h", "span"]
