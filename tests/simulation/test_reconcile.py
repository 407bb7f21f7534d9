"""The reckoning finds every way in which SIPp, Asterisk and we may disagree about a call, and none where all agree."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from imports.asterisk_log import AsteriskCall
from imports.reconcile import Kind
from messages.values import ContactOutcome
from simulation.reconcile import Contact, Evidence, Pop, percentile, reckon
from simulation.sip_log import SipCall

START = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def answered_call() -> Evidence:
    """One citizen, answered by the second agent, who hangs up."""
    return Evidence(
        counted=1,
        citizens=[
            SipCall(
                call_id="c",
                number="13800000001",
                callee="12345",
                placed=True,
                invited_at=at(0),
                answered_at=at(0.01),
                confirmed_at=at(0.02),
                ended_at=at(4),
            )
        ],
        phone_calls=[
            SipCall(
                call_id="p",
                number="13800000001",
                callee="1002",
                placed=False,
                invited_at=at(0.5),
                answered_at=at(0.8),
                confirmed_at=at(0.81),
                ended_at=at(3.9),
                by_us=True,
            )
        ],
        asterisk={
            "n-1.0": AsteriskCall(
                linkedid="n-1.0",
                number="13800000001",
                started_at=at(0),
                ended_at=at(4),
                rung=["1002"],
                bridged=["1002"],
                cdr_rows=1,
                cdr_answered=["1002"],
            )
        },
        contacts=[
            Contact(
                contact="n-1.0",
                outcome=ContactOutcome.ANSWERED,
                agent="a2",
                answered_at=at(0.82),
                ended_at=at(4),
                by_citizen=False,
            )
        ],
        pops=[Pop(agent="a2", contact="n-1.0", leg="n-1.0/1", at=at(0.4), received_at=at(0.405))],
        phones={"a1": "1001", "a2": "1002"},
        left={"a1": "ready", "a2": "ready"},
    )


def abandoned_call() -> Evidence:
    """One citizen who hangs up before anybody rings."""
    evidence = answered_call()
    evidence.phone_calls, evidence.pops = [], []
    evidence.citizens = [replace(evidence.citizens[0], by_us=True, ended_at=at(1))]
    asterisk = replace(evidence.asterisk["n-1.0"], rung=[], bridged=[], cdr_answered=[])
    evidence.asterisk = {"n-1.0": asterisk}
    evidence.contacts = [
        Contact(contact="n-1.0", outcome=ContactOutcome.ABANDONED, ended_at=at(1), by_citizen=True),
    ]
    return evidence


def test_an_answered_call_on_which_all_agree() -> None:
    result = reckon(answered_call())
    assert result.differences == []
    assert (result.calls, result.answered, result.abandoned, result.lost) == (1, 1, 0, 0)
    assert (result.pops, result.pops_before_invite, result.pop_ms) == (1, 1, {"p50": 5.0, "p99": 5.0})
    assert result.margin_ms == {"min": 95.0, "p50": 95.0}


def test_an_abandoned_call_on_which_all_agree() -> None:
    result = reckon(abandoned_call())
    assert result.differences == []
    assert (result.calls, result.answered, result.abandoned, result.pops) == (1, 0, 1, 0)
    assert result.pop_ms == {"p50": None, "p99": None}


def _change(name: str, **values: object) -> Callable[[Evidence], None]:
    def change(evidence: Evidence) -> None:
        records = getattr(evidence, name)
        if isinstance(records, dict):
            records["n-1.0"] = replace(records["n-1.0"], **values)
        else:
            records[0] = replace(records[0], **values)

    return change


def _clear(name: str) -> Callable[[Evidence], None]:
    return lambda evidence: getattr(evidence, name).clear()


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        (_change("citizens", answered_at=None, confirmed_at=None, refused=503), {Kind.REFUSED}),
        (_change("citizens", ended_at=None), {Kind.NOT_ENDED}),
        (_clear("asterisk"), {Kind.NO_ASTERISK_CALL, Kind.UNKNOWN_CONTACT, Kind.NO_POP, Kind.IDLE_POP}),
        (_change("asterisk", bridged=["1001"]), {Kind.OUTCOME}),
        (_change("asterisk", fallback=True), {Kind.FALLBACK}),
        (_change("asterisk", cdr_rows=0), {Kind.NO_CDR}),
        (_change("asterisk", cdr_answered=["1001"]), {Kind.CDR_ANSWER}),
        (_clear("contacts"), {Kind.NO_CONTACT}),
        (_change("contacts", outcome=None, ended_at=None), {Kind.NOT_ENDED}),
        (_change("contacts", outcome=ContactOutcome.ABANDONED), {Kind.OUTCOME}),
        (_change("contacts", agent="a1"), {Kind.AGENT}),
        (_change("contacts", answered_at=at(2.5)), {Kind.ANSWER_INSTANT}),
        (_change("contacts", by_citizen=True), {Kind.WHO_ENDED}),
        (_change("contacts", contact="n-9.9"), {Kind.UNKNOWN_CONTACT, Kind.NO_CONTACT}),
        (lambda evidence: evidence.contacts.append(evidence.contacts[0]), {Kind.CONTACT_TWICE}),
        (_clear("pops"), {Kind.NO_POP}),
        (_change("pops", received_at=at(0.6)), {Kind.LATE_POP}),
        (_change("pops", agent="a1"), {Kind.NO_POP, Kind.IDLE_POP}),
        (lambda evidence: setattr(evidence, "counted", 2), {Kind.SIPP_COUNT}),
        (lambda evidence: evidence.left.update(a1="wrap_up"), {Kind.AGENT_LEFT_BUSY}),
    ],
)
def test_each_disagreement_is_found_and_named(change: Callable[[Evidence], None], kinds: set[Kind]) -> None:
    evidence = answered_call()
    change(evidence)
    result = reckon(evidence)
    assert {difference.kind for difference in result.differences} == kinds
    assert all(difference.text for difference in result.differences)


def test_a_citizen_whom_the_hotline_hangs_up_on_unanswered_is_lost() -> None:
    evidence = abandoned_call()
    evidence.citizens[0].by_us = False
    evidence.contacts[0].by_citizen = False
    result = reckon(evidence)
    assert (result.lost, [difference.kind for difference in result.differences]) == (1, [Kind.LOST])


@pytest.mark.parametrize(("hung_up_at", "kinds"), [(0.805, set()), (0.9, {Kind.OUTCOME, Kind.CDR_ANSWER})])
def test_an_answer_that_meets_the_hang_up_on_its_way_is_no_talk(hung_up_at: float, kinds: set[Kind]) -> None:
    evidence, abandoned = answered_call(), abandoned_call()
    evidence.citizens = [replace(abandoned.citizens[0], ended_at=at(hung_up_at))]
    evidence.asterisk, evidence.contacts = abandoned.asterisk, abandoned.contacts
    assert {difference.kind for difference in reckon(evidence).differences} == kinds


def test_a_pop_that_was_withdrawn_needs_no_invite() -> None:
    evidence = answered_call()
    early = Pop(agent="a1", contact="n-1.0", leg="n-1.0/0", at=at(0.1), received_at=at(0.1), withdrawn="citizen_gone")
    evidence.pops.append(early)
    assert reckon(evidence).differences == []


def test_a_second_offer_of_a_call_to_the_same_agent_needs_a_pop_of_its_own() -> None:
    evidence = answered_call()
    unanswered = replace(evidence.phone_calls[0], call_id="q", invited_at=at(0.45), confirmed_at=None, answered_at=None)
    evidence.phone_calls.append(unanswered)
    result = reckon(evidence)
    assert [difference.kind for difference in result.differences] == [Kind.NO_POP]
    assert result.pops_before_invite == 1


def test_percentiles_are_of_the_nearest_rank() -> None:
    values = [float(value) for value in range(1, 101)]
    assert (percentile(values, 50), percentile(values, 99), percentile([7.0], 99)) == (50.0, 99.0, 7.0)


def test_what_a_fault_explains_is_listed_apart() -> None:
    evidence = answered_call()
    evidence.pops = []
    evidence.asterisk["n-1.0"].fallback = True
    assert {one.kind for one in reckon(evidence).differences} == {Kind.FALLBACK, Kind.NO_POP}
    evidence.faults = True
    result = reckon(evidence)
    assert result.differences == []
    assert {one.kind for one in result.explained} == {Kind.FALLBACK, Kind.NO_POP}
    evidence.contacts[0].outcome = ContactOutcome.ABANDONED
    assert [one.kind for one in reckon(evidence).differences] == [Kind.OUTCOME], "no fault explains a wrong outcome"


def test_the_queues_own_log_and_the_bridges_name_the_same_phone() -> None:
    evidence = answered_call()
    evidence.queue_log = ["1795500000|n-1.0|fallback|a2|CONNECT|2|n-1.1|2"]
    assert reckon(evidence).differences == []
    evidence.queue_log = ["1795500000|n-1.0|fallback|a1|CONNECT|2|n-1.1|2"]
    assert [one.kind for one in reckon(evidence).differences] == [Kind.QUEUE_LOG]


def died(*, outcome: ContactOutcome, ended: float) -> Evidence:
    """One citizen who waited when Asterisk died, and gave up later."""
    evidence = abandoned_call()
    evidence.faults, evidence.asterisk_died = True, [at(2)]
    evidence.citizens = [replace(evidence.citizens[0], ended_at=at(9))]
    evidence.asterisk["n-1.0"].ended_at, evidence.asterisk["n-1.0"].cdr_rows = None, 0
    evidence.contacts = [Contact(contact="n-1.0", outcome=outcome, ended_at=at(ended), by_citizen=False)]
    return evidence


def test_a_call_that_asterisk_took_with_it_is_lost_at_that_moment() -> None:
    assert reckon(died(outcome=ContactOutcome.LOST, ended=2.5)).differences == []
    assert [d.kind for d in reckon(died(outcome=ContactOutcome.ABANDONED, ended=2)).differences] == [Kind.OUTCOME]
    assert [d.kind for d in reckon(died(outcome=ContactOutcome.LOST, ended=9)).differences] == [Kind.LOST_MOMENT]


def test_waits_are_from_the_citizens_being_let_in_to_the_phones_answer() -> None:
    assert reckon(answered_call()).wait_s == {"p50": 0.79, "p99": 0.79, "max": 0.79}
