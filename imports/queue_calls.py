"""One call's lines of a queue_log into its contact, visits and legs. Pure.

A function of the set of lines: neither their order nor how often they come counts. What a queue_log does not have stays
unknown: hold, wrap-up, and whatever follows a transfer. Whole seconds, but for RINGNOANSWER's ms (app_queue.c rna()).
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import msgspec

from center.records import ContactRecord, LegRecord, VisitRecord
from imports.horizon import Horizon
from imports.names import Names, instant
from imports.queue_data import count, hold_and_talk, spent, text, transferred_to
from imports.queue_log import COMPLETES, ENDS, NOBODY, TRANSFERS, US, Line
from imports.queue_order import in_order
from messages.ids import CallId, LegId, QueueId
from messages.values import ContactOutcome, LegEnd, Source

SOURCE = Source.QUEUE_LOG
_OUTCOMES = {
    "ABANDON": ContactOutcome.ABANDONED,
    "EXITWITHKEY": ContactOutcome.LEFT_BY_KEY,
    "EXITWITHTIMEOUT": ContactOutcome.TIMED_OUT,
    "EXITEMPTY": ContactOutcome.NO_AGENTS,
}


class Folded(NamedTuple):
    """What is kept of one contact; `settled`: its own lines, not what the log says of others, tell how it ended."""

    contact: ContactRecord
    visits: list[VisitRecord]
    legs: list[LegRecord]
    settled: bool


class _Stay(msgspec.Struct, gc=False):
    """One stay in one queue, the talk that came of it included. Instants in µs; `missed`: offer, end, agent, event."""

    queue: str
    asked: int
    number: str = ""
    position: int = 0
    left: int | None = None
    outcome: ContactOutcome | None = None
    answered: int | None = None
    agent: str = ""
    channel: str = ""
    rung: int = 0
    until: int | None = None
    end: LegEnd | None = None
    to: str = ""
    missed: list[tuple[int, int, str, str]] = []

    @property
    def is_over(self) -> bool:
        return self.until is not None or (self.left is not None and self.answered is None)


def fold(lines: list[Line], horizon: Horizon, names: Names) -> Folded | None:
    """Return what one call's lines say; None where none is of a queue."""
    lines = in_order(lines)
    stays: list[_Stay] = []
    current: dict[str, _Stay] = {}
    done: set[int] = set()
    did, last = "", 0
    for place, line in enumerate(lines):
        if place in done:
            continue
        event, queue, last = line.event, line.queue, line.at
        if event == "DID":
            did = text(line.data, 0)
            continue
        stay = current.get(queue)
        if event == "ENTERQUEUE":
            if stay is not None and not stay.is_over:
                _close_at_once(stay, lines, place, done)
            if stay is None or stay.is_over or line.at > stay.asked:
                stay = current[queue] = _Stay(queue, line.at)
                stays.append(stay)
            _entered(stay, line.data)
            continue
        if stay is None:
            stay = current[queue] = _Stay(queue, line.at - spent(line) * US)
            stays.append(stay)
        _step(stay, line)
    if not stays:
        return None
    if len(stays) > 1:
        _end_stays_between(stays)
    settled = stays[-1].is_over
    over = settled or _end_by_horizon(stays[-1], horizon.over_at(last))
    return _records(lines[0].call, stays, did, (over, settled), names)


def _close_at_once(stay: _Stay, lines: list[Line], place: int, done: set[int]) -> None:
    """Let a stay end by a line of the very second in which the next one in the same queue begins."""
    at = lines[place].at
    for later in range(place + 1, len(lines)):
        line = lines[later]
        if line.at != at:
            return
        if line.queue == stay.queue and line.event in ENDS | COMPLETES | TRANSFERS:
            _step(stay, line)
            done.add(later)
            return


def _entered(stay: _Stay, data: list[str]) -> None:
    """ENTERQUEUE: url, the caller's number, since Asterisk 10 the position too."""
    stay.number = text(data, 1) or stay.number
    stay.position = count(data, 2) or stay.position


def _step(stay: _Stay, line: Line) -> None:
    event, data, at = line.event, line.data, max(line.at, stay.asked)
    if event == "CONNECT":
        if stay.answered is None:
            stay.answered = stay.left = at
            stay.outcome, stay.agent, stay.channel = ContactOutcome.ANSWERED, line.agent, text(data, 1)
            stay.rung = count(data, 2) * US
        elif not stay.channel:  # its end came before it, by a clock that went back
            stay.channel = text(data, 1)
    elif event == "RINGNOANSWER" or event == "RINGCANCELED":
        stay.missed.append((max(stay.asked, at - count(data, 0) * 1000), at, line.agent, event))
    elif event in ENDS:
        if stay.answered is not None:
            _hang_up(stay, at, LegEnd.CITIZEN_HUNG_UP)
        elif stay.left is None:
            stay.left, stay.outcome = at, _OUTCOMES[event]
    elif event == "SYSCOMPAT":  # app_queue.c: the two channels could not be made to speak one codec; both are hung up
        stay.answered, stay.left, stay.outcome = None, at, ContactOutcome.LOST
        stay.missed.append((max(stay.asked, at - stay.rung), at, line.agent, event))
    else:
        _talked(stay, line, at)


def _talked(stay: _Stay, line: Line, at: int) -> None:
    """A talk ended, or went on without this agent."""
    if stay.answered is None:
        wait, talk = hold_and_talk(line)
        stay.answered = stay.left = max(stay.asked, at - talk * US)
        stay.asked = min(stay.asked, stay.answered - (wait * US if not stay.number else 0))
        stay.outcome, stay.agent = ContactOutcome.ANSWERED, line.agent
    stay.agent = stay.agent if stay.agent not in NOBODY else line.agent
    if line.event in TRANSFERS:
        if stay.end is not LegEnd.TRANSFERRED:
            _hang_up(stay, at, LegEnd.TRANSFERRED)
            stay.end, stay.to = LegEnd.TRANSFERRED, transferred_to(line)
    elif line.event == "COMPLETECALLER":
        _hang_up(stay, at, LegEnd.CITIZEN_HUNG_UP)
    else:
        _hang_up(stay, at, LegEnd.AGENT_HUNG_UP)


def _hang_up(stay: _Stay, at: int, end: LegEnd) -> None:
    if stay.until is None:
        stay.until, stay.end = max(at, stay.answered or at), end


def _end_stays_between(stays: list[_Stay]) -> None:
    """Put the stays in order and end those that have no end in the log by the next one's beginning."""
    stays.sort(key=lambda stay: (stay.asked, not stay.is_over, stay.queue))
    for stay, after in pairwise(stays):
        if stay.left is None:
            stay.left, stay.outcome, stay.to = max(stay.asked, after.asked), ContactOutcome.OVERFLOWED, after.queue
        elif stay.answered is not None and stay.until is None:
            stay.until, stay.end, stay.to = max(stay.answered, after.asked), LegEnd.TRANSFERRED, after.queue


def _end_by_horizon(newest: _Stay, over: int | None) -> bool:
    """End a stay that a restart cut off, or that was never heard of again; tell whether it is over."""
    if over is None:
        return False
    if newest.answered is not None:
        _hang_up(newest, over, LegEnd.LOST)
    else:
        newest.left, newest.outcome = max(over, newest.asked), ContactOutcome.LOST
    return True


def _records(call: str, stays: list[_Stay], did: str, state: tuple[bool, bool], names: Names) -> Folded:
    contact, calls = names.contact(call), CallId(call)
    first, newest = stays[0], stays[-1]
    over, settled = state
    answered = None
    for stay in stays:
        if stay.answered is not None:
            answered = stay
            break
    ended = max([stay.until or stay.left or stay.asked for stay in stays]) if over else None
    outcome = None
    if over:
        outcome = ContactOutcome.ANSWERED if answered else newest.outcome
    record = ContactRecord(
        contact=contact,
        call=calls,
        source=SOURCE,
        linkedid=call,
        number=first.number or next((stay.number for stay in stays if stay.number), ""),
        did=did,
        arrived_at=instant(first.asked),
        queue=names.queue(first.queue),
        queued_at=instant(first.asked),
        answered_at=instant(answered.answered) if answered and answered.answered is not None else None,
        ended_at=instant(ended) if ended is not None else None,
        outcome=outcome,
        by_citizen=_by_citizen(newest) if over else None,
        agent=names.agent(answered.agent) if answered else None,
        transferred=LegEnd.TRANSFERRED in [stay.end for stay in stays],
        by_asterisk=True,
        visits=len(stays),
    )
    visits: list[VisitRecord] = []
    legs: list[LegRecord] = []
    for n, stay in enumerate(stays, 1):
        queue, asked = names.queue(stay.queue), instant(stay.asked)
        visits.append(
            VisitRecord(
                contact=contact,
                n=n,
                source=SOURCE,
                call=calls,
                queue=queue,
                asked_at=asked,
                transferred=n > 1 and stays[n - 2].end is LegEnd.TRANSFERRED,
                position=stay.position,
                left_at=instant(stay.left) if stay.left is not None else None,
                outcome=stay.outcome,
                agent=names.agent(stay.agent) if stay.answered is not None else None,
                to=names.queue(stay.to) if stay.outcome is ContactOutcome.OVERFLOWED else None,
            )
        )
        legs += _legs(stay, record, queue, len(legs), names)
    return Folded(record, visits, legs, settled)


def _legs(stay: _Stay, contact: ContactRecord, queue: QueueId, before: int, names: Names) -> list[LegRecord]:
    legs: list[LegRecord] = []

    def add(
        name: str, agent: str, offered: int, answered: int | None, ended: int | None, end: LegEnd | None, to: str = ""
    ) -> None:
        legs.append(
            LegRecord(
                leg=LegId(name if name not in NOBODY else f"{contact.contact}/q{before + len(legs) + 1}"),
                contact=contact.contact,
                call=contact.call or CallId(""),
                queue=queue,
                agent=names.agent(agent),
                phone=names.phone(agent),
                queued_at=instant(stay.asked),
                offered_at=instant(offered),
                answered_at=instant(answered) if answered is not None else None,
                ended_at=instant(ended) if ended is not None else None,
                end=end,
                transferred_to=to,
                source=SOURCE,
            )
        )

    for offered, at, agent, event in stay.missed:
        end = LegEnd.NO_ANSWER
        if event == "SYSCOMPAT":
            end = LegEnd.LOST
        elif event == "RINGCANCELED":
            end = LegEnd.ANSWERED_ELSEWHERE if stay.answered is not None else LegEnd.CITIZEN_GONE
        add("", agent, offered, None, at, end)
    if stay.answered is not None:
        to = stay.to if stay.end is LegEnd.TRANSFERRED else ""
        offered = max(stay.asked, stay.answered - stay.rung)
        add(stay.channel, stay.agent, offered, stay.answered, stay.until, stay.end, to)
    return legs


def _by_citizen(newest: _Stay) -> bool | None:
    if newest.answered is None:
        return True if newest.outcome is ContactOutcome.ABANDONED else None
    return {LegEnd.CITIZEN_HUNG_UP: True, LegEnd.AGENT_HUNG_UP: False}.get(newest.end) if newest.end else None
