"""One contact that several logs tell of. Pure.

CEL has every channel to the microsecond; the queue_log knows why a queue was left, and its members by name. So a
contact is CEL's, with the queue_log's visits, agents, and outcome where nobody answered.
"""

from __future__ import annotations

from msgspec import structs

from center.records import VisitRecord
from imports.queue_calls import SOURCE as QUEUE_LOG
from imports.queue_calls import Folded
from messages.values import ContactOutcome, Source

CEL = Source.CEL
SOURCES = (QUEUE_LOG, CEL)


def merged(by_source: dict[str, Folded]) -> Folded:
    """Return what the logs together say of one contact."""
    cel, queue = by_source.get(CEL), by_source.get(QUEUE_LOG)
    if cel is None or queue is None:
        return next(iter(by_source.values()))
    said = queue.contact
    contact = structs.replace(
        cel.contact,
        did=cel.contact.did or said.did,
        queue=cel.contact.queue or said.queue,
        queued_at=cel.contact.queued_at or said.queued_at,
        transferred=cel.contact.transferred or said.transferred,
        by_asterisk=True,
        visits=len(queue.visits),
    )
    if cel.contact.ended_at and contact.outcome is not ContactOutcome.ANSWERED and said.outcome:
        contact = structs.replace(contact, outcome=said.outcome, by_citizen=said.by_citizen)
    agents = {leg.leg: leg.agent for leg in queue.legs}
    legs = [structs.replace(leg, agent=agents.get(leg.leg) or leg.agent) for leg in cel.legs]
    talked = next((leg for leg in legs if leg.answered_at is not None and leg.answered_at == contact.answered_at), None)
    contact = structs.replace(contact, agent=talked.agent if talked else contact.agent)
    return Folded(contact, _exact(queue.visits, cel.visits), legs, cel.settled)


def _exact(said: list[VisitRecord], timed: list[VisitRecord]) -> list[VisitRecord]:
    """Give the queue_log's visits, which are in whole seconds, the instants of CEL where both have the same ones."""
    if len(said) != len(timed):
        return said
    return [
        structs.replace(visit, asked_at=exact.asked_at, left_at=exact.left_at or visit.left_at)
        for visit, exact in zip(said, timed, strict=True)
    ]
