"""The reckoning: what SIPp saw, what Asterisk wrote down and what we say, call by call. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from imports.asterisk_log import AsteriskCall
from imports.reconcile import TOLERANCE, Difference, Kind, cdr_differences, names, queue_log_differences
from messages.values import ContactOutcome
from simulation.sip_log import SipCall

MOMENT = timedelta(seconds=5)
"""How far a lost call's end may be from Asterisk's: what its logs alone know ends at its next start."""


class Contact(Struct, kw_only=True):
    """A contact as our own export gives it."""

    contact: str
    linkedid: str = ""
    outcome: ContactOutcome | None = None
    agent: str | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    by_citizen: bool | None = None
    source: str = ""


class Pop(Struct, kw_only=True):
    """A screen pop as the agent's client got it; `at` the centre's instant, `received_at` the client's."""

    agent: str
    contact: str
    leg: str
    at: datetime
    received_at: datetime
    monotonic_s: float = 0.0
    withdrawn: str = ""


class Evidence(Struct, kw_only=True):
    """Everything that is reckoned.

    `counted`: calls that SIPp itself counted; `phones`: each agent's phone; `left`: each agent's last state;
    `faults`: whether something befell us; `asterisk_died`: when Asterisk did.
    """

    counted: int

    citizens: list[SipCall]
    phone_calls: list[SipCall]
    asterisk: dict[str, AsteriskCall]
    contacts: list[Contact]
    pops: list[Pop]
    phones: dict[str, str]
    left: dict[str, str]
    queue_log: list[str] = []
    faults: bool = False
    asterisk_died: list[datetime] = []


class Reckoning(Struct, kw_only=True):
    """The counts, and what does not agree.

    `pop_ms`: from the centre's decision to the agent's client; `margin_ms`: from there to the phone's INVITE.
    """

    calls: int
    answered: int
    abandoned: int
    lost: int
    pops: int
    pops_before_invite: int
    pop_ms: dict[str, float | None]
    margin_ms: dict[str, float | None]
    differences: list[Difference]
    explained: list[Difference]
    outcomes: dict[str, int]
    backfilled: int
    wait_s: dict[str, float | None]


EXPLAINED = (Kind.FALLBACK, Kind.NO_POP, Kind.LATE_POP, Kind.IDLE_POP)
"""What a fault explains."""


def reckon(evidence: Evidence) -> Reckoning:
    """Compare the records of every call and count."""
    pairs = list(_pops_and_invites(evidence))
    found = [
        *_calls(evidence),
        *_unclaimed(evidence),
        *_pop_differences(evidence, pairs),
        *_counted(evidence),
        *_left_busy(evidence),
        *queue_log_differences(evidence.queue_log, evidence.asterisk, evidence.phones),
    ]
    explained = [difference for difference in found if evidence.faults and difference.kind in EXPLAINED]
    differences = [difference for difference in found if difference not in explained]
    waits = sorted(_waits(evidence))
    outcomes = Counter(contact.outcome for contact in evidence.contacts)
    delays = sorted(_ms(pop.at, pop.received_at) for pop in evidence.pops)
    margins = sorted(_ms(pop.received_at, invite.invited_at) for pop, invite in pairs if pop and invite)
    return Reckoning(
        calls=len(evidence.citizens),
        answered=outcomes[ContactOutcome.ANSWERED],
        abandoned=outcomes[ContactOutcome.ABANDONED],
        lost=sum(difference.kind is Kind.LOST for difference in differences),
        pops=len(evidence.pops),
        pops_before_invite=sum(invite is not None and _in_time(pop, invite) for pop, invite in pairs if pop),
        pop_ms={"p50": percentile(delays, 50), "p99": percentile(delays, 99)},
        margin_ms={"min": percentile(margins, 0), "p50": percentile(margins, 50)},
        differences=differences,
        explained=explained,
        outcomes={str(outcome): count for outcome, count in outcomes.items()},
        backfilled=sum(contact.source == "backfill" for contact in evidence.contacts),
        wait_s={"p50": percentile(waits, 50), "p99": percentile(waits, 99), "max": percentile(waits, 100)},
    )


def percentile(ordered: list[float], percent: int) -> float | None:
    """Return the nearest-rank percentile of ordered values, None if there are none."""
    return round(ordered[max(0, -(-len(ordered) * percent // 100) - 1)], 3) if ordered else None


def _calls(evidence: Evidence) -> Iterator[Difference]:
    by_number = {call.number: call for call in evidence.asterisk.values()}
    talks: dict[str, list[SipCall]] = defaultdict(list)
    for call in evidence.phone_calls:
        if call.talked:
            talks[call.number].append(call)
    contacts: dict[str, list[Contact]] = defaultdict(list)
    for contact in evidence.contacts:
        contacts[contact.contact].append(contact)
    agents = {phone: agent for agent, phone in evidence.phones.items()}
    for citizen in evidence.citizens:
        asterisk = by_number.get(citizen.number)
        contact_id = asterisk.linkedid if asterisk else ""
        talked = [talk for talk in talks[citizen.number] if not _crossed(citizen, talk, asterisk)]
        died = _died(asterisk, evidence.asterisk_died) if asterisk else None
        case = _Case(citizen, asterisk, contacts[contact_id] if contact_id else [], talked, agents, died)
        for kind, text in case.differences():
            yield Difference(kind, contact_id, citizen.number, text)


def _crossed(citizen: SipCall, talk: SipCall, asterisk: AsteriskCall | None) -> bool:
    """Say whether the phone's answer met the citizen's hang-up on its way: Asterisk says which was first."""
    first = citizen.by_us and citizen.ended_at and talk.confirmed_at and citizen.ended_at < talk.confirmed_at
    return bool(first) and asterisk is not None and talk.callee not in asterisk.bridged


def _died(asterisk: AsteriskCall, deaths: list[datetime]) -> datetime | None:
    """Return when Asterisk died with the call, None where the call came to its own end."""
    begun = asterisk.started_at
    return None if asterisk.ended_at or begun is None else min((at for at in deaths if at >= begun), default=None)


class _Case:
    """One citizen's call in all four records."""

    def __init__(
        self,
        citizen: SipCall,
        asterisk: AsteriskCall | None,
        contacts: list[Contact],
        talks: list[SipCall],
        agents: dict[str, str],
        died: datetime | None = None,
    ) -> None:
        self.citizen, self.asterisk, self.contacts, self.talks, self.agents = citizen, asterisk, contacts, talks, agents
        self.died = died

    def differences(self) -> Iterator[tuple[Kind, str]]:
        citizen = self.citizen
        if not citizen.talked:
            yield Kind.REFUSED, f"the citizen was not let in: SIP {citizen.refused or 'gave no answer'}"
            return
        if citizen.ended_at is None:
            yield Kind.NOT_ENDED, "the citizen's call did not end"
        elif not self.talks and not citizen.by_us:
            yield Kind.LOST, "the hotline hung up on the citizen before anybody answered"
        if self.asterisk is None:
            yield Kind.NO_ASTERISK_CALL, "Asterisk's CEL does not know the call"
            return
        yield from self._asterisk(self.asterisk)
        if not self.contacts:
            yield Kind.NO_CONTACT, "we have no contact for the call"
            return
        if len(self.contacts) > 1:
            yield Kind.CONTACT_TWICE, f"we have {len(self.contacts)} contacts for the call"
        yield from self._contact(self.contacts[0])

    def _asterisk(self, asterisk: AsteriskCall) -> Iterator[tuple[Kind, str]]:
        talked = {call.callee for call in self.talks}
        if asterisk.fallback:
            yield Kind.FALLBACK, "the call went to the fallback queue"
        if set(asterisk.bridged) != talked:
            yield Kind.OUTCOME, f"the phones {names(talked)} answered, Asterisk bridged {names(asterisk.bridged)}"
        if not self.died:  # else it had no time to write a CDR
            yield from cdr_differences(asterisk, talked)

    def _contact(self, contact: Contact) -> Iterator[tuple[Kind, str]]:
        answered = contact.outcome is ContactOutcome.ANSWERED
        if contact.ended_at is None or contact.outcome is None:
            yield Kind.NOT_ENDED, "our contact has no end"
        elif answered is not bool(self.talks):
            yield Kind.OUTCOME, f"our contact is {contact.outcome}, the phones that answered: {names(self.talked)}"
        elif self.died and not answered and contact.outcome is not ContactOutcome.LOST:
            yield Kind.OUTCOME, f"Asterisk died with the call, our contact is {contact.outcome}"
        if self.died and contact.ended_at and abs(contact.ended_at - self.died) > MOMENT:
            yield Kind.LOST_MOMENT, f"Asterisk died at {self.died:%T.%f}, we say {contact.ended_at:%T.%f}"
        if not self.talks or not answered:
            return
        last = self.talks[-1]
        if contact.agent != self.agents.get(last.callee):
            yield Kind.AGENT, f"our contact names agent {contact.agent}, phone {last.callee} had the talk"
        first = self.talks[0].answered_at
        if contact.answered_at and first and abs(contact.answered_at - first) > TOLERANCE:
            yield Kind.ANSWER_INSTANT, f"we say {contact.answered_at:%T.%f}, the phone answered {first:%T.%f}"
        if contact.by_citizen is not None and not self.died and not (last.by_us and self.citizen.by_us):
            citizen_first = self.citizen.by_us
            if contact.by_citizen is not citizen_first:
                yield Kind.WHO_ENDED, f"{'the citizen' if citizen_first else 'the agent'} hung up, we say the other"

    @property
    def talked(self) -> list[str]:
        return [call.callee for call in self.talks]


def _unclaimed(evidence: Evidence) -> Iterator[Difference]:
    """Our contacts that no citizen of ours made."""
    numbers = {citizen.number for citizen in evidence.citizens}
    known = {call.linkedid for call in evidence.asterisk.values() if call.number in numbers}
    for contact in evidence.contacts:
        if contact.contact not in known:
            yield Difference(Kind.UNKNOWN_CONTACT, contact.contact, "", "no citizen's call belongs to this contact")


def _pops_and_invites(evidence: Evidence) -> Iterator[tuple[Pop | None, SipCall | None]]:
    """Pair the k-th pop of a contact at an agent with the k-th INVITE of its citizen at the agent's phone."""
    contact_of = {call.number: call.linkedid for call in evidence.asterisk.values()}
    agents = {phone: agent for agent, phone in evidence.phones.items()}
    pops: dict[tuple[str, str], list[Pop]] = defaultdict(list)
    invites: dict[tuple[str, str], list[SipCall]] = defaultdict(list)
    for pop in sorted(evidence.pops, key=lambda pop: pop.received_at):
        pops[pop.agent, pop.contact].append(pop)
    for call in sorted(evidence.phone_calls, key=lambda call: call.invited_at):
        if call.callee in agents:
            invites[agents[call.callee], contact_of.get(call.number, "")].append(call)
    for key in pops | invites:
        here, there = pops[key], invites[key]
        for k in range(max(len(here), len(there))):
            yield here[k] if k < len(here) else None, there[k] if k < len(there) else None


def _pop_differences(evidence: Evidence, pairs: list[tuple[Pop | None, SipCall | None]]) -> Iterator[Difference]:
    contact_of = {call.number: call.linkedid for call in evidence.asterisk.values()}
    for pop, invite in pairs:
        if pop is None and invite is not None:
            text = f"phone {invite.callee} rang and its agent got no screen pop"
            yield Difference(Kind.NO_POP, contact_of.get(invite.number, ""), invite.number, text)
        elif pop is not None and invite is None and not pop.withdrawn:
            yield Difference(Kind.IDLE_POP, pop.contact, "", f"agent {pop.agent} got a pop, and the phone did not ring")
        elif pop is not None and invite is not None and not _in_time(pop, invite):
            late = _ms(invite.invited_at, pop.received_at)
            text = f"agent {pop.agent} got the pop {late:.1f} ms after the phone's INVITE"
            yield Difference(Kind.LATE_POP, pop.contact, invite.number, text)


def _ms(since: datetime, until: datetime) -> float:
    return (until - since).total_seconds() * 1000


def _in_time(pop: Pop, invite: SipCall) -> bool:
    return pop.received_at < invite.invited_at


def _counted(evidence: Evidence) -> Iterator[Difference]:
    """SIPp's own count against its log of frames."""
    if evidence.counted != len(evidence.citizens):
        text = f"SIPp counts {evidence.counted} citizens' calls, its frames are of {len(evidence.citizens)}"
        yield Difference(Kind.SIPP_COUNT, "", "", text)


def _waits(evidence: Evidence) -> Iterator[float]:
    """How long each citizen waited for somebody, from when they were let in."""
    answered: dict[str, datetime] = {}
    for call in evidence.phone_calls:
        if call.answered_at is not None and call.talked:
            answered[call.number] = min(call.answered_at, answered.get(call.number, call.answered_at))
    for citizen in evidence.citizens:
        if citizen.answered_at and (first := answered.get(citizen.number)):
            yield round((first - citizen.answered_at).total_seconds(), 3)


def _left_busy(evidence: Evidence) -> Iterator[Difference]:
    for agent, state in evidence.left.items():
        if state not in ("ready", "not_ready", "logged_out"):
            yield Difference(Kind.AGENT_LEFT_BUSY, "", "", f"agent {agent} is still {state} after the last call")
