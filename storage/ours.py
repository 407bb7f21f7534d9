"""Citizens' calls as they are kept, for the reckoning against Asterisk's own records."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from sqlalchemy import select

from imports.reconcile import Ours
from messages.values import ContactOutcome, Direction, Source
from storage.database import Database, asking
from storage.tables import contacts, legs


async def ours(database: Database, since: datetime, until: datetime) -> list[Ours]:
    """Return the calls that arrived in [since, until), but those another system's log told of. Raises Unavailable."""
    of, leg = contacts.c, legs.c
    where = (
        of.arrived_at >= since,
        of.arrived_at < until,
        of.channel == "call",
        of.direction == Direction.IN,
        of.source != Source.QUEUE_LOG,
    )
    shown = (of.contact, of.linkedid, of.number, of.outcome, of.arrived_at, of.answered_at, of.ended_at, of.by_asterisk)
    parts = select(leg.contact, leg.phone, leg.answered_at).join(contacts, of.contact == leg.contact).where(*where)
    talked: dict[str, set[str]] = defaultdict(set)
    aside: dict[str, set[str]] = defaultdict(set)
    async with asking(database.reading()) as connection:
        found = (await connection.execute(select(*shown).where(*where).order_by(of.arrived_at, of.contact))).all()
        for contact, phone, answered_at in await connection.execute(parts):
            (aside if answered_at is None else talked)[contact].add(phone)
    return [
        Ours(
            contact=row.contact,
            linkedid=row.linkedid,
            number=row.number,
            outcome=ContactOutcome(row.outcome) if row.outcome else None,
            arrived_at=row.arrived_at,
            answered_at=row.answered_at,
            ended_at=row.ended_at,
            by_asterisk=row.by_asterisk,
            phones=frozenset(talked[row.contact]),
            aside=frozenset(aside[row.contact]),
        )
        for row in found
    ]
