"""What an agent is to do and when, and which states are what an activity asks for.

A stretch is half-open: its begin belongs to it, its end does not. Instants are aware.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

import msgspec

from messages.errors import Conflict, Invalid
from messages.ids import AgentId, UserId
from messages.localtime import YEARS
from messages.values import AgentState

S = AgentState
LONGEST = timedelta(hours=25)
"""No stretch of a plan is longer than the longest day, the one on which clocks are put back."""


class Activity(StrEnum):
    """What is planned. `off` asks nothing of the agent, and neither does a time without a plan."""

    WORKING = "working"
    BREAK = "break"
    MEAL = "meal"
    TRAINING = "training"
    OFF = "off"


SATISFIED_BY: dict[Activity, frozenset[AgentState]] = {
    Activity.WORKING: frozenset({S.READY, S.RESERVED, S.RINGING, S.TALKING, S.HOLDING, S.WRAP_UP}),
    Activity.BREAK: frozenset(),
    Activity.MEAL: frozenset({S.LOGGED_OUT}),
    Activity.TRAINING: frozenset(),
    Activity.OFF: frozenset({S.LOGGED_OUT}),
}
"""The states that satisfy an activity. Beside them, `not_ready` satisfies the one that its reason stands for."""

REASONS: Mapping[str, Activity] = {
    "break": Activity.BREAK,
    "小休": Activity.BREAK,
    "meal": Activity.MEAL,
    "用餐": Activity.MEAL,
    "training": Activity.TRAINING,
    "培训": Activity.TRAINING,
    "meeting": Activity.TRAINING,
    "会议": Activity.TRAINING,
}
"""What a reason of not_ready stands for, unless the settings say otherwise; any other stands for nothing planned."""


class ScheduleSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`reasons`: what each reason of not_ready stands for, in the place of the usual ones."""

    reasons: dict[str, Activity] = msgspec.field(default_factory=lambda: dict(REASONS))


class Planned(msgspec.Struct, frozen=True):
    """A stretch of a plan."""

    begin: datetime
    end: datetime
    activity: Activity


class DayPlan(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's whole plan of a day or range: each stretch begins in [since, until), the last may end after it."""

    agent: AgentId
    since: datetime
    until: datetime
    planned: tuple[Planned, ...]


class PlanRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a plan as it is kept: who planned it, when."""

    agent: AgentId
    begin: datetime
    end: datetime
    activity: Activity
    planned_by: UserId
    planned_at: datetime


class Overlaps(Conflict):
    """A new stretch overlaps one that is planned already and stays."""

    def __init__(self, agent: AgentId, new: Planned, old: Planned) -> None:
        super().__init__(f"agent {agent}: {_text(new)} overlaps {_text(old)}, which is planned already")
        self.agent = agent
        self.new = new


def checked(stretches: Iterable[Planned]) -> tuple[Planned, ...]:
    """Return a plan in order and UTC. Raises Invalid: a naive instant, an end not after its begin, an overlap."""
    plan = []
    for one in stretches:
        if one.begin.tzinfo is None or one.end.tzinfo is None:
            raise Invalid(f"{_text(one)}: give the offset from UTC")
        if not (one.begin.year in YEARS and one.end.year in YEARS):
            raise Invalid(f"{_text(one)}: the year is none of {YEARS[0]} to {YEARS[-1]}")
        if one.end <= one.begin:
            raise Invalid(f"{_text(one)}: the end is not after the begin")
        if one.end - one.begin > LONGEST:
            raise Invalid(f"{_text(one)}: longer than a day")
        plan.append(Planned(one.begin.astimezone(UTC), one.end.astimezone(UTC), one.activity))
    plan.sort(key=lambda one: one.begin)
    for one, following in pairwise(plan):
        if following.begin < one.end:
            raise Invalid(f"{_text(following)} overlaps {_text(one)}")
    return tuple(plan)


def satisfies(activity: Activity, state: AgentState, reason: str, reasons: Mapping[str, Activity] = REASONS) -> bool:
    """Tell whether a state is what an activity asks for."""
    if state is S.NOT_READY:
        return reasons.get(reason.strip()) is activity
    return state in SATISFIED_BY[activity]


def _text(one: Planned) -> str:
    return f"{one.activity} {one.begin.isoformat(' ', 'minutes')} to {one.end.isoformat(' ', 'minutes')}"
