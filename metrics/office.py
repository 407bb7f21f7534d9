"""The hotline office's own figures (DOMAIN §3), from contacts, their cases, and what the case system reported. Pure.

Contacts belong to a period by their arrival, cases with them; what is due or said belongs to the period it falls in.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from messages.values import CaseStep, UnitKind
from metrics.counts import share

CALL = "call"
WEIGHTS = {"on_time_rate": 0.4, "completion_rate": 0.3, "revisit_satisfaction": 0.3}
"""What a unit's score is made of; a rate that is unknown leaves its weight to the others."""


class CaseEvent(msgspec.Struct, frozen=True):
    """A step of a case."""

    case_no: str
    id: str
    step: CaseStep
    at: datetime
    due_at: datetime | None = None
    unit: str = ""
    unit_kind: UnitKind | None = None
    misdirected: bool = False
    satisfied: bool | None = None


class Story(msgspec.Struct):
    """What became of a case, whatever order its steps were told in."""

    direct: bool = False
    dispatched: bool = False
    misdirected: bool = False
    completed: bool = False
    unit: str = ""
    unit_kind: UnitKind | None = None
    due_at: datetime | None = None
    replied_at: datetime | None = None
    said_at: datetime | None = None
    satisfied: bool | None = None

    @property
    def on_time(self) -> bool:
        """Tell whether the unit that has it replied in time, the boundary included."""
        return self.replied_at is not None and self.due_at is not None and self.replied_at <= self.due_at


def stories(events: Iterable[CaseEvent]) -> dict[str, Story]:
    """Return each case's story. The last dispatch names the unit; a later due date replaces an earlier one."""
    found: dict[str, Story] = defaultdict(Story)
    for event in sorted(events, key=lambda one: (one.at, one.id)):
        story = found[event.case_no]
        story.misdirected = story.misdirected or event.misdirected
        story.due_at = event.due_at or story.due_at
        match event.step:
            case CaseStep.DIRECT_ANSWER:
                story.direct = True
            case CaseStep.DISPATCHED:
                story.dispatched, story.replied_at = True, None
                story.unit, story.unit_kind = event.unit, event.unit_kind
            case CaseStep.REPLIED:
                story.replied_at = story.replied_at or event.at
            case CaseStep.COMPLETED:
                story.completed = True
            case CaseStep.REVISITED if event.satisfied is not None:
                story.said_at, story.satisfied = event.at, event.satisfied
    return dict(found)


class Link(msgspec.Struct, frozen=True):
    """A case of a contact of the period."""

    contact: str
    case_no: str
    valid: bool | None = None
    category: str = ""
    area: str = ""


class Period(msgspec.Struct, kw_only=True):
    """What is counted: contacts by channel, their cases, and the stories of these and of what is due or said in it.

    `revisits`: what citizens told us ourselves, by case: when, and whether satisfied.
    """

    since: datetime
    until: datetime
    channels: Mapping[str, int]
    links: list[Link]
    stories: Mapping[str, Story]
    revisits: Mapping[str, tuple[datetime, bool]] = {}


class Unit(msgspec.Struct):
    """One handling unit's cases."""

    dispatched: int = 0
    misdirected: int = 0
    due: int = 0
    on_time: int = 0
    completed: int = 0
    revisited: int = 0
    revisit_satisfied: int = 0

    def figures(self, weights: Mapping[str, float]) -> dict[str, Any]:
        """Return counts, rates and the weighted score from 0 to 100."""
        rates = {
            "on_time_rate": share(self.on_time, self.due),
            "completion_rate": share(self.completed, self.dispatched),
            "revisit_satisfaction": share(self.revisit_satisfied, self.revisited),
        }
        known = {name: rate for name, rate in rates.items() if rate is not None and weights.get(name, 0) > 0}
        weight = sum(weights[name] for name in known)
        score = 100 * sum(weights[name] * rate for name, rate in known.items()) / weight if weight else None
        accuracy = None if not self.dispatched else 1 - self.misdirected / self.dispatched
        return msgspec.structs.asdict(self) | {"dispatch_accuracy": accuracy, **rates, "score": score}


def office(period: Period, weights: Mapping[str, float] = WEIGHTS) -> dict[str, Any]:
    """Return the office's figures of a period; the units' league table, best first, stands under `units`."""
    received = sum(period.channels.values())
    of_contact: dict[str, list[Link]] = defaultdict(list)
    for link in period.links:
        of_contact[link.contact].append(link)
    n: Counter[str] = Counter()
    nothing = Story()
    for links in of_contact.values():
        valid = [link for link in links if link.valid]
        n["valid"] += bool(valid)
        n["invalid"] += not valid and any(link.valid is False for link in links)
        told = [period.stories.get(link.case_no, nothing) for link in valid]
        n["dispatched"] += any(one.dispatched for one in told)
        n["direct"] += any(one.direct for one in told) and not any(one.dispatched for one in told)
    cases = {link.case_no: link for link in period.links if link.valid}
    units = _units(period, cases)
    total = _summed(units.values())
    kinds = Counter(
        story.unit_kind for name in cases if (story := period.stories.get(name, nothing)) and story.dispatched
    )
    figures: dict[str, Any] = {
        "received": received,
        "received_calls": period.channels.get(CALL, 0),
        "received_otherwise": {name: count for name, count in sorted(period.channels.items()) if name != CALL},
        "valid": n["valid"],
        "invalid": n["invalid"],
        "unclassified": received - n["valid"] - n["invalid"],
        "valid_rate": share(n["valid"], received),
        "direct_answered": n["direct"],
        "direct_answer_rate": share(n["direct"], n["valid"]),
        "dispatched": n["dispatched"],
        "dispatch_rate": share(n["dispatched"], n["valid"]),
        "undecided": n["valid"] - n["direct"] - n["dispatched"],
        "dispatched_cases": total.dispatched,
        "dispatched_to_counties": kinds[UnitKind.COUNTY],
        "dispatched_to_departments": kinds[UnitKind.DEPARTMENT],
        "county_share": share(kinds[UnitKind.COUNTY], total.dispatched),
        "department_share": share(kinds[UnitKind.DEPARTMENT], total.dispatched),
        "misdirected": total.misdirected,
        "dispatch_accuracy": None if not total.dispatched else 1 - total.misdirected / total.dispatched,
        "due": total.due,
        "replied_on_time": total.on_time,
        "on_time_rate": share(total.on_time, total.due),
        "completed": total.completed,
        "completion_rate": share(total.completed, total.dispatched),
        "revisited": total.revisited,
        "revisit_satisfied": total.revisit_satisfied,
        "revisit_satisfaction": share(total.revisit_satisfied, total.revisited),
    }
    table = [{"unit": name, **unit.figures(weights)} for name, unit in units.items() if name]
    table.sort(key=lambda row: (-(row["score"] or 0), -row["dispatched"], row["unit"]))
    return figures | {
        "units": table,
        "categories": _top(link.category for link in cases.values()),
        "areas": _top(link.area for link in cases.values()),
    }


def _units(period: Period, cases: Mapping[str, Link]) -> dict[str, Unit]:
    """Count cases by the unit that has them; those that no unit has under no name."""
    units: dict[str, Unit] = defaultdict(Unit)
    for name, story in period.stories.items():
        unit = units[story.unit]
        if name in cases and story.dispatched:
            unit.dispatched += 1
            unit.misdirected += story.misdirected
            unit.completed += story.completed
        if story.dispatched and story.due_at and period.since <= story.due_at < period.until:
            unit.due += 1
            unit.on_time += story.on_time
    for name, (at, satisfied) in _said(period).items():
        if period.since <= at < period.until:
            unit = units[period.stories[name].unit if name in period.stories else ""]
            unit.revisited += 1
            unit.revisit_satisfied += satisfied
    return dict(units)


def _said(period: Period) -> dict[str, tuple[datetime, bool]]:
    """Return what was last said of each case, to us or to the case system: a citizen counts once a case."""
    said = dict(period.revisits)
    for name, story in period.stories.items():
        if story.said_at is not None and story.satisfied is not None:
            told = (story.said_at, story.satisfied)
            said[name] = max(said[name], told) if name in said else told
    return said


def _summed(units: Iterable[Unit]) -> Unit:
    total = Unit()
    for unit in units:
        for name in unit.__struct_fields__:
            setattr(total, name, getattr(total, name) + getattr(unit, name))
    return total


def _top(names: Iterable[str], most: int = 20) -> list[dict[str, Any]]:
    counted = Counter(name for name in names if name)
    return [
        {"name": name, "cases": count} for name, count in sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    ][:most]


def growth(now: float | None, before: float | None) -> float | None:
    """Return by what share a count grew against the period before; None where there was none."""
    return (now - before) / before if now is not None and before else None


OFFICE_DEFINITIONS: dict[str, str] = {
    "received": "all contacts that arrived in the period: calls in and every other channel, each once",
    "received_calls": "calls in",
    "received_otherwise": "contacts of other channels, by channel; counted beside calls, never as one",
    "valid": "contacts of which at least one case is valid",
    "invalid": "contacts with cases of which none is valid",
    "unclassified": "contacts without a case, or whose cases are not said to be valid or not",
    "valid_rate": "valid / received",
    "growth": "(valid - valid of the same range a calendar year earlier) / the latter",
    "direct_answered": "valid contacts of which a case was answered directly and none dispatched",
    "direct_answer_rate": "direct_answered / valid",
    "dispatched": "valid contacts of which a case was dispatched",
    "dispatch_rate": "dispatched / valid",
    "undecided": "valid contacts whose cases are neither answered directly nor dispatched",
    "dispatched_cases": "valid cases of the period's contacts that were dispatched, each once whatever contacts it has",
    "dispatched_to_counties": "dispatched_cases whose last unit is a county",
    "dispatched_to_departments": "dispatched_cases whose last unit is a city department",
    "county_share": "dispatched_to_counties / dispatched_cases",
    "department_share": "dispatched_to_departments / dispatched_cases",
    "misdirected": "dispatched_cases said to have gone to the wrong unit",
    "dispatch_accuracy": "1 - misdirected / dispatched_cases",
    "due": "dispatched cases whose last due date falls in the period",
    "replied_on_time": "those to which the last unit replied by then, the boundary included",
    "on_time_rate": "replied_on_time / due",
    "completed": "dispatched_cases that are completed; another thing than replied",
    "completion_rate": "completed / dispatched_cases",
    "revisited": "cases about which a citizen answered a revisit in the period; the last answer counts",
    "revisit_satisfied": "those who were satisfied with what became of the case",
    "revisit_satisfaction": "revisit_satisfied / revisited; another thing than service_satisfaction",
    "units": "by the last unit: counts, rates, and score = 100 x the weighted mean of the rates that are known",
    "categories": "valid cases by category, the most frequent first",
    "areas": "valid cases by area, the most frequent first",
    "lines": "calls in by the line they came in on; empty for the city's own",
    "leaders_answered": "calls that leaders answered in person on duty; unknown where no duty was ever kept",
    "service_satisfaction": "on the call itself: satisfied / valid key presses; silence is never satisfied",
    "survey_response_rate": "valid key presses / citizens asked",
    "repeats": "answered calls whose number had called within 7 days before",
    "repeat_rate": "repeats / answered; withheld numbers never repeat",
}
"""What each of the office's figures means."""
