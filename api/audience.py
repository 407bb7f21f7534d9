"""The audience: everybody who follows the stream. Each batch of journalled entries is shown to those it is for.

Called by the mirror for each batch, it never waits: an event is encoded once a view (numbers whole or masked) and put
into the subscriptions that want it. A screen pop takes along what is known of the number, looked up at its arrival.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import structlog

from api.masking import all_masked, sees_numbers
from api.ports import History
from api.stream.ops import ENCODER
from api.stream.subscription import Subscription, Waiting
from center.pops import PopGate
from messages import events
from messages.codec import KINDS
from messages.events import Entry, Event
from messages.ids import AgentId, ContactId
from messages.masking import masked

log = structlog.get_logger()

RECENT = 5
REMEMBERED = 20_000


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
    """All subscriptions, those of plain agents found by their seat."""

    def __init__(self, history: History, pops: PopGate) -> None:
        self.counts = AudienceCounts()
        self._history = history
        self._pops = pops
        self._broad: set[int] = set()
        self._by_agent: dict[AgentId, set[int]] = {}
        self._members: dict[int, Member] = {}
        self._recent: OrderedDict[ContactId, list[dict[str, Any]]] = OrderedDict()
        self._lookups: set[asyncio.Task[None]] = set()
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
        if set(principal.roles) == {"agent"} and principal.agent:
            self._by_agent.setdefault(principal.agent, set()).add(self._next)
        else:
            self._broad.add(self._next)
        return self._next

    def leave(self, number: int) -> None:
        """Remove a subscription."""
        member = self._members.pop(number, None)
        self._broad.discard(number)
        if member and (agent := member.subscription.principal.agent) and (seats := self._by_agent.get(agent)):
            seats.discard(number)
            if not seats:
                del self._by_agent[agent]

    async def close(self) -> None:
        """Stop looking things up."""
        for task in list(self._lookups):
            task.cancel()
        await asyncio.gather(*self._lookups, return_exceptions=True)

    def show(self, entries: list[Entry]) -> None:
        """Put a batch into the subscriptions; the mirror's listener."""
        woken: set[int] = set()
        for entry in entries:
            self.counts.events += 1
            event = entry.event
            if type(event) is events.ContactArrived:
                self._look_up(event)
            self._show(entry, woken)
        for number in woken:
            self._members[number].wake()

    def tail(self, entry: Entry, whole: bool) -> bytes:
        """Return the part of an event's message that all who see it alike share, numbers whole or masked."""
        event = entry.event
        head = f'"at":"{stamp(entry.at)}","kind":"{KINDS[type(event)]}","event":'
        return head.encode() + self._body(event, whole)

    def _body(self, event: Event, whole: bool) -> bytes:
        number = getattr(event, "number", None)
        if type(event) is events.ScreenPop:
            recent = self._recent.get(event.contact, [])
            fields = {"kind": KINDS[type(event)], **msgspec.structs.asdict(event)}
            fields |= {
                "number": event.number if whole else masked(event.number),
                "recent_contacts": recent if whole else all_masked(recent),
                "cases": sorted({case for contact in recent for case in contact.get("cases", ())}),
                "flags": {"repeat": bool(recent)},
            }
            return ENCODER.encode(fields)
        if number and not whole:
            return ENCODER.encode(msgspec.structs.replace(event, number=masked(number)))
        return ENCODER.encode(event)

    def _show(self, entry: Entry, woken: set[int]) -> None:
        event = entry.event
        agent = getattr(event, "agent", None)
        seats = self._by_agent.get(agent, ()) if agent else ()
        tails: dict[bool, bytes] = {}
        is_pop = type(event) is events.ScreenPop
        sent = self._pop_sent(event) if is_pop else None
        seen = False
        for number in (*self._broad, *seats):
            member = self._members[number]
            subscription = member.subscription
            if not subscription.wants(event):
                continue
            if member.whole not in tails:
                tails[member.whole] = self.tail(entry, member.whole)
            own = is_pop and subscription.principal.agent == agent
            seen = seen or own
            subscription.put(Waiting(entry, tails[member.whole], sent if own else None))
            self.counts.frames += 1
            woken.add(number)
        if is_pop:
            self._count_pop(event, seen)

    def _pop_sent(self, event: Any) -> Callable[[], None]:
        return lambda: self._pops.left(event.leg)

    def _count_pop(self, event: Any, seen: bool) -> None:
        self.counts.pops += 1
        if event.contact not in self._recent:
            self.counts.pops_without_history += 1
        if not seen:
            self.counts.pops_unseen += 1
            self._pops.left(event.leg)

    def _look_up(self, event: events.ContactArrived) -> None:
        if not event.number:
            self._remember(event.contact, [])
            return
        task = asyncio.get_running_loop().create_task(self._fetch(event.contact, event.number))
        self._lookups.add(task)
        task.add_done_callback(self._lookups.discard)

    async def _fetch(self, contact: ContactId, number: str) -> None:
        try:
            found = await self._history.recent_contacts(number, RECENT + 1)
        except Exception as error:  # the pop leaves without it
            log.warning("a number's history could not be read", error=str(error))
            return
        self._remember(contact, [one for one in found if one.get("contact") != contact][:RECENT])

    def _remember(self, contact: ContactId, recent: list[dict[str, Any]]) -> None:
        self._recent[contact] = recent
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)


def stamp(at: datetime) -> str:
    """Return an instant in UTC as RFC 3339 with microseconds."""
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
