"""The reckoning of our contacts against what Asterisk wrote down of the same calls: CEL, CDR and queue_log. Pure.

A simulation, which has the phones' own frames besides, reckons by the same rules.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from imports.asterisk_log import AsteriskCall
from messages.masking import masked
from messages.values import ContactOutcome

TOLERANCE = timedelta(seconds=1)
"""How far our instant of an arrival or an answer may be from another's."""
END_TOLERANCE = timedelta(seconds=5)
"""The same of an end: a channel may outlive the talk by what is said at the end."""


class Kind(StrEnum):
    """What differs."""

    REFUSED = "refused"
    NOT_ENDED = "not_ended"
    NO_ASTERISK_CALL = "no_asterisk_call"
    NO_CDR = "no_cdr"
    CDR_ANSWER = "cdr_answer"
    NO_CONTACT = "no_contact"
    CONTACT_TWICE = "contact_twice"
    UNKNOWN_CONTACT = "unknown_contact"
    NUMBER = "number"
    OUTCOME = "outcome"
    AGENT = "agent"
    ARRIVAL_INSTANT = "arrival_instant"
    ANSWER_INSTANT = "answer_instant"
    END_INSTANT = "end_instant"
    WHO_ENDED = "who_ended"
    LOST = "lost"
    FALLBACK = "fallback"
    NO_POP = "no_pop"
    LATE_POP = "late_pop"
    IDLE_POP = "idle_pop"
    QUEUE_LOG = "queue_log"
    LOST_MOMENT = "lost_moment"
    SIPP_COUNT = "sipp_count"
    AGENT_LEFT_BUSY = "agent_left_busy"


class Difference(Struct, frozen=True):
    """Two records of one call (or agent) that do not agree, and how."""

    kind: Kind
    contact: str
    number: str
    text: str


class Ours(Struct, kw_only=True):
    """A citizen's call as we keep it. `phones`: those of legs that were answered; `aside`: of legs only consulted.

    `by_asterisk`: the fallback queue held it, which we hear of later than of an arrival.
    """

    contact: str
    linkedid: str
    number: str
    outcome: ContactOutcome | None
    arrived_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    by_asterisk: bool = False
    phones: frozenset[str] = frozenset()
    aside: frozenset[str] = frozenset()


class Ledgers(Struct, kw_only=True):
    """What is compared, of a period [since, until). `ours` may reach beyond it; `has_cdr`: there is a CDR."""

    since: datetime
    until: datetime
    ours: list[Ours]
    calls: dict[str, AsteriskCall]
    queue_log: list[str] = []
    phones: dict[str, str] = {}
    has_cdr: bool = True


class Reconciled(Struct, kw_only=True):
    """How many calls were compared, how many go on, and what does not agree."""

    calls: int
    contacts: int
    answered: int
    going_on: int
    differences: list[Difference]


def reconcile(ledgers: Ledgers) -> Reconciled:
    """Compare every call of the period, from both sides."""
    by_link: dict[str, list[Ours]] = defaultdict(list)
    for one in ledgers.ours:
        by_link[one.linkedid or one.contact].append(one)
    calls = {
        linkedid: call
        for linkedid, call in ledgers.calls.items()
        if call.started_at is not None and ledgers.since <= call.started_at < ledgers.until
    }
    found: list[Difference] = []
    going_on = 0
    for linkedid, call in calls.items():
        mine = by_link.get(linkedid, [])
        going_on += call.ended_at is None and all(one.ended_at is None for one in mine)
        for kind, text in _of_call(call, mine, has_cdr=ledgers.has_cdr):
            found.append(Difference(kind, mine[0].contact if mine else linkedid, masked(call.number), text))
    contacts = [one for one in ledgers.ours if ledgers.since <= one.arrived_at < ledgers.until]
    for one in contacts:
        if (one.linkedid or one.contact) not in ledgers.calls:
            text = "Asterisk's CEL does not know the contact's call"
            found.append(Difference(Kind.UNKNOWN_CONTACT, one.contact, masked(one.number), text))
    found += queue_log_differences(ledgers.queue_log, calls, ledgers.phones)
    return Reconciled(
        calls=len(calls),
        contacts=len(contacts),
        answered=sum(bool(call.bridged) for call in calls.values()),
        going_on=going_on,
        differences=sorted(found, key=lambda one: (one.contact, one.kind)),
    )


def _of_call(call: AsteriskCall, mine: list[Ours], *, has_cdr: bool) -> Iterator[tuple[Kind, str]]:
    if not mine:
        yield Kind.NO_CONTACT, "we have no contact for the call"
    elif len(mine) > 1:
        yield Kind.CONTACT_TWICE, f"we have {len(mine)} contacts for the call"
    else:
        yield from _of_contact(call, mine[0])
    if has_cdr and call.ended_at is not None:
        yield from cdr_differences(call, set(call.bridged))


def _of_contact(call: AsteriskCall, mine: Ours) -> Iterator[tuple[Kind, str]]:
    if mine.number != call.number:
        yield Kind.NUMBER, f"our contact's number is {masked(mine.number)}, Asterisk's {masked(call.number)}"
    if not mine.by_asterisk:
        yield from _instants(Kind.ARRIVAL_INSTANT, mine.arrived_at, call.started_at, TOLERANCE)
    if call.ended_at is None:
        return
    if mine.ended_at is None:
        yield Kind.NOT_ENDED, f"our contact goes on, the call ended {call.ended_at:%T.%f}"
        return
    yield from _instants(Kind.END_INSTANT, mine.ended_at, call.ended_at, END_TOLERANCE)
    if (mine.outcome is ContactOutcome.ANSWERED) is not bool(call.bridged):
        yield Kind.OUTCOME, f"our contact is {mine.outcome}, Asterisk bridged {names(call.bridged)}"
        return
    bridged = frozenset(call.bridged)
    if not mine.phones <= bridged or not bridged <= mine.phones | mine.aside:
        yield Kind.AGENT, f"our legs were answered at {names(mine.phones)}, Asterisk bridged {names(bridged)}"
    if mine.answered_at is not None:
        yield from _instants(Kind.ANSWER_INSTANT, mine.answered_at, call.bridged_at, TOLERANCE)


def _instants(kind: Kind, ours: datetime, theirs: datetime | None, tolerance: timedelta) -> Iterator[tuple[Kind, str]]:
    if theirs is not None and abs(ours - theirs) > tolerance:
        yield kind, f"we say {ours:%F %T.%f}, Asterisk {theirs:%F %T.%f}"


def cdr_differences(call: AsteriskCall, talked: Set[str]) -> Iterator[tuple[Kind, str]]:
    """Say where the CDR of a call that is over does not have the phones that talked."""
    if call.cdr_rows == 0:
        yield Kind.NO_CDR, "Asterisk wrote no CDR for the call"
    elif not talked <= set(call.cdr_answered):
        yield Kind.CDR_ANSWER, f"the phones {names(talked)} answered, the CDR says {names(call.cdr_answered)}"


def queue_log_differences(
    lines: Iterable[str], calls: Mapping[str, AsteriskCall], phones: Mapping[str, str]
) -> Iterator[Difference]:
    """Compare whom the fallback queue connected, by its own log, with the bridges of the CEL. `phones`: agents'."""
    for line in lines:
        fields = line.split("|")
        call = calls.get(fields[1]) if len(fields) > 4 and fields[4] == "CONNECT" else None
        member = fields[3] if call else ""
        phone = phones.get(member, member.rpartition("/")[2].removesuffix("-web"))
        if call and phone not in call.bridged:
            text = f"queue_log connected phone {phone}, Asterisk bridged {names(call.bridged)}"
            yield Difference(Kind.QUEUE_LOG, call.linkedid, call.number, text)


def names(phones: Iterable[str]) -> str:
    """Return phones in words."""
    return ", ".join(sorted(phones)) or "none"
