"""One linked call's CEL rows into its contact, visits and legs. Pure.

A function of the set of rows. In our own dialplan the citizen's channel is the one that userfield names; in another
the one that began it all. A leg is another phone's part; its talk is the time it shares a bridge with the citizen, or,
where Local channels stand between, its own time in a bridge. CEL knows nothing of ringing, hold and wrap-up.
"""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from center.records import ContactRecord, LegRecord, VisitRecord
from imports.cel import Row
from imports.cel_talks import Party, leg_end, talk
from imports.horizon import Horizon
from imports.merge import CEL
from imports.names import Names, instant
from imports.queue_calls import Folded
from messages.ids import CallId, LegId
from messages.values import ContactOutcome, Direction, LegEnd

_RANK = {kind: n for n, kind in enumerate(("CHAN_START", "APP_START", "BRIDGE_ENTER", "BRIDGE_EXIT"))}
_ENDINGS = {"APP_END": 5, "HANGUP": 6, "LINKEDID_END": 7}
_INTERNAL = frozenset({"phones", "outbound", "ring", "hotline-aside"})
"""Contexts of our dialplan in which no citizen's call begins."""
_HELPERS = re.compile(r"(?:Local|Announcer|Recorder|CBAnn|CBRec|Surrogate|Message|Snoop)/")
_PAUSE_US = 50_000
"""An AGI that ends this long before the hang-up ended by taking up another application: the caller began to wait."""

_REFUSED_US = 200_000
"""A queue that was left so soon let nobody in (`joinempty`); its own log has no line of that."""


class _Call(msgspec.Struct):
    parties: dict[str, Party] = {}
    contact: str = ""
    ended: int | None = None
    has_local: bool = False
    queues: list[tuple[int, int | None, str]] = []
    agi_ends: list[int] = []


def _order(row: Row) -> tuple[int, int, str]:
    return row.at, _RANK.get(row.kind, _ENDINGS.get(row.kind, 4)), row.raw


def fold(rows: list[Row], horizon: Horizon, names: Names) -> Folded | None:
    """Return what one linked call's rows say; None where it is no citizen's."""
    rows = sorted({row.raw: row for row in rows}.values(), key=_order)
    call = _gathered(rows)
    linked = rows[0].linkedid
    citizen = call.parties.get(call.contact) or call.parties.get(linked)
    if citizen is None or (not call.contact and citizen.context in _INTERNAL):
        return None
    ended = citizen.ended if citizen.ended is not None else call.ended
    settled = ended is not None
    over = ended if settled else horizon.over_at(rows[-1].at)
    out = citizen.uniqueid != linked
    contact = names.contact(call.contact or linked)
    base = LegRecord(
        leg=LegId(""), contact=contact, call=CallId(citizen.uniqueid), offered_at=instant(rows[0].at), source=CEL
    )
    legs = _legs(call, citizen, base, over, settled, names)
    talks = [leg for leg in legs if leg.answered_at is not None]
    first = min(talks, key=lambda leg: (leg.answered_at or leg.offered_at, leg.leg)) if talks else None
    visits = _visits(call, citizen, base, legs, over, settled, names)
    record = ContactRecord(
        contact=contact,
        call=base.call,
        source=CEL,
        linkedid=linked,
        number=citizen.num,
        did="" if out else citizen.exten,
        arrived_at=instant(citizen.started),
        queue=visits[0].queue if visits else None,
        queued_at=visits[0].asked_at if visits else _waited_from(call, over),
        answered_at=first.answered_at if first else None,
        ended_at=instant(over) if over is not None else None,
        agent=first.agent if first else None,
        transferred=any(leg.end is LegEnd.TRANSFERRED for leg in legs),
        by_asterisk=bool(visits),
        direction=Direction.OUT if out else Direction.IN,
        visits=len(visits),
    )
    if over is not None:
        record.outcome = _outcome(record, visits, call, legs, settled)
        record.by_citizen = _by_citizen(citizen, record.outcome, talks)
    return Folded(record, visits, legs, settled)


def _gathered(rows: list[Row]) -> _Call:
    call = _Call()
    for row in rows:
        if row.kind == "LINKEDID_END":
            call.ended = row.at
        party = call.parties.get(row.uniqueid)
        if party is None:
            party = call.parties[row.uniqueid] = Party(row.uniqueid, row.channel, row.context, row.at)
            party.exten, party.num = row.exten, row.num
            call.has_local = call.has_local or row.channel.startswith("Local/")
        if row.userfield and not call.contact:
            call.contact = row.userfield
        party.take(row)
    citizen = call.contact or rows[0].linkedid
    for row in rows:
        if row.uniqueid != citizen:
            continue
        party = call.parties[citizen]
        party.num, party.exten = party.num or row.num, row.dnid or party.exten
        if row.kind == "APP_START" and row.app == "Queue":
            call.queues.append((row.at, None, row.appdata.partition(",")[0]))
        elif row.kind == "APP_END" and row.app == "Queue" and call.queues:
            asked, _, queue = call.queues[-1]
            call.queues[-1] = (asked, row.at, queue)
        elif row.kind == "APP_END" and row.app == "AGI":
            call.agi_ends.append(row.at)
    return call


def _legs(
    call: _Call, citizen: Party, base: LegRecord, over: int | None, settled: bool, names: Names
) -> list[LegRecord]:
    found: list[tuple[Party, LegRecord]] = []
    spans = {
        party.uniqueid: talk(citizen, party, call.has_local)
        for party in call.parties.values()
        if party is not citizen and not _HELPERS.match(party.channel) and not party.listens
    }
    answers = [span[0] for span in spans.values() if span]
    for party in sorted(call.parties.values(), key=lambda party: (party.started, party.uniqueid)):
        if party.uniqueid not in spans:
            continue
        span = spans[party.uniqueid]
        until = party.ended if span is None or span[1] is None else span[1]
        until = until if until is not None else over
        until = until if until is None else max(until, party.started, span[0] if span else 0)
        end = None if until is None else leg_end(citizen, party, span, until, answers)
        if until is not None and not settled and party.ended is None:
            end = LegEnd.LOST
        queue = next((name for asked, left, name in call.queues if asked <= party.started), "")
        leg = msgspec.structs.replace(
            base,
            leg=LegId(party.uniqueid),
            agent=names.agent(party.phone),
            phone=names.phone(party.phone),
            queue=names.queue(queue) if queue else None,
            queued_at=instant(call.queues[0][0]) if queue else None,
            offered_at=instant(party.started),
            answered_at=instant(span[0]) if span else None,
            ended_at=instant(until) if until is not None else None,
            end=end,
            transferred_to=party.to if end is LegEnd.TRANSFERRED else "",
        )
        found.append((party, leg))
    return _one_leg_an_offer(found)


def _one_leg_an_offer(found: list[tuple[Party, LegRecord]]) -> list[LegRecord]:
    """Make one leg of an agent's two devices (1001 and 1001-web) that were rung at once: the one that talked."""
    legs: list[LegRecord] = []
    for _, leg in found:
        others = (one for one in legs if one.agent == leg.agent)
        other = next((one for one in others if one.ended_at is None or one.ended_at > leg.offered_at), None)
        if other is None:
            legs.append(leg)
        elif leg.answered_at is not None and other.answered_at is None:
            legs[legs.index(other)] = msgspec.structs.replace(leg, offered_at=other.offered_at)
    return legs


def _visits(
    call: _Call, citizen: Party, base: LegRecord, legs: list[LegRecord], over: int | None, settled: bool, names: Names
) -> list[VisitRecord]:
    """Return the stays in app_queue; why one without an answer was left, only the queue_log knows."""
    visits: list[VisitRecord] = []
    for n, (asked, left, name) in enumerate(call.queues, 1):
        until = call.queues[n][0] if n < len(call.queues) else over
        until = left if left is not None else until
        talks = [
            leg
            for leg in legs
            if leg.answered_at is not None
            and leg.offered_at >= instant(asked)
            and (until is None or leg.answered_at <= instant(until))
        ]
        visit = VisitRecord(
            contact=base.contact, n=n, call=base.call, queue=names.queue(name), asked_at=instant(asked), source=CEL
        )
        if talks:
            visit.left_at, visit.agent, visit.outcome = talks[0].answered_at, talks[0].agent, ContactOutcome.ANSWERED
        elif until is not None:
            gone = over is not None and over - until < _PAUSE_US
            visit.left_at = instant(until)
            empty = until - asked < _REFUSED_US
            visit.outcome = ContactOutcome.NO_AGENTS if empty else ContactOutcome.TIMED_OUT
            visit.outcome = ContactOutcome.ABANDONED if gone else visit.outcome
            if not settled and n == len(call.queues):
                visit.outcome = ContactOutcome.LOST
        visits.append(visit)
    return visits


def _waited_from(call: _Call, over: int | None) -> datetime | None:
    """Return when a caller whom our server holds began to wait: the AGI gave way to music (pbx_exec ends the other)."""
    if call.agi_ends and (over is None or over - call.agi_ends[0] > _PAUSE_US):
        return instant(call.agi_ends[0])
    return None


def _outcome(
    record: ContactRecord, visits: list[VisitRecord], call: _Call, legs: list[LegRecord], settled: bool
) -> ContactOutcome:
    if record.answered_at is not None:
        return ContactOutcome.ANSWERED
    if not settled:
        return ContactOutcome.LOST
    if record.direction is Direction.OUT:
        return ContactOutcome.NOT_REACHED
    if visits:
        return visits[-1].outcome or ContactOutcome.ABANDONED
    return ContactOutcome.ABANDONED if legs or record.queued_at is not None else ContactOutcome.ENDED_IN_IVR


def _by_citizen(citizen: Party, outcome: ContactOutcome | None, talks: list[LegRecord]) -> bool | None:
    if outcome is ContactOutcome.LOST:
        return None
    if citizen.hung_up_by:
        return citizen.hung_up_by == citizen.channel
    return True if outcome is ContactOutcome.ABANDONED else None
