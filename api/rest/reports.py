"""Reports: figures of a period with the definitions they were counted by."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from api.rest.bodies import check_offset
from api.rest.endpoint import Answer, Asked

DEFINITIONS = {
    "asked": "citizens who were asked after the talk how satisfied they were, by when they were asked",
    "answered": "those who pressed a key that means something; silence is none",
    "satisfied": "those whose key says satisfied",
    "service_satisfaction": "satisfied / answered; silence is never satisfied; not the revisit's satisfaction",
    "response_rate": "answered / asked",
}


class SatisfactionQuery(msgspec.Struct, frozen=True, kw_only=True):
    """[from, to): instants with their offset; everything where left out."""

    since: datetime | None = msgspec.field(name="from", default=None)
    until: datetime | None = msgspec.field(name="to", default=None)
    by: Literal["all", "queue", "agent"] = "all"


class SatisfactionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One queue's or agent's; `name` is empty for all together. Unknown is null."""

    name: str
    asked: int
    answered: int
    satisfied: int
    service_satisfaction: float | None
    response_rate: float | None


class SatisfactionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The rows and what each figure means."""

    definitions: Annotated[dict[str, str], msgspec.Meta(description="what each figure means")]
    rows: list[SatisfactionRow]


async def get_satisfaction(asked: Asked) -> Answer:
    """Return service satisfaction with its response rate, for all, by queue or by agent."""
    query: SatisfactionQuery = asked.query
    check_offset(since=query.since, until=query.until)
    found = await asked.services.history.satisfaction(query.by, query.since, query.until, asked.principal.tenant)
    rows = [
        SatisfactionRow(
            name=name,
            asked=one.asked,
            answered=one.answered,
            satisfied=one.satisfied,
            service_satisfaction=one.rate,
            response_rate=one.response_rate,
        )
        for name, one in found.items()
    ]
    return Answer(SatisfactionAnswer(definitions=DEFINITIONS, rows=rows))
