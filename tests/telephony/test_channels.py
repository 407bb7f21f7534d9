"""AMI events in, facts out: recorded calls as a live node sees them, gaps, repeats, and who is who."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imports.backfill import Since
from messages import events, facts
from messages.facts import Fact
from messages.ids import CallId, LegId, NodeId, SessionId
from messages.values import ContactOutcome, LegEnd
from telephony.ami.subscription import SUBSCRIPTION
from telephony.ami.wire import AmiWire, Headers
from telephony.channels import Channels
from telephony.channels.map import LAST_WORDS, number_of
from telephony.channels.model import phone_of

RECORDINGS = Path(__file__).parents[1] / "recordings"
NAMES = sorted(str(path.relative_to(RECORDINGS).with_suffix("")) for path in RECORDINGS.rglob("*.ami"))
OWN = [name for name in NAMES if name.startswith(("own_", "control/"))]
NODE = NodeId("a")
RECEIVED = datetime(2026, 11, 24, tzinfo=UTC)


def messages(name: str, *, subscribed: bool = False) -> list[Headers]:
    """Return a recording's messages, all of them or as the product's subscription leaves them."""
    # A capture of another system has its callers' beginnings too.
    wire = AmiWire(SUBSCRIPTION | {"Newchannel": SUBSCRIPTION["Hangup"]} if subscribed else None)
    wire.receive_data((RECORDINGS / f"{name}.ami").read_bytes())
    return wire.messages_received()


def see(channels: Channels, stream: list[Headers]) -> list[Fact]:
    return [fact for headers in stream for fact in channels.see(headers, RECEIVED)]


def brief(found: list[Fact]) -> list[tuple[str, ...]]:
    """Return facts as their names with leg number or phone, reason and target."""
    lines = []
    for fact in found:
        line = [type(fact).__name__]
        if isinstance(fact, facts.LegFact):
            _, slash, number = fact.leg.partition("/")
            line.append(slash + number if slash else fact.phone)
        line += [str(getattr(fact, name)) for name in ("why", "to", "session", "outcome") if hasattr(fact, name)]
        lines.append(tuple(line))
    return lines


FACTS: dict[str, list[tuple[str, ...]]] = {
    "own_next_agent": [
        ("CallArrived",),
        ("LegRinging", "/1"),
        ("LegEnded", "/1", "no_answer"),
        ("LegRinging", "/2"),
        ("LegAnswered", "/2"),
        ("RecordingStarted",),
        ("LegHeld", "/2"),
        ("LegResumed", "/2"),
        ("LegEnded", "/2", "agent_hung_up"),
        ("CallHungUp",),
    ],
    "own_two_devices": [
        ("CallArrived",),
        ("LegRinging", "/1"),
        ("LegAnswered", "/1"),
        ("LegEnded", "/1", "citizen_hung_up"),
        ("CallHungUp",),
    ],
    "own_blind_transfer": [
        ("CallArrived",),
        ("LegRinging", "/1"),
        ("LegAnswered", "/1"),
        ("LegTransferred", "/1", "1003"),
        ("LegRinging", "1003"),
        ("LegAnswered", "1003"),
        ("LegEnded", "1003", "citizen_hung_up"),
        ("CallHungUp",),
    ],
    "own_consult": [
        ("CallArrived",),
        ("LegRinging", "/1"),
        ("LegAnswered", "/1"),
        ("LegHeld", "/1"),
        ("LegResumed", "/1"),
        ("LegAnswered", "1003"),
        ("LegTransferred", "/1", "1003"),
        ("LegEnded", "1003", "agent_hung_up"),
        ("CallHungUp",),
    ],
    "own_consult_atxfer": [
        ("CallArrived",),
        ("LegRinging", "/1"),
        ("LegAnswered", "/1"),
        ("LegHeld", "/1"),
        ("LegAnswered", "1003"),
        ("LegTransferred", "/1", "1003"),
        ("LegEnded", "1003", "citizen_hung_up"),
        ("CallHungUp",),
    ],
    "own_three_way": [
        ("CallArrived",),
        ("LegRinging", "/1"),
        ("LegAnswered", "/1"),
        ("LegAnswered", "1003"),
        ("LegEnded", "/1", "agent_hung_up"),
        ("LegEnded", "1003", "agent_hung_up"),
        ("CallHungUp",),
    ],
    "own_listened": [
        ("CallArrived",),
        ("LegRinging", "/1"),
        ("LegAnswered", "/1"),
        ("SpyStarted", "listen-1"),
        ("LegEnded", "/1", "citizen_hung_up"),
        ("CallHungUp",),
        ("SpyStopped", "listen-1"),
        ("SpyStopped", "listen-1"),
    ],
    "own_safety_net": [
        ("CallArrived",),
        ("CallQueued",),
        ("LegRinging", "1001"),
        ("LegAnswered", "1001"),
        ("LegEnded", "1001", "citizen_hung_up"),
        ("CallHungUp",),
    ],
    "own_safety_net_empty": [
        ("CallArrived",),
        ("CallQueued",),
        ("CallLeftQueue", "no_agents"),
        ("CallHungUp",),
    ],
    "key_exit": [
        ("CallArrived",),
        ("CallQueued",),
        ("LegRinging", "1001"),
        ("LegEnded", "1001", "citizen_gone"),
        ("CallLeftQueue", "left_by_key"),
        ("CallHungUp",),
    ],
    "abandoned_ringing": [
        ("CallArrived",),
        ("CallQueued",),
        ("LegRinging", "1001"),
        ("LegRinging", "1002"),
        ("LegEnded", "1002", "citizen_gone"),
        ("LegEnded", "1001", "citizen_gone"),
        ("CallLeftQueue", "abandoned"),
        ("CallHungUp",),
    ],
    "spied": [
        ("CallArrived",),
        ("CallQueued",),
        ("LegRinging", "1001"),
        ("LegAnswered", "1001"),
        ("SpyStarted", "foreign"),
        ("RecordingStarted",),
        ("LegEnded", "1001", "citizen_hung_up"),
        ("CallHungUp",),
        ("SpyStopped", "foreign"),
        ("SpyStopped", "foreign"),
    ],
    "control/consult_by_verb_cancelled": [
        ("CallArrived",),
        ("LegRinging", "/1"),
        ("LegAnswered", "/1"),
        ("LegHeld", "/1"),
        ("LegRinging", "/2"),
        ("LegConsulted", "/2"),
        ("LegResumed", "/1"),
        ("LegEnded", "/2", "withdrawn"),
        ("LegEnded", "/1", "agent_hung_up"),
        ("CallHungUp",),
    ],
    "control/consult_by_verb_completed": [
        ("CallArrived",),
        ("LegRinging", "/1"),
        ("LegAnswered", "/1"),
        ("LegHeld", "/1"),
        ("LegRinging", "/2"),
        ("LegConsulted", "/2"),
        ("LegAnswered", "/2"),
        ("LegTransferred", "/1", "1002"),
        ("LegEnded", "/2", "citizen_hung_up"),
        ("CallHungUp",),
    ],
    "control/consult_by_verb_swapped": [
        ("CallArrived",),
        ("LegRinging", "/1"),
        ("LegAnswered", "/1"),
        ("LegHeld", "/1"),
        ("LegRinging", "/2"),
        ("LegConsulted", "/2"),
        ("LegResumed", "/1"),
        ("LegHeld", "/1"),
        ("LegEnded", "/2", "agent_hung_up"),
        ("LegResumed", "/1"),
        ("LegEnded", "/1", "citizen_hung_up"),
        ("CallHungUp",),
    ],
    "control/dial_out": [
        ("CallArrived",),
        ("LegRinging", "/1"),
        ("LegAnswered", "/1"),
        ("LegHeld", "/1"),
        ("LegResumed", "/1"),
        ("LegTransferred", "/1", ""),
        ("LegRinging", "/2"),
        ("LegAnswered", "/2"),
        ("LegEnded", "/2", "citizen_hung_up"),
        ("CallHungUp",),
    ],
    "control/dial_out_busy": [
        ("CallArrived",),
        ("LegEnded", "/1", "busy"),
        ("CallHungUp",),
    ],
    "control/hold_then_agent_hangs_up": [
        ("CallArrived",),
        ("LegRinging", "/1"),
        ("LegAnswered", "/1"),
        ("LegHeld", "/1"),
        ("LegEnded", "/1", "agent_hung_up"),
        ("CallHungUp",),
    ],
    "control/ring_all": [
        ("CallArrived",),
        ("LegRinging", "/2"),
        ("LegRinging", "/1"),
        ("LegEnded", "/3", "busy"),
        ("LegEnded", "/1", "answered_elsewhere"),
        ("LegAnswered", "/2"),
        ("LegEnded", "/2", "agent_hung_up"),
        ("CallHungUp",),
    ],
    "control/server_hold": [
        ("CallArrived",),
        ("LegRinging", "/1"),
        ("LegAnswered", "/1"),
        ("LegHeld", "/1"),
        ("LegResumed", "/1"),
        ("LegEnded", "/1", "agent_hung_up"),
        ("CallHungUp",),
    ],
    "control/three_way_by_verb": [
        ("CallArrived",),
        ("LegRinging", "/1"),
        ("LegAnswered", "/1"),
        ("LegRinging", "/2"),
        ("LegAnswered", "/2"),
        ("LegEnded", "/1", "agent_hung_up"),
        ("LegEnded", "/2", "agent_hung_up"),
        ("CallHungUp",),
    ],
    "control/transfer_by_verb": [
        ("CallArrived",),
        ("LegRinging", "/1"),
        ("LegAnswered", "/1"),
        ("LegTransferred", "/1", ""),
        ("LegRinging", "/2"),
        ("LegAnswered", "/2"),
        ("LegEnded", "/2", "agent_hung_up"),
        ("CallHungUp",),
    ],
}


@pytest.mark.parametrize("name", FACTS)
def test_what_the_product_subscribes_to_gives_these_facts(name: str) -> None:
    found = brief(see(Channels(NODE), messages(name, subscribed=True)))
    foreign = [tuple("foreign" if part.endswith(".2") else part for part in line) for line in found]
    assert foreign == FACTS[name]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_left_behind_when_everybody_hung_up(name: str) -> None:
    channels = Channels(NODE)
    see(channels, messages(name))
    assert (channels.calls(), channels.legs(), channels.spies()) == ([], [], [])
    assert not (channels.by_uid or channels.tracked or channels.bridges or channels.halves)


@pytest.mark.parametrize("name", NAMES)
def test_an_event_that_comes_twice_tells_nothing_new(name: str) -> None:
    once = see(Channels(NODE), messages(name))
    twice = see(Channels(NODE), [headers for headers in messages(name) for _ in range(2)])
    recordings = [fact for fact in twice if isinstance(fact, facts.RecordingStarted)]
    assert [fact for fact in twice if fact not in recordings] == [fact for fact in once if fact not in recordings]
    assert set(map(repr, recordings)) == {repr(fact) for fact in once if isinstance(fact, facts.RecordingStarted)}


def identities(found: list[Fact]) -> list[tuple[str, ...]]:
    return [(type(fact).__name__, getattr(fact, "call", ""), getattr(fact, "leg", "")) for fact in found]


def renamed(headers: Headers) -> Headers:
    """Return a message whose phones' channels are named after nothing but their unique ids."""
    changed = dict(headers)
    for key, value in headers.items():
        uid = headers.get(key.removesuffix("Channel") + "Uniqueid", "")
        if key.endswith("Channel") and str(value).startswith("PJSIP/"):
            changed[key] = f"PJSIP/{uid}"
    return changed


# An agent's second call is known by its interface, which this takes away.
@pytest.mark.parametrize("name", [name for name in NAMES if name != "consult_a_queue"])
def test_calls_and_legs_are_known_by_unique_ids_and_not_by_names(name: str) -> None:
    stream = messages(name)
    assert identities(see(Channels(NODE), [renamed(m) for m in stream])) == identities(see(Channels(NODE), stream))


def with_a_target_on_a_trunk(trunk: str, *, held: bool) -> tuple[list[Headers], list[Headers]]:
    """Return two calls, the first one's agent reached by `trunk`, and the same with the second citizen's by it too."""
    stream = messages("ring_in_use")
    at = next(at for at, m in enumerate(stream) if m.get("Event") == "BridgeEnter" and "trunk" in m["Channel"])
    if held:
        agent = stream[at - 1]
        stream.insert(at + 1, {**agent, "Event": "Hold"})

    def over(headers: Headers, old: str) -> Headers:
        return {k: v.replace(old, f"{trunk}-9000000") if isinstance(v, str) else v for k, v in headers.items()}

    target = [over(m, "PJSIP/1001-0000000") for m in stream]
    return target, [
        {k: f"{trunk}-90000008" if v == "PJSIP/trunk-00000002" else v for k, v in m.items()} for m in target
    ]


@pytest.mark.parametrize(("trunk", "held"), [("PJSIP/trunk", True), ("PJSIP/out", False)])
def test_a_citizen_who_comes_by_the_trunk_of_a_transfers_target_is_counted(trunk: str, held: bool) -> None:
    """What was reached through a trunk is no agent who asks a queue for help on a second call."""
    target, both = with_a_target_on_a_trunk(trunk, held=held)
    stream = target if trunk == "PJSIP/trunk" else both
    found = see(Channels(NODE), stream)
    assert sum(isinstance(fact, facts.CallArrived) for fact in found) == 2


def test_facts_carry_asterisks_own_instant_and_else_the_receipts() -> None:
    stamped = see(Channels(NODE), messages("answered", subscribed=True))
    answered = next(fact for fact in stamped if isinstance(fact, facts.LegAnswered))
    assert answered.occurred.microsecond % 1000 != 0
    assert answered.occurred > RECEIVED
    bare = see(Channels(NODE), messages("no_timestamps", subscribed=True))
    assert {fact.occurred for fact in bare} == {RECEIVED}


def until(name: str, event: str, **having: str) -> tuple[Channels, list[Headers]]:
    """Return a tracker that saw a recording up to and with the first such event, and the rest of the recording."""
    stream = messages(name, subscribed=True)
    at = next(at for at, m in enumerate(stream) if m.get("Event") == event and having.items() <= m.items())
    channels = Channels(NODE)
    see(channels, stream[: at + 1])
    return channels, stream[at + 1 :]


def test_channels_are_found_by_call_leg_and_session() -> None:
    channels, _ = until("own_listened", "ChanSpyStart")
    (call,), (leg,) = channels.calls(), channels.legs()
    assert leg == f"{call}/1"
    assert channels.citizen_of(call) == "PJSIP/trunk-00000000"
    assert channels.channel_of_leg(leg) == "PJSIP/1001-00000001"
    assert channels.spyer_of(SessionId("listen-1")) == "PJSIP/1003-00000002"
    assert channels.spies() == ["listen-1"]
    assert channels.citizen_of(CallId("none")) is None
    assert channels.channel_of_leg(LegId("none")) is None
    assert channels.spyer_of(SessionId("none")) is None


def test_all_ringing_devices_of_a_leg_are_found_and_then_the_one_that_talks() -> None:
    ringing, rest = until("own_two_devices", "DialState", DestChannel="PJSIP/1002-00000002")
    (leg,) = ringing.legs()
    assert ringing.channels_of_leg(leg) == ["PJSIP/1001-00000001", "PJSIP/1002-00000002"]
    see(ringing, rest[:-8])
    assert ringing.channels_of_leg(leg) == ["PJSIP/1002-00000002"]


def test_a_leg_behind_a_local_channel_is_the_phone() -> None:
    channels, _ = until("local_member", "BridgeEnter", Channel="PJSIP/trunk-00000000")
    (leg,) = channels.legs()
    assert channels.channel_of_leg(leg) == "PJSIP/1001-00000001"


def test_a_waiting_citizens_channel_is_found_before_any_event_carries_our_variable() -> None:
    channels, _ = until("own_next_agent", "Newchannel")
    assert channels.calls() == []
    assert channels.citizen_of(CallId(next(iter(channels.by_uid)))) == "PJSIP/trunk-00000000"


def test_the_end_of_a_call_whose_beginning_was_missed_is_told_once() -> None:
    hangup = [m for m in messages("own_next_agent") if m.get("Event") == "Hangup"][-1]
    channels = Channels(NODE)
    assert brief(see(channels, [hangup, hangup])) == [("CallArrived",), ("CallHungUp",)]


def test_the_citizen_is_followed_when_a_local_channel_is_optimised_away() -> None:
    channels, _ = until("caller_by_local", "LocalOptimizationEnd")
    (call,) = channels.calls()
    assert channels.citizen_of(call) == "PJSIP/trunk-00000000"


def test_a_reconnect_is_no_restart() -> None:
    channels, rest = until("own_listened", "ChanSpyStart")
    later = str(channels.occurred.timestamp() + 0.1)
    assert channels.see({"Event": "FullyBooted", "Uptime": "4000", "Timestamp": later}, RECEIVED) == []
    assert brief(see(channels, rest)) == FACTS["own_listened"][4:]


@pytest.mark.parametrize("from_the_log_in", [True, False])
def test_a_restart_loses_every_call(from_the_log_in: bool) -> None:
    channels, _ = until("own_listened", "ChanSpyStart")
    if not from_the_log_in:
        stream = messages("own_listened", subscribed=True)
        channels = Channels(NODE)
        see(channels, [m for m in stream[:20] if m.get("Event") != "FullyBooted"])
    later = str(channels.occurred.timestamp() + 30)
    (lost,) = channels.see({"Event": "FullyBooted", "Uptime": "2", "Timestamp": later}, RECEIVED)
    assert isinstance(lost, facts.CallsLost)
    assert not channels.by_uid


def lists_of(name: str) -> list[tuple[int, list[Headers]]]:
    """Return the `Status` lists of a recording, each with the place where it ends."""
    found, rows = [], []
    for at, headers in enumerate(messages(name)):
        if headers.get("Event") == "Status":
            rows.append(headers)
        elif headers.get("Event") == "StatusComplete":
            found.append((at, rows))
            rows = []
    return found


def phones_on(channels: Channels) -> set[str]:
    return {leg.phone for leg in channels.tracked.values() if not leg.ended}


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_after_a_gap_the_resync_knows_what_an_unbroken_link_knows(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([name for name in OWN if lists_of(name)]))
    at, rows = data.draw(st.sampled_from(lists_of(name)))
    stream = messages(name)
    unbroken = Channels(NODE)
    see(unbroken, stream[:at])
    broken = Channels(NODE)
    seen = see(broken, stream[: data.draw(st.integers(0, at))])
    repairs = broken.resync(rows, unbroken.occurred)
    assert (broken.calls(), broken.spies()) == (unbroken.calls(), unbroken.spies())
    # which device of two it was, and what number was dialled through a trunk, no list says
    assert phones_on(broken) == phones_on(unbroken) or name in ("own_two_devices", "control/three_way_by_verb")
    # and the centre, told of both, ends the call as if nothing had been missed
    up = facts.NodeUp(
        occurred=unbroken.occurred,
        node=NODE,
        calls=tuple(broken.calls()),
        legs=tuple(broken.legs()),
        spies=tuple(broken.spies()),
        repairs=len(repairs),
    )
    apply = pytest.importorskip("center.apply", exc_type=ImportError)
    center = apply.Center(pytest.importorskip("center.settings").CenterSettings())
    ended = [
        entry.event
        for fact in (*seen, *repairs, up, *see(broken, stream[at:]))
        for entry in center.apply(fact, fact.occurred).entries
        if isinstance(entry.event, events.ContactEnded)
    ]
    assert [event.outcome for event in ended] == [ContactOutcome.ANSWERED]
    assert not center.state.calls


def test_a_resync_ends_what_talked_with_a_channel_that_is_gone() -> None:
    channels, _ = until("own_consult", "BridgeEnter", Channel="PJSIP/trunk-00000000")
    (leg,) = channels.legs()
    _, after_transfer = lists_of("own_consult")[-1]
    repairs = channels.resync(after_transfer, channels.occurred)
    assert leg not in channels.legs()
    assert brief(repairs) == [("LegAnswered", "1003")]


def test_a_consulted_colleague_does_not_take_over_the_leg_they_inherit() -> None:
    """Whom an agent's channel dialled has its variables: HOTLINE_LEG names the agent's leg there, not a new one."""
    consulting, after_transfer = (rows for _, rows in lists_of("own_consult_optimised"))
    known, _ = until("own_consult_optimised", "BridgeEnter", Channel="PJSIP/trunk-00000000")
    (leg,) = known.legs()
    assert known.resync(consulting, known.occurred) == []
    assert known.legs() == [leg]
    assert brief(known.resync(after_transfer, known.occurred)) == [("LegAnswered", "1003")]
    assert leg not in known.legs()
    ringing = [{**row, "BridgeID": ""} if "1003-" in row["Channel"] else row for row in consulting]
    for rows in (consulting, list(reversed(consulting)), list(reversed(ringing))):
        fresh = Channels(NODE)
        fresh.resync(rows, RECEIVED)
        assert (fresh.legs(), fresh.channels_of_leg(leg)) == ([leg], ["PJSIP/1001-00000001"])


def test_what_a_resync_finds_is_as_old_as_asterisks_log_says() -> None:
    _, rows = lists_of("own_next_agent")[-1]
    (citizen,) = [str(row["Uniqueid"]) for row in rows if str(row["Channel"]).startswith("PJSIP/trunk-")]
    (agent,) = [str(row["Uniqueid"]) for row in rows if str(row["Channel"]).startswith("PJSIP/100")]
    before = {seconds: RECEIVED - timedelta(seconds=seconds) for seconds in (30, 20, 11, 10)}
    since = {citizen: Since(before[30], before[10]), agent: Since(before[20], before[11])}
    told = Channels(NODE).resync(rows, RECEIVED, since)
    assert [(type(fact).__name__, (RECEIVED - fact.occurred).total_seconds()) for fact in told] == [
        ("CallArrived", 30),
        ("LegRinging", 20),
        ("LegAnswered", 10),
    ]
    undated = Channels(NODE).resync(rows, RECEIVED)
    assert brief(undated) == [line for line in brief(told) if line[0] != "LegRinging"]
    assert {fact.occurred for fact in undated} == {RECEIVED}


def test_a_call_of_which_only_the_last_words_are_heard_is_left_to_asterisks_logs() -> None:
    """It talked before we came, and had left when the channels were listed: half a story would be a wrong one."""
    name = "own_next_agent"
    at, rows = lists_of(name)[-1]
    (citizen,) = [str(row["Uniqueid"]) for row in rows if str(row["Channel"]).startswith("PJSIP/trunk-")]
    others = [row for row in rows if row["Uniqueid"] != citizen]
    assert others and number_of(citizen) < max(number_of(str(row["Uniqueid"])) for row in others)
    late = [m for m in messages(name)[at:] if m.get("Uniqueid") == citizen and m.get("Event") in LAST_WORDS]
    assert late[-1].get("Event") == "Hangup"
    channels = Channels(NODE)
    channels.resync(others, RECEIVED)
    assert see(channels, late) == []
    assert citizen not in channels.calls()
    again = {**late[-1], "Event": "BridgeEnter", "Uniqueid": "t-1795604695.99999", "BridgeUniqueid": "b"}
    assert see(channels, [again]) == [] and "t-1795604695.99999" in channels.by_uid, "who came later is followed"


def test_a_talk_that_ended_while_the_channels_were_listed_is_left_to_asterisks_logs() -> None:
    name = "own_next_agent"
    at, rows = lists_of(name)[-1]
    (citizen,) = [str(row["Uniqueid"]) for row in rows if str(row["Channel"]).startswith("PJSIP/trunk-")]
    alone: list[Headers] = [{**row, "BridgeID": ""} for row in rows if row["Uniqueid"] == citizen]
    since = {citizen: Since(RECEIVED, RECEIVED)}
    hangup = [m for m in messages(name)[at:] if m.get("Event") == "Hangup" and m.get("Uniqueid") == citizen]
    fresh = Channels(NODE)
    assert fresh.resync(alone, RECEIVED, since) == []
    assert (fresh.calls(), see(fresh, hangup)) == ([], [])
    again = {**hangup[-1], "Event": "QueueCallerJoin", "Queue": "fallback"}
    other = Channels(NODE)
    other.resync(alone, RECEIVED, since)
    assert brief(see(other, [again]))[0] == ("CallArrived",), "should it go on, it is followed"
    waiting = Channels(NODE)
    assert brief(waiting.resync(alone, RECEIVED, {citizen: Since(RECEIVED, None)}))[0] == ("CallArrived",)
    seen = Channels(NODE)
    seen.resync(rows, RECEIVED, since)
    seen.resync(alone, RECEIVED, since)
    assert seen.calls() == [citizen], "whom we knew goes on, such as to the survey"


def test_a_variable_that_is_not_set_is_not_called_null() -> None:
    _, rows = lists_of("own_next_agent")[0]
    channels = Channels(NODE)
    channels.resync(rows, RECEIVED)
    assert any("HOTLINE_LISTENING=(null)" in row["Variable"] for row in rows)
    assert channels.spies() == []


@pytest.mark.parametrize(
    ("name", "phone"),
    [
        ("PJSIP/1001-0000000a", "1001"),
        ("PJSIP/1001", "1001"),
        ("PJSIP/1001-web-0000000a", "1001"),
        ("PJSIP/1001-web", "1001"),
        ("Local/1001@agents/n", "1001"),
        ("Local/1001@from-queue-0000002f;1", "1001"),
        ("SIP/desk-7-0000002f", "desk-7"),
        ("1001", "1001"),
    ],
)
def test_a_phone_is_read_from_a_channel_or_interface(name: str, phone: str) -> None:
    assert phone_of(name) == phone


def test_who_hung_up_first_ends_the_leg() -> None:
    whys = {
        name: [fact.why for fact in see(Channels(NODE), messages(name)) if isinstance(fact, facts.LegEnded)]
        for name in ("answered", "citizen_hangs_up", "forced_hangup", "disconnect_key", "spied", "own_taken_away")
    }
    assert whys == {
        "answered": [LegEnd.AGENT_HUNG_UP],
        "citizen_hangs_up": [LegEnd.CITIZEN_HUNG_UP],
        "forced_hangup": [LegEnd.AGENT_HUNG_UP],
        "disconnect_key": [LegEnd.AGENT_HUNG_UP],
        "spied": [LegEnd.CITIZEN_HUNG_UP],
        "own_taken_away": [LegEnd.CITIZEN_HUNG_UP],
    }


def test_a_spied_legs_end_does_not_wait_for_the_spied_channel() -> None:
    channels, _ = until("spied", "BridgeLeave", Channel="PJSIP/trunk-00000000")
    assert channels.legs() == []
    assert "PJSIP/1001-00000001" in {channel.name for channel in channels.by_uid.values()}


def test_the_citizens_own_hold_is_not_the_agents() -> None:
    found = see(Channels(NODE), messages("hold"))
    assert [type(fact) for fact in found if isinstance(fact, facts.LegHeld | facts.LegResumed)] == [
        facts.LegHeld,
        facts.LegResumed,
        facts.LegHeld,
    ]


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_whatever_comes_in_whatever_order_facts_come_out(data: st.DataObject) -> None:
    stream = messages(data.draw(st.sampled_from(NAMES)))
    picked = data.draw(st.lists(st.sampled_from(stream), max_size=120))
    channels = Channels(NODE)
    found = see(channels, picked)
    assert all(msgspec.json.encode(fact) for fact in found)
    ended = [fact.leg for fact in found if isinstance(fact, facts.LegEnded)]
    assert len(ended) == len(set(ended))
