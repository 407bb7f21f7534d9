"""A leader's duty that is planned or goes on, and which calls are in its scope."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from messages.duty import DutyPlan, DutyScope, Every
from messages.ids import AgentId, DutyId, QueueId, UserId


class Duty(msgspec.Struct, kw_only=True):
    """One session; it goes on while `started_at` is set, and is forgotten when it is over."""

    id: DutyId
    plan: DutyPlan
    planned_by: UserId
    planned_at: datetime
    every: Every | None = None
    started_at: datetime | None = None

    def __repr__(self) -> str:
        return f"<Duty {self.id}: {self.plan.leader} from {self.plan.begin:%F %H:%M}>"

    @property
    def people(self) -> frozenset[AgentId]:
        """The seats that it takes: the leader's, and the aide's beside."""
        return frozenset(seat for seat in (self.plan.leader, self.plan.aide) if seat)

    @property
    def next_change(self) -> datetime:
        """When it begins, or ends once it has begun."""
        return self.plan.begin if self.started_at is None else self.plan.end


def overlaps(one: DutyPlan, other: DutyPlan) -> bool:
    """Tell whether two windows have an instant in common."""
    return one.begin < other.end and other.begin < one.end


def in_scope(scope: DutyScope, did: str, number: str, queue: QueueId, path: Iterable[str]) -> bool:
    """Tell whether a call belongs to a duty."""
    return (
        _fits(scope.dids, (did,))
        and _fits(scope.areas, (number,))
        and (not scope.queues or queue in scope.queues)
        and _fits(scope.topics, path)
    )


def _fits(beginnings: tuple[str, ...], texts: Iterable[str]) -> bool:
    return not beginnings or any(text.startswith(beginnings) for text in texts)
