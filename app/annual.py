"""The annual report: the office's figures and the telephone's, by month, each with its definition."""

from __future__ import annotations

import calendar
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from messages.localtime import instant, zone
from metrics.definitions import definitions
from metrics.office import OFFICE_DEFINITIONS, WEIGHTS
from metrics.question import By, Question
from storage.reports import Reports

WEEK_S = 7 * 86_400.0
TELEPHONE = (
    *("arrivals", "offered", "answered", "abandoned", "connection_rate", "service_level", "asa_s", "time_to_human_s"),
    *("aht_s", "transfer_rate", "repeats", "repeat_rate"),
    *("survey_asked", "survey_answered", "survey_satisfied", "service_satisfaction", "survey_response_rate"),
)
"""The telephone's figures that the report of the year shows beside the office's."""


SHARED = ("service_satisfaction", "survey_response_rate", "repeats", "repeat_rate")
"""The telephone's figures that are the office's, too."""


class Annual(msgspec.Struct, frozen=True, kw_only=True):
    """The whole report. `rows`: the telephone's figures of the range, `months` and `queues` the same of its parts."""

    definitions: dict[str, str]
    office: dict[str, Any]
    rows: list[dict[str, Any]]
    months: list[dict[str, Any]]
    queues: list[dict[str, Any]]


async def annual(reports: Reports, question: Question, weights: dict[str, float]) -> Annual:
    """Return the report of a range. Raises Invalid, NotFound, Unavailable."""
    where = zone(question.tz)
    whole = msgspec.structs.replace(question, interval="", by=By.ALL, repeat_s=question.repeat_s or WEEK_S)
    before = (year_before(question.since, where), year_before(question.until, where))
    figures = await reports.office(question.since, question.until, before, question.tenant, weights)
    rows = await reports.rows(whole)
    [telephone] = rows
    figures |= {
        name: telephone[name] for name in ("service_satisfaction", "survey_response_rate", "repeats", "repeat_rate")
    }
    return Annual(
        definitions=definitions(whole) | OFFICE_DEFINITIONS | {"score": score_words(weights)},
        office=figures,
        rows=rows,
        months=await reports.rows(msgspec.structs.replace(whole, interval="month", repeat_s=0.0)),
        queues=await reports.rows(msgspec.structs.replace(whole, by=By.QUEUE)),
    )


def year_before(at: datetime, where: ZoneInfo) -> datetime:
    """Return the same local time a calendar year earlier, 28 February for the 29th."""
    local = at.astimezone(where)
    last = calendar.monthrange(local.year - 1, local.month)[1]
    return instant(local.replace(year=local.year - 1, day=min(local.day, last), tzinfo=None), where)


def score_words(weights: dict[str, float]) -> str:
    """Return how a unit's score was made."""
    parts = ", ".join(f"{weight:g} x {name}" for name, weight in weights.items())
    return f"100 x the weighted mean of {parts}; a rate that is unknown leaves its weight to the others"


def read_weights(text: str) -> dict[str, float]:
    """Return weights from a text such as on_time_rate=0.5,completion_rate=0.5. Raises ValueError."""
    if not text:
        return dict(WEIGHTS)
    found: dict[str, float] = {}
    for part in text.split(","):
        name, _, weight = part.partition("=")
        try:
            found[name] = float(weight)
        except ValueError:
            found[name] = -1.0
        if name not in WEIGHTS or not 0 <= found[name] < float("inf"):
            raise ValueError(f"weights: {part!r}; give {', '.join(f'{one}=N' for one in WEIGHTS)}")
    return found
