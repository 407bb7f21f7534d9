"""How satisfied citizens said they were, counted from what is kept of surveys."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import case, func, literal, select

from metrics.satisfaction import Satisfaction
from storage.columns import harmless
from storage.database import Database, asking
from storage.tables import contacts, surveys

QUESTION = "survey"
"""The question that asks how satisfied they are; the others ask why."""


class By(StrEnum):
    """What satisfaction is counted by."""

    ALL = "all"
    QUEUE = "queue"
    AGENT = "agent"


async def satisfaction(
    database: Database, by: By, since: datetime | None, until: datetime | None, tenant: str = ""
) -> dict[str, Satisfaction]:
    """Return the counts of a period by name, empty for what has none; `until` is exclusive. Raises Unavailable.

    The instant that counts is the question's; `tenant`: only of its contacts, of all where empty.
    """
    column = literal("").label("name") if by is By.ALL else func.coalesce(surveys.c[by], "").label("name")
    asked = func.count()
    answered = func.count(surveys.c.satisfied)
    satisfied = func.sum(case((surveys.c.satisfied, 1), else_=0))
    query = select(column, asked, answered, satisfied).where(surveys.c.question == QUESTION).group_by("name")
    if since is not None:
        query = query.where(surveys.c.asked_at >= since)
    if until is not None:
        query = query.where(surveys.c.asked_at < until)
    if tenant:
        its = select(contacts.c.contact).where(contacts.c.tenant == harmless(tenant))
        query = query.where(surveys.c.contact.in_(its))
    async with asking(database.reading()) as connection:
        found = (await connection.execute(query.order_by("name"))).all()
    return {
        str(name): Satisfaction(asked=asked, answered=answered, satisfied=int(satisfied or 0))
        for name, asked, answered, satisfied in found
    }
