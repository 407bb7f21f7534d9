"""What first come, first served must give, call by call: the recursion on the instants at which agents are next free.

J. Kiefer & J. Wolfowitz, On the theory of queues with many servers, Trans. AMS 78, 1955: the next caller gets the agent
who is free first. With patience, a caller who would wait longer leaves and takes nobody's time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush, heapreplace

from messages.ids import CallId
from simulation.virtual import Caller


def waits(
    callers: Iterable[Caller], *, agents: int, start: datetime, ring_s: float = 0.0, wrap_up_s: float = 0.0
) -> Iterator[tuple[Caller, float, bool]]:
    """Yield each caller, their wait in seconds (ringing included), and whether they were answered.

    `wrap_up_s` is the queue's, of callers with none of their own. In whole microseconds throughout, as the centre is.
    """
    free, now, ringing = [start] * agents, start, timedelta(seconds=ring_s)
    heapify(free)
    for caller in callers:
        now += timedelta(seconds=caller.gap_s)
        offered = max(now, free[0])
        answered = offered + ringing
        leaves = now + timedelta(seconds=min(caller.patience_s, 1e9))
        if leaves <= offered:
            yield caller, (leaves - now).total_seconds(), False
        elif leaves <= answered:
            heapreplace(free, leaves)
            yield caller, (leaves - now).total_seconds(), False
        else:
            after_s = wrap_up_s if caller.wrap_up_s is None else caller.wrap_up_s
            ended = answered + timedelta(seconds=caller.talk_s)
            heapreplace(free, ended + timedelta(seconds=after_s))
            yield caller, (answered - now).total_seconds(), True


def waits_in_order(
    arrivals: Iterable[tuple[datetime, Caller]],
    *,
    agents: int,
    start: datetime,
    place: Callable[[datetime, Caller], datetime],
) -> dict[CallId, float]:
    """Return each patient caller's wait in seconds where a freed agent takes the one with the earliest place.

    `arrivals` in order of time; no wrap-up, no ringing. With place = arrival it is first come, first served.
    """
    free, found = [start] * agents, dict[CallId, float]()
    waiting: list[tuple[datetime, CallId, datetime, Caller]] = []

    def serve(now: datetime) -> None:
        """Let every agent who is free by now take whoever is first when they become so."""
        while waiting and free[0] <= now:
            _, call, came, caller = heappop(waiting)
            at = max(heappop(free), came)
            heappush(free, at + timedelta(seconds=caller.talk_s))
            found[call] = (at - came).total_seconds()

    for now, caller in arrivals:
        serve(now)
        heappush(waiting, (place(now, caller), caller.call, now, caller))
        serve(now)
    serve(datetime.max.replace(tzinfo=start.tzinfo))
    return found
