"""The real centre in virtual time: random callers come, wait, talk and go; telephony is played, months in seconds.

Speaks with the centre in messages/ alone: commands come in, facts and requests go out, ticks at its deadlines.
All chance is here and seeded, each stream of callers with a generator of its own, so that a caller behaves the same
whatever the centre does with the others.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush

from msgspec import Struct

from center.apply import Center, Message
from center.settings import CenterSettings
from messages import commands, facts, requests
from messages.events import Entry
from messages.ids import AgentId, CallId, ContactId, LegId, NodeId, Phone, QueueId, UserId
from messages.values import LegEnd

START = datetime(2026, 11, 24, tzinfo=UTC)
NODE, BY = NodeId("virtual"), UserId("virtual")

Draw = Callable[[random.Random], float]
"""Seconds, drawn from a generator."""


def exponential(mean_s: float) -> Draw:
    """Return draws with an exponential distribution."""
    return lambda chance: chance.expovariate(1 / mean_s)


def fixed(seconds: float) -> Draw:
    """Return what is always the same."""
    return lambda chance: seconds


def lognormal(mean_s: float, variation: float) -> Draw:
    """Return draws with a lognormal distribution of a mean and a coefficient of variation (σ ÷ mean), as talks have."""
    spread = math.log1p(variation * variation)
    return lambda chance: chance.lognormvariate(math.log(mean_s) - spread / 2, math.sqrt(spread))


Joins = Callable[[CallId, datetime], facts.CallQueued]


def joins(queue: QueueId) -> Joins:
    """Return what tells the centre that a caller joins a queue, and asks for nothing else."""
    return lambda call, now: facts.CallQueued(occurred=now, node=NODE, call=call, queue=queue)


class Stream(Struct, frozen=True, kw_only=True):
    """One class of callers: Poisson with `rate` calls a second; who has no `patience` waits for ever.

    `wrap_up`: the agent presses ready after so long (the queue's own timer must be longer); without it the timer ends
    it. `queued`: makes the fact by which a caller joins: queue, and whatever else the centre takes; where it routes by
    numbers, `did` and `number` say who dialled what.
    """

    name: str
    rate: float
    talk: Draw
    queued: Joins
    patience: Draw | None = None
    wrap_up: Draw | None = None
    did: str = "12345"
    number: str = "13800001234"


class Caller(Struct, kw_only=True):
    """One citizen, and all that chance has in store for them. Seconds."""

    stream: Stream
    call: CallId
    gap_s: float
    """Since the caller before of the same stream."""
    talk_s: float
    patience_s: float
    wrap_up_s: float | None
    ringing: dict[LegId, Phone] = {}
    talks: bool = False


def population(stream: Stream, seed: int) -> Iterator[Caller]:
    """Yield a stream's callers in order of coming, the same for the same seed, without end."""
    chance = random.Random(f"{seed} {stream.name}")
    for number in itertools.count():
        yield Caller(
            stream=stream,
            call=CallId(f"{stream.name}-{number:09d}"),
            gap_s=chance.expovariate(stream.rate),
            talk_s=stream.talk(chance),
            patience_s=stream.patience(chance) if stream.patience else math.inf,
            wrap_up_s=stream.wrap_up(chance) if stream.wrap_up else None,
        )


def stream_of(call: CallId) -> str:
    """Return the name of the stream that a call came from."""
    return call.rpartition("-")[0]


def ringing(offer: commands.OfferCall) -> tuple[tuple[LegId, Phone], ...]:
    """Return the legs that an offer rings and their phones: the one place that knows how an offer says so."""
    return tuple((ringing.leg, ringing.phone) for ringing in offer.legs)


class VirtualHotline:
    """A centre, its agents (all ready from the start), its callers, and the telephony between them.

    `ring`: how long a phone rings before the agent answers, less than the queue's `ring_s`. `watch` is shown every
    entry. The state of everything depends on the settings, the streams and the seed alone.
    """

    def __init__(
        self,
        settings: CenterSettings,
        streams: Iterable[Stream],
        *,
        seed: int = 12345,
        ring: Draw | None = None,
        watch: Callable[[Entry], None] | None = None,
    ) -> None:
        self.center = Center(settings)
        self.now = START
        self.callers: dict[CallId, Caller] = {}
        self.messages = 0
        self._ring, self._chance = ring, random.Random(f"{seed} phones")
        self._watch = watch
        self._seats = {agent.phone: agent.id for agent in settings.agents}
        self._agenda: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = 0
        self._begin()
        for stream in streams:
            self._next_caller(population(stream, seed))

    def __repr__(self) -> str:
        return f"<VirtualHotline at {self.now}: {len(self.callers)} callers>"

    def run(self, until: datetime) -> None:
        """Let time pass until an instant."""
        center, agenda = self.center, self._agenda
        while True:
            deadline = center.next_deadline()
            if deadline is not None and (not agenda or deadline <= agenda[0][0]):
                if deadline > until:
                    break
                self.now = max(self.now, deadline)
                self._tell(requests.Tick())
            elif agenda and agenda[0][0] <= until:
                self.now, _, act = heappop(agenda)
                act()
            else:
                break
        self.now = until

    def _begin(self) -> None:
        for entry in self.center.start(self.now).entries:
            self._show(entry)
        self._tell(facts.NodeUp(occurred=self.now, node=NODE))
        for agent in self._seats.values():
            self._tell(requests.LogIn(by=BY, agent=agent))
            self._tell(requests.GoReady(by=BY, agent=agent))

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        self._order += 1
        heappush(self._agenda, (self.now + timedelta(seconds=seconds), self._order, act))

    def _show(self, entry: Entry) -> None:
        if self._watch:
            self._watch(entry)

    def _tell(self, message: Message) -> None:
        """Give the centre a message, then do what it commands."""
        self.messages += 1
        outcome = self.center.apply(message, self.now)
        for entry in outcome.entries:
            self._show(entry)
        for command in outcome.commands:
            if isinstance(command, commands.OfferCall):
                self._offered(command)
            elif isinstance(command, commands.WithdrawOffer) and (caller := self.callers.get(command.call)):
                caller.ringing.pop(command.leg, None)

    def _next_caller(self, callers: Iterator[Caller]) -> None:
        caller = next(callers)

        def come() -> None:
            self._next_caller(callers)
            self._arrive(caller)

        self._after(caller.gap_s, come)

    def _arrive(self, caller: Caller) -> None:
        call, now, stream = caller.call, self.now, caller.stream
        self.callers[call] = caller
        contact = ContactId(call)
        self._tell(
            facts.CallArrived(occurred=now, node=NODE, call=call, contact=contact, number=stream.number, did=stream.did)
        )
        if caller.patience_s < math.inf:
            self._after(caller.patience_s, lambda: self._give_up(caller))
        self._tell(stream.queued(call, now))

    def _give_up(self, caller: Caller) -> None:
        if not caller.talks and caller.call in self.callers:
            del self.callers[caller.call]
            caller.ringing.clear()
            self._tell(facts.CallHungUp(occurred=self.now, node=NODE, call=caller.call, by_citizen=True))

    def _offered(self, offer: commands.OfferCall) -> None:
        caller = self.callers[offer.call]
        for leg, phone in ringing(offer):
            caller.ringing[leg] = phone
        for leg, phone in ringing(offer):
            if caller.talks:
                break
            self._tell(facts.LegRinging(occurred=self.now, node=NODE, call=offer.call, leg=leg, phone=phone))
            if self._ring is None:
                self._answer(caller, leg)
            else:
                self._after(self._ring(self._chance), lambda leg=leg: self._answer(caller, leg))  # type: ignore[misc]

    def _answer(self, caller: Caller, leg: LegId) -> None:
        phone = caller.ringing.pop(leg, None)
        if phone is None or caller.talks:
            return
        caller.talks = True
        others, caller.ringing = caller.ringing, {}
        self._tell(facts.LegAnswered(occurred=self.now, node=NODE, call=caller.call, leg=leg, phone=phone))
        for other, its in others.items():
            self._end_leg(caller, other, its, LegEnd.ANSWERED_ELSEWHERE)
        self._after(caller.talk_s, lambda: self._finish(caller, leg, phone))

    def _end_leg(self, caller: Caller, leg: LegId, phone: Phone, why: LegEnd) -> None:
        self._tell(facts.LegEnded(occurred=self.now, node=NODE, call=caller.call, leg=leg, phone=phone, why=why))

    def _finish(self, caller: Caller, leg: LegId, phone: Phone) -> None:
        call, now = caller.call, self.now
        self._end_leg(caller, leg, phone, LegEnd.AGENT_HUNG_UP)
        self._tell(facts.DialReturned(occurred=now, node=NODE, call=call, leg=leg, status="ANSWER"))
        self._tell(facts.CallHungUp(occurred=now, node=NODE, call=call, by_citizen=False))
        del self.callers[call]
        if caller.wrap_up_s is not None:
            self._after(caller.wrap_up_s, lambda: self._ready(self._seats[phone]))

    def _ready(self, agent: AgentId) -> None:
        self._tell(requests.GoReady(by=BY, agent=agent))
