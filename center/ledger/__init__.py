"""The ledger: fold events into records. Storage keeps them as rows, `hotline replay` prints them, reports count them.

Pure. `fold` returns the records an entry touched; closed records are forgotten as soon as nothing more can change
them, so that memory holds only what is live.
"""

from center.ledger import agents, callbacks, cases, contacts, duties, labels, legs, listening, others, surveys
from center.ledger.book import Book
from center.records import Record
from messages.events import Entry

_STEPS = [
    contacts.STEPS,
    legs.STEPS,
    others.STEPS,
    agents.STEPS,
    callbacks.STEPS,
    surveys.STEPS,
    labels.STEPS,
    duties.STEPS,
    listening.STEPS,
    cases.STEPS,
]
_FOLD = {kind: [steps[kind] for steps in _STEPS if kind in steps] for kind in {k for steps in _STEPS for k in steps}}


class Ledger(Book):
    """The open records, and how entries change them."""

    def fold(self, entry: Entry) -> list[Record]:
        """Take one entry in and return the records it made or changed (an event about nothing kept: none)."""
        return [record for step in _FOLD.get(type(entry.event), ()) for record in step(self, entry, entry.event)]
