"""One agent's lines of a queue_log into the stretches of its state: logged in, paused, talking. Pure.

Rules. Logged in: a member of one queue at least. Not ready: paused in every queue it is a member of, or by PAUSEALL;
the newest pause's reason counts. Talking goes before both. A line that only one who is logged in can have (a pause, a
talk, a log-out) implies the log-in: where the log, or Asterisk, began, unless it logged out since; then at the line
itself. What is open at the log's end stays open; a restart logs everybody out who is not heard of again.
"""

from __future__ import annotations

from center.records import AgentStateRecord
from imports.horizon import Horizon
from imports.names import Names, instant
from imports.queue_log import LOGINS, LOGOUTS, NOBODY, SEAT, TALK, Line
from messages.ids import CallId
from messages.values import AgentState

EPOCH = 0
"""The epoch of imported stretches; a centre's own begin with 1. Their `seq` is the µs since 1970 of their beginning."""
ALL = "*"
_RANK = {"UNPAUSE": 1, "UNPAUSEALL": 1, "PAUSE": 2, "PAUSEALL": 2, "CONNECT": 3}
TELLING = SEAT | TALK | {"RINGNOANSWER"}
_PAIRS = (
    ("PAUSE", "UNPAUSE"),
    ("PAUSEALL", "UNPAUSEALL"),
    ("ADDMEMBER", "REMOVEMEMBER"),
    ("AGENTLOGIN", "AGENTLOGOFF"),
    ("AGENTCALLBACKLOGIN", "AGENTCALLBACKLOGOFF"),
)
_OPPOSITE = {**dict(_PAIRS), **{second: first for first, second in _PAIRS}}
_State = tuple[AgentState, str, str]


class _Seat:
    """What is known of the agent at a line."""

    def __init__(self) -> None:
        self.queues: set[str] = set()
        self.paused: dict[str, str] = {}
        self.call = ""
        self.left = False

    def state(self) -> _State | None:
        """Return state, reason, call; None while logged out."""
        if self.call:
            return AgentState.TALKING, "", self.call
        if not self.queues:
            return None
        if ALL in self.paused or all(queue in self.paused for queue in self.queues):
            reason = next(reversed(self.paused.values())) if self.paused else ""
            return AgentState.NOT_READY, reason, ""
        return AgentState.READY, "", ""


def _order(line: Line) -> tuple[int, int, str]:
    rank = 0 if line.event in LOGINS else _RANK.get(line.event, 4 if line.event in LOGOUTS else 0)
    return line.at, rank, line.raw


def fold(lines: list[Line], horizon: Horizon, names: Names) -> list[AgentStateRecord]:
    """Return the agent's stretches, in order and without gaps or overlaps while it is logged in."""
    if not lines:
        return []
    changes: list[tuple[int, _State | None]] = []
    seat, edge = _Seat(), horizon.first
    restarts = list(horizon.restarts)
    for line in _meaning(lines):
        while restarts and restarts[0] <= line.at:
            edge, seat = restarts.pop(0), _Seat()
            changes.append((edge, None))
        begin = line.at if seat.left else min(edge, line.at)
        if _implies_log_in(seat, line):
            changes.append((begin, seat.state()))
        _take(seat, line)
        changes.append((line.at, seat.state()))
    if restarts:
        changes.append((restarts[0], None))
    return _stretches(changes, min(lines, key=_order).agent, names)


def _meaning(lines: list[Line]) -> list[Line]:
    """Return the lines in order. Two that undo each other within one instant change nothing, whichever came first."""
    ordered = sorted(lines, key=_order)
    there = {(line.at, line.queue, line.event) for line in lines if line.event in _OPPOSITE}
    if not there:
        return ordered
    return [
        line
        for line in ordered
        if line.event not in _OPPOSITE or (line.at, line.queue, _OPPOSITE[line.event]) not in there
    ]


def _stretches(changes: list[tuple[int, _State | None]], name: str, names: Names) -> list[AgentStateRecord]:
    records: list[AgentStateRecord] = []
    agent, phone = names.agent(name), names.phone(name)
    for place, (at, state) in enumerate(changes):
        until = changes[place + 1][0] if place + 1 < len(changes) else None
        if state is None or until == at:
            continue
        begin, end = instant(at), instant(until) if until is not None else None
        last = records[-1] if records else None
        if last and last.ended_at == begin and (last.state, last.reason, last.call or "") == state:
            last.ended_at = end
            continue
        records.append(
            AgentStateRecord(
                agent=agent,
                state=state[0],
                reason=state[1],
                phone=phone,
                call=CallId(state[2]) if state[2] else None,
                started_at=begin,
                ended_at=end,
                epoch=EPOCH,
                seq=at,
            )
        )
    return records


def _implies_log_in(seat: _Seat, line: Line) -> bool:
    """Log in whom the line shows to have been logged in before it; tell whether it did."""
    if seat.queues or line.event in LOGINS or (line.event in LOGOUTS and seat.left):
        return False
    queue = _queue(line)
    seat.queues.add(queue)
    if line.event in ("UNPAUSE", "UNPAUSEALL"):
        seat.paused[queue] = ""
    return True


def _take(seat: _Seat, line: Line) -> None:
    event, queue, data = line.event, _queue(line), line.data
    if event in LOGINS:
        seat.queues.add(queue)
        if data and data[0] == "PAUSED":  # app_queue.c: added already paused
            seat.paused[queue] = ""
    elif event in LOGOUTS:
        _log_out(seat, queue)
    elif event in ("PAUSE", "PAUSEALL"):
        seat.paused.pop(queue, None)
        seat.paused[queue] = data[0].strip() if data else ""
        if queue != ALL or not seat.queues:
            seat.queues.add(queue)
    elif event in ("UNPAUSE", "UNPAUSEALL"):
        if queue == ALL:
            seat.paused.clear()
        seat.paused.pop(queue, None)
    elif event == "CONNECT":
        seat.call = line.call
    elif event == "RINGNOANSWER":  # one who is rung for another call has ended the one before
        seat.call = seat.call if seat.call == line.call else ""
    elif seat.call == line.call:
        seat.call = ""


def _log_out(seat: _Seat, queue: str) -> None:
    """Leave a queue; who logs off leaves them all, and who leaves the last one is gone."""
    if queue == ALL:
        seat.queues.clear()
        seat.paused.clear()
    seat.queues.discard(queue)
    seat.paused.pop(queue, None)
    if not seat.queues - {ALL}:
        seat.queues.clear()
        seat.paused.clear()
        seat.left = True


def _queue(line: Line) -> str:
    return ALL if line.queue in NOBODY else line.queue
