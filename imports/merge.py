"""One contact that several logs tell of. Pure.

CEL has every channel to the microsecond; the queue_log knows why a queue was left. So a contact is CEL's, with the
queue_log's visits, and with its outcome where nobody answered.
"""

from __future__ import annotations

from msgspec import structs

from imports.queue_calls import SOURCE as QUEUE_LOG
from imports.queue_calls import Folded
from messages.values import ContactOutcome

CEL = "cel"
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
    return Folded(contact, queue.visits, cel.legs, cel.settled)
