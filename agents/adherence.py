"""How well what an agent did fits what was planned: adherence, conformance, and how the rest was missed.

Adherence asks whether the agent did the planned thing at the planned time; conformance only how much was worked of
the work that was planned, whenever. Lengths are exact to the µs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import msgspec

from agents.schedule import REASONS, Activity, Planned, checked, satisfies
from messages.errors import Invalid
from messages.values import AgentState, Reason

S = AgentState
NONE = timedelta()
OWN_REASONS = frozenset(Reason)
"""Reasons that the centre itself gives."""


class Kind(StrEnum):
    """How a planned time was missed, each µs of it in one way."""

    ABSENT = "absent"
    """Not logged in during the whole shift: then nothing of it counts, its meal included."""
    LATE = "late"
    """Logged out at the shift's begin, until the first log-in."""
    EARLY_DEPARTURE = "early_departure"
    """Logged out for the last time before the shift's end."""
    AWAY = "away"
    """Logged out in between."""
    UNPLANNED_BREAK = "unplanned_break"
    """Not ready, by a reason of the agent's, while work was planned."""
    NOT_READY = "not_ready"
    """Not ready, by a reason of the centre's (just logged in, call missed, phone away), while work was planned."""
    WORKED_IN_BREAK = "worked_in_break"
    """At work while a break or meal was planned."""
    WORKED_IN_TRAINING = "worked_in_training"
    OTHER_REASON = "other_reason"
    """Not ready, but not for the break, meal or training that was planned."""


class Actual(msgspec.Struct, frozen=True):
    """A stretch of a state; open while `end` is None. Between stretches the agent is logged out."""

    begin: datetime
    end: datetime | None
    state: AgentState
    reason: str = ""


class Adherence(msgspec.Struct, frozen=True, kw_only=True):
    """How well a plan was kept. `adherent` + all of `out` = `planned`, and a range's parts add up to the whole.

    `planned`: everything planned but off. `working`: what was planned as work. `worked`: at work, planned or not.
    `beyond`: logged in while off or without a plan; no part of the others but, if at work, of `worked`.
    """

    planned: timedelta = NONE
    adherent: timedelta = NONE
    out: dict[Kind, timedelta] = {}
    working: timedelta = NONE
    worked: timedelta = NONE
    beyond: timedelta = NONE

    @property
    def rate(self) -> float | None:
        """Return adherent ÷ planned, None where nothing was planned."""
        return self.adherent / self.planned if self.planned else None

    @property
    def conformance(self) -> float | None:
        """Return worked ÷ planned work, whenever it was done (may exceed 1), None where no work was planned."""
        return self.worked / self.working if self.working else None

    def __add__(self, other: Adherence) -> Adherence:
        return Adherence(
            planned=self.planned + other.planned,
            adherent=self.adherent + other.adherent,
            out=_sum([*self.out.items(), *other.out.items()]),
            working=self.working + other.working,
            worked=self.worked + other.worked,
            beyond=self.beyond + other.beyond,
        )


def adherence(
    planned: Iterable[Planned],
    states: Iterable[Actual],
    since: datetime,
    until: datetime,
    reasons: Mapping[str, Activity] = REASONS,
) -> Adherence:
    """Return how well a plan was kept in [since, until); plan and states may reach beyond, and in any order.

    Shifts are judged whole, then cut: give what lies a day on either side too. Of states that overlap, the next to
    begin ends the one before. Raises Invalid: as `checked`, and for states that contradict each other.
    """
    if since.tzinfo is None or until.tzinfo is None or until < since:
        raise Invalid(f"the range {since} to {until} needs offsets from UTC and an end not before its begin")
    since, until = since.astimezone(UTC), until.astimezone(UTC)
    plan, line = checked(planned), _Line(states)
    counted = [one for one in plan if one.activity is not Activity.OFF]
    found = Adherence()
    for shift in _shifts(counted):
        found += _of_shift(shift, line, since, until, reasons)
    worked, beyond = NONE, NONE
    for piece in line.pieces(since, until):
        if satisfies(Activity.WORKING, piece.state, piece.reason, reasons):
            worked += piece.length
    for begin, end in _between(counted, since, until):
        for piece in line.pieces(begin, end):
            if not satisfies(Activity.OFF, piece.state, piece.reason, reasons):
                beyond += piece.length
    return found + Adherence(worked=worked, beyond=beyond)


class _Piece(msgspec.Struct, frozen=True):
    begin: datetime
    end: datetime
    state: AgentState
    reason: str

    @property
    def length(self) -> timedelta:
        return self.end - self.begin


class _Line:
    """States in order, none overlapping the next."""

    def __init__(self, states: Iterable[Actual]) -> None:
        self._states: list[Actual] = []
        for one in sorted(map(_in_utc, states), key=lambda one: one.begin):
            if one.end == one.begin:
                continue
            last = self._states[-1] if self._states else None
            if last is not None and last.begin == one.begin:
                if (last.state, last.reason) != (one.state, one.reason):
                    raise Invalid(f"two states from {one.begin} on: {last.state} and {one.state}")
                self._states[-1] = max(last, one, key=lambda each: each.end or _LAST)
                continue
            if last is not None and (last.end is None or last.end > one.begin):
                self._states[-1] = msgspec.structs.replace(last, end=one.begin)
            self._states.append(one)
        self._begins = [one.begin for one in self._states]

    def pieces(self, begin: datetime, end: datetime) -> Iterator[_Piece]:
        """Cover [begin, end) with states, logged out where there is none."""
        for one in self._states[max(0, bisect_right(self._begins, begin) - 1) :]:
            first, last = max(one.begin, begin), min(one.end or end, end)
            if one.begin >= end:
                break
            if last <= first:
                continue
            if begin < first:
                yield _Piece(begin, first, S.LOGGED_OUT, "")
            yield _Piece(first, last, one.state, one.reason)
            begin = last
        if begin < end:
            yield _Piece(begin, end, S.LOGGED_OUT, "")


_LAST = datetime.max.replace(tzinfo=UTC)


def _in_utc(one: Actual) -> Actual:
    if one.begin.tzinfo is None or (one.end is not None and one.end.tzinfo is None):
        raise Invalid(f"{one.state} from {one.begin}: give the offset from UTC")
    if one.end is not None and one.end < one.begin:
        raise Invalid(f"{one.state} from {one.begin} ends before it begins, at {one.end}")
    end = one.end.astimezone(UTC) if one.end else None
    return Actual(one.begin.astimezone(UTC), end, one.state, one.reason)


def _shifts(counted: Sequence[Planned]) -> list[list[Planned]]:
    """Return the stretches that follow each other without a gap, together."""
    shifts: list[list[Planned]] = []
    for one in counted:
        if shifts and shifts[-1][-1].end == one.begin:
            shifts[-1].append(one)
        else:
            shifts.append([one])
    return shifts


def _of_shift(
    shift: list[Planned], line: _Line, since: datetime, until: datetime, reasons: Mapping[str, Activity]
) -> Adherence:
    if shift[-1].end <= since or shift[0].begin >= until:
        return Adherence()
    there = [piece for piece in line.pieces(shift[0].begin, shift[-1].end) if piece.state is not S.LOGGED_OUT]
    planned, working, adherent, out = NONE, NONE, NONE, dict[Kind, timedelta]()
    for one in shift:
        begin, end = max(one.begin, since), min(one.end, until)
        if begin >= end:
            continue
        planned += end - begin
        working += end - begin if one.activity is Activity.WORKING else NONE
        for piece in line.pieces(begin, end):
            if there and satisfies(one.activity, piece.state, piece.reason, reasons):
                adherent += piece.length
            else:
                kind = _kind(one.activity, piece, there, reasons)
                out[kind] = out.get(kind, NONE) + piece.length
    return Adherence(planned=planned, working=working, adherent=adherent, out=out)


def _kind(activity: Activity, piece: _Piece, there: list[_Piece], reasons: Mapping[str, Activity]) -> Kind:
    """Return how a piece misses its activity; `there`: when the agent was logged in during the shift."""
    if not there:
        return Kind.ABSENT
    if piece.state is S.LOGGED_OUT:
        if piece.begin < there[0].begin:
            return Kind.LATE
        return Kind.EARLY_DEPARTURE if piece.begin >= there[-1].end else Kind.AWAY
    if activity is Activity.WORKING:
        return Kind.NOT_READY if piece.reason in OWN_REASONS else Kind.UNPLANNED_BREAK
    if satisfies(Activity.WORKING, piece.state, piece.reason, reasons):
        return Kind.WORKED_IN_TRAINING if activity is Activity.TRAINING else Kind.WORKED_IN_BREAK
    return Kind.OTHER_REASON


def _between(counted: Sequence[Planned], since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Return what of a range is in no stretch."""
    for one in counted:
        if since < min(one.begin, until):
            yield since, min(one.begin, until)
        since = max(since, one.end)
    if since < until:
        yield since, until


def _sum(parts: Iterable[tuple[Kind, timedelta]]) -> dict[Kind, timedelta]:
    """Add up by kind, in the order of the kinds."""
    total = dict.fromkeys(Kind, NONE)
    for kind, length in parts:
        total[kind] += length
    return {kind: length for kind, length in total.items() if length}
