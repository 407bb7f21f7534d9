"""The audience: everybody who follows the stream. Each batch of journalled entries is shown to those it is for.

Called by the mirror for each batch, it never waits: an event is encoded once a view (numbers whole or masked) and put
into the subscriptions that want it. A screen pop takes along what is known of the number, looked up at its arrival.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from api import rights
from api.callers import NOTHING, Callers
from api.masking import is_own_number, keeps_confidence, masked_event, sees_numbers
from api.ports import History
from api.stream.ops import ENCODER
from api.stream.subscription import Subscription, Waiting
from center.pops import PopGate
from center.state import State
from messages import events
from messages.codec import KINDS
from messages.events import Entry, Event
from messages.masking import masked
from messages.principal import Principal


class AudienceCounts(msgspec.Struct):
    """What the audience has done."""

    events: int = 0
    frames: int = 0
    pops: int = 0
    pops_unseen: int = 0
    """Pops for agents without a desktop connected."""
    pops_without_history: int = 0


class Member(msgspec.Struct):
    """A subscription and how to wake the one who sends for it."""

    subscription: Subscription
    wake: Callable[[], None]
    whole: bool


class Audience:
    """All subscriptions; those that see nothing whole are found by the seat and the user an event is about."""

    def __init__(self, history: History, pops: PopGate, state: State) -> None:
        self.counts = AudienceCounts()
        self.scope = rights.Scope(state)
        self.callers = Callers(history)
        self._pops = pops
        self._broad: set[int] = set()
        self._personal: dict[str, set[int]] = {}
        self._members: dict[int, Member] = {}
        self._next = 0

    def __repr__(self) -> str:
        return f"<Audience: {len(self._members)} members, {self.counts}>"

    @property
    def size(self) -> int:
        """How many subscriptions there are."""
        return len(self._members)

    def join(self, subscription: Subscription, wake: Callable[[], None]) -> int:
        """Add a subscription; return the number to leave with. It is shown what comes from now on."""
        self._next += 1
        principal = subscription.principal
        self._members[self._next] = Member(subscription, wake, sees_numbers(principal))
        if rights.kinds_seen(principal):
            self._broad.add(self._next)
        else:
            for name in _names(principal):
                self._personal.setdefault(name, set()).add(self._next)
        return self._next

    def leave(self, number: int) -> None:
        """Remove a subscription."""
        member = self._members.pop(number, None)
        self._broad.discard(number)
        for name in _names(member.subscription.principal) if member else ():
            if found := self._personal.get(name):
                found.discard(number)
                if not found:
                    del self._personal[name]

    async def close(self) -> None:
        """Stop looking callers up."""
        await self.callers.close()

    def show(self, entries: list[Entry]) -> None:
        """Put a batch into the subscriptions; the mirror's listener."""
        woken: set[int] = set()
        for entry in entries:
            self.counts.events += 1
            event = entry.event
            self.scope.note(event)
            if type(event) is events.ContactArrived:
                self.callers.arrived(event)
            self._show(entry, woken)
        for number in woken:
            self._members[number].wake()

    def sees_whole(self, event: Event, principal: Principal) -> bool:
        """Tell whether an event's numbers are shown whole to a principal."""
        open_ = sees_numbers(principal) or is_own_number(event, principal)
        return open_ and not keeps_confidence(event, self.scope.state)

    def tail(self, entry: Entry, whole: bool) -> bytes:
        """Return the part of an event's message that all who see it alike share, numbers whole or masked."""
        head = f'"at":"{stamp(entry.at)}","kind":"{KINDS[type(entry.event)]}","event":'
        return head.encode() + ENCODER.encode(self._shown(entry, whole))

    def _shown(self, entry: Entry, whole: bool) -> Event | dict[str, Any]:
        if isinstance(entry.event, events.ScreenPop):
            return self._pop(entry, entry.event, whole)
        return entry.event if whole else masked_event(entry.event)

    def _pop(self, entry: Entry, pop: events.ScreenPop, whole: bool) -> dict[str, Any]:
        known = self.callers.known(pop.contact) or NOTHING
        recent, cases = known.openly(self.scope.state) if whole else (known.masked, known.cases)
        return {
            "kind": KINDS[events.ScreenPop],
            "id": f"{entry.epoch}-{entry.seq}",
            **msgspec.structs.asdict(pop),
            "number": pop.number if whole else masked(pop.number),
            "area": None,
            "recent_contacts": recent,
            "cases": cases,
            "flags": {
                "repeat": known.repeat,
                "confidential": pop.confidential,
                "malicious": pop.malicious,
                "priority": pop.priority > 0,
            },
        }

    def _show(self, entry: Entry, woken: set[int]) -> None:
        event = entry.event
        names = [f"user {getattr(event, 'by', None)}", *(f"agent {agent}" for agent in self.scope.agents_of(event))]
        personal = {number for name in names for number in self._personal.get(name, ())}
        tails: dict[bool, bytes] = {}
        is_pop = type(event) is events.ScreenPop
        sent = self._pop_sent(event) if is_pop else None
        seen, confidential = False, keeps_confidence(event, self.scope.state)
        for number in (*self._broad, *personal):
            member = self._members[number]
            subscription = member.subscription
            if not subscription.wants(event):
                continue
            whole = not confidential and (member.whole or is_own_number(event, subscription.principal))
            if whole not in tails:
                tails[whole] = self.tail(entry, whole)
            own = isinstance(event, events.ScreenPop) and subscription.principal.agent == event.agent
            seen = seen or own
            subscription.put(Waiting(entry, tails[whole], sent if own else None))
            self.counts.frames += 1
            woken.add(number)
        if is_pop:
            self._count_pop(event, seen)

    def _pop_sent(self, event: Any) -> Callable[[], None]:
        return lambda: self._pops.left(event.leg)

    def _count_pop(self, event: Any, seen: bool) -> None:
        self.counts.pops += 1
        if self.callers.known(event.contact) is None:
            self.counts.pops_without_history += 1
        if not seen:
            self.counts.pops_unseen += 1
            self._pops.left(event.leg)


def _names(principal: Principal) -> tuple[str, str]:
    """Return under what a principal's personal events are found."""
    return f"agent {principal.agent}", f"user {principal.user}"


def stamp(at: datetime) -> str:
    """Return an instant in UTC as RFC 3339 with microseconds."""
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
