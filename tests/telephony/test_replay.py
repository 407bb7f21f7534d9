"""What each recording comes to, however its bytes are cut, and what is said of broken ones."""

from __future__ import annotations

import io
import itertools
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.replay import Replay, ReplayedContact, replay

RECORDINGS = Path(__file__).parents[1] / "recordings"
FIRST, BOTH = ["Agent One"], ["Agent One", "Agent Two"]
TARGET = ["Agent One", "PJSIP/1003"]


class Contact(NamedTuple):
    """The expected contact; seconds to a tenth, legs by their ends."""

    queue: str
    outcome: str
    waited_s: float
    talked_s: float
    hold_s: float | None
    agents: list[str]
    transferred: bool
    ends: list[str]


EXPECTED = {
    "abandoned_ringing": [
        Contact("support", "abandoned", 1.0, 0.0, 0.0, [], False, ["citizen_gone", "citizen_gone"]),
    ],
    "abandoned_waiting": [
        Contact("support", "abandoned", 0.8, 0.0, 0.0, [], False, []),
        Contact("support", "answered", 0.2, 1.8, 0.0, FIRST, False, ["citizen_hung_up"]),
    ],
    "answered": [
        Contact("support", "answered", 0.8, 1.6, 0.0, FIRST, False, ["agent_hung_up"]),
    ],
    "blind_local_member": [
        Contact("support", "answered", 0.4, 2.0, 0.0, TARGET, True, ["transferred", "citizen_hung_up"]),
    ],
    "blind_to_queue_local": [
        Contact("support", "answered", 0.4, 2.0, 0.0, BOTH, True, ["transferred", "citizen_hung_up"]),
    ],
    "blind_transfer": [
        Contact("support", "answered", 0.4, 2.0, 0.0, TARGET, True, ["transferred", "citizen_hung_up"]),
    ],
    "busy_then_next": [
        Contact("support", "answered", 0.5, 1.0, 0.0, ["Agent Two"], False, ["agent_hung_up"]),
    ],
    "callee_ends_continue": [
        Contact("support", "answered", 0.4, 1.0, 0.0, FIRST, False, ["agent_hung_up"]),
    ],
    "caller_by_local": [
        Contact("support", "answered", 0.8, 1.2, 0.0, FIRST, False, ["agent_hung_up"]),
    ],
    "citizen_hangs_up": [
        Contact("support", "answered", 0.5, 1.2, 0.0, FIRST, False, ["citizen_hung_up"]),
    ],
    "consult_a_queue": [
        Contact("support", "answered", 0.4, 3.8, 1.8, BOTH, True, ["transferred", "agent_hung_up"]),
    ],
    "consult_a_queue_atxfer": [
        Contact("support", "answered", 0.4, 3.0, 0.7, BOTH, True, ["transferred", "agent_hung_up"]),
    ],
    "consult_atxfer": [
        Contact("support", "answered", 0.4, 4.2, 1.7, TARGET, True, ["transferred", "citizen_hung_up"]),
    ],
    "consult_atxfer_cancelled": [
        Contact("support", "answered", 0.4, 3.6, 1.3, FIRST, False, ["agent_hung_up"]),
    ],
    "consult_cancelled": [
        Contact("support", "answered", 0.4, 2.8, 1.5, FIRST, False, ["citizen_hung_up"]),
    ],
    "consult_local_member": [
        Contact("support", "answered", 0.4, 4.2, 1.7, TARGET, True, ["transferred", "citizen_hung_up"]),
    ],
    "consult_replaces": [
        Contact("support", "answered", 0.4, 3.8, 1.8, TARGET, True, ["transferred", "agent_hung_up"]),
    ],
    "consult_replaces_local": [
        Contact("support", "answered", 0.5, 3.8, 1.8, TARGET, True, ["transferred", "agent_hung_up"]),
    ],
    "dial_only": [],
    "disconnect_key": [
        Contact("support", "answered", 0.4, 1.3, 0.0, FIRST, False, ["agent_hung_up"]),
    ],
    "forced_hangup": [
        Contact("support", "answered", 0.4, 1.0, 0.0, FIRST, False, ["agent_hung_up"]),
    ],
    "full": [
        Contact("support", "blocked", 0.0, 0.0, 0.0, [], False, []),
        Contact("support", "answered", 0.5, 1.0, 0.0, FIRST, False, ["agent_hung_up"]),
    ],
    "hold": [
        Contact("support", "answered", 0.4, 3.7, 1.8, FIRST, False, ["citizen_hung_up"]),
    ],
    "join_empty": [
        Contact("support", "no_agents", 0.0, 0.0, 0.0, [], False, []),
    ],
    "key_exit": [
        Contact("support", "left_by_key", 0.8, 0.0, 0.0, [], False, ["citizen_gone"]),
    ],
    "leave_empty": [
        Contact("support", "no_agents", 3.0, 0.0, 0.0, [], False, ["no_answer"]),
    ],
    "local_member": [
        Contact("support", "answered", 0.6, 1.2, 0.0, FIRST, False, ["agent_hung_up"]),
    ],
    "local_member_hold": [
        Contact("support", "answered", 0.6, 2.4, 1.0, FIRST, False, ["citizen_hung_up"]),
    ],
    "local_member_optimised": [
        Contact("support", "answered", 0.6, 1.2, 0.0, FIRST, False, ["citizen_hung_up"]),
    ],
    "local_ring_group": [
        Contact("support", "answered", 0.7, 1.0, 0.0, ["The Group"], False, ["agent_hung_up"]),
    ],
    "local_rona": [
        Contact("support", "answered", 3.5, 1.0, 0.0, ["Agent Two"], False, ["no_answer", "citizen_hung_up"]),
    ],
    "nested_queue": [
        Contact("support", "answered", 0.7, 1.0, 0.0, ["Agent Two"], False, ["citizen_hung_up"]),
    ],
    "rush": [
        Contact("support", "abandoned", 0.8, 0.0, 0.0, [], False, []),
        Contact("support", "answered", 0.3, 1.0, 0.0, FIRST, False, ["agent_hung_up"]),
        Contact("support", "answered", 0.4, 1.0, 0.0, ["Agent Two"], False, ["agent_hung_up"]),
        Contact("support", "answered", 1.3, 1.0, 0.0, FIRST, False, ["agent_hung_up"]),
        Contact("support", "answered", 2.4, 1.0, 0.0, ["Agent Two"], False, ["agent_hung_up"]),
    ],
    "no_retry": [
        Contact("support", "timed_out", 2.0, 0.0, 0.0, [], False, ["no_answer"]),
    ],
    "no_timestamps": [
        Contact("support", "answered", 3, 3, None, FIRST, False, ["agent_hung_up"]),
    ],
    "own_blind_transfer": [
        Contact(
            "12345", "answered", 0.4, 1.9, 0.0, ["PJSIP/1001", "PJSIP/1003"], True, ["transferred", "citizen_hung_up"]
        ),
    ],
    "own_consult": [
        Contact(
            "12345", "answered", 0.4, 3.7, 1.7, ["PJSIP/1001", "PJSIP/1003"], True, ["transferred", "agent_hung_up"]
        ),
    ],
    "own_consult_atxfer": [
        Contact(
            "12345", "answered", 0.4, 4.0, 1.9, ["PJSIP/1001", "PJSIP/1003"], True, ["transferred", "citizen_hung_up"]
        ),
    ],
    "own_consult_optimised": [
        Contact(
            "12345",
            "answered",
            0.4,
            3.9,
            1.9,
            ["PJSIP/1001", "PJSIP/1003"],
            True,
            ["transferred", "citizen_hung_up"],
        ),
    ],
    "own_taken_away": [
        Contact("12345", "answered", 0.4, 0.8, 0.0, ["PJSIP/1001"], False, ["citizen_hung_up"]),
    ],
    "own_listened": [
        Contact("12345", "answered", 0.3, 1.5, 0.0, ["PJSIP/1001"], False, ["citizen_hung_up"]),
    ],
    "own_next_agent": [
        Contact("12345", "answered", 1.7, 2.1, 0.4, ["PJSIP/1002"], False, ["no_answer", "agent_hung_up"]),
    ],
    "own_safety_net": [
        Contact("12345", "answered", 0.9, 0.8, 0.0, FIRST, False, ["citizen_hung_up"]),
    ],
    "own_safety_net_empty": [
        Contact("fallback", "no_agents", 0.0, 0.0, 0.0, [], False, []),
    ],
    "own_three_way": [
        Contact("12345", "answered", 0.3, 3.0, 0.0, ["PJSIP/1001", "PJSIP/1003"], False, ["left", "agent_hung_up"]),
    ],
    "own_two_devices": [
        Contact("12345", "answered", 0.5, 0.8, 0.0, ["PJSIP/1002"], False, ["citizen_hung_up"]),
    ],
    "redirected": [
        Contact("support", "withdrawn", 0.7, 0.0, 0.0, [], False, ["citizen_gone"]),
    ],
    "restarted": [
        Contact("support", "answered", 0.3, 1.3, 0.0, FIRST, False, ["lost"]),
        Contact("support", "lost", 0.8, 0.0, 0.0, [], False, []),
        Contact("support", "answered", 0.3, 0.7, 0.0, FIRST, False, ["agent_hung_up"]),
    ],
    "ring_all": [
        Contact("support", "answered", 1.0, 1.0, 0.0, ["Agent Two"], False, ["answered_elsewhere", "agent_hung_up"]),
    ],
    "ring_in_use": [
        Contact("support", "answered", 0.4, 2.1, 0.0, FIRST, False, ["agent_hung_up"]),
        Contact("support", "answered", 0.4, 1.8, 0.0, FIRST, False, ["citizen_hung_up"]),
    ],
    "rona": [
        Contact("support", "answered", 3.5, 1.0, 0.0, ["Agent Two"], False, ["no_answer", "citizen_hung_up"]),
    ],
    "spied": [
        Contact("support", "answered", 0.3, 2.1, 0.0, FIRST, False, ["citizen_hung_up"]),
    ],
    "timed_out": [
        Contact("support", "timed_out", 4.0, 0.0, 0.0, [], False, ["no_answer"]),
    ],
    "transfer_to_queue": [
        Contact("support", "answered", 0.4, 2.0, 0.0, BOTH, True, ["transferred", "agent_hung_up"]),
    ],
    "two_queues": [
        Contact("support", "answered", 2.5, 1.0, 0.0, ["Agent Two"], False, ["no_answer", "agent_hung_up"]),
    ],
    "two_queues_abandoned": [
        Contact("support", "abandoned", 3.0, 0.0, 0.0, [], False, ["no_answer", "citizen_gone"]),
    ],
    "withdrawn": [
        Contact("support", "withdrawn", 4.0, 0.0, 0.0, [], False, ["no_answer"]),
    ],
}


def contacts_of(run: Replay, data: bytes) -> list[ReplayedContact]:
    return [item for item in (*run.feed(data), *run.finish()) if isinstance(item, ReplayedContact)]


def run_command(path: Path, *, as_json: bool = True) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    return replay(path, out, err, as_json=as_json), out.getvalue(), err.getvalue()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run_command(path)[1].splitlines()]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_recording_comes_to_its_contacts(name: str) -> None:
    found = [
        Contact(
            line["queue"],
            line["outcome"],
            round(line["waited_s"], 1),
            round(line["talked_s"], 1),
            None if line["hold_s"] is None else round(line["hold_s"], 1),
            line["agents"],
            line["transferred"],
            [leg["end"] for leg in line["legs"]],
        )
        for line in lines(RECORDINGS / f"{name}.ami")
    ]
    assert found == EXPECTED[name]


def test_every_recording_has_its_expectation() -> None:
    assert {path.stem for path in RECORDINGS.glob("*.ami")} == EXPECTED.keys()


def test_a_line_names_the_contact_as_the_interface_says() -> None:
    (line,) = lines(RECORDINGS / "blind_transfer.ami")
    names = ["linkedid", "queue", "outcome", "waited_s", "talked_s", "agents", "transferred"]
    assert list(line)[: len(names)] == names
    assert line["linkedid"].endswith(".0")
    assert [leg["transferred_to"] for leg in line["legs"]] == ["1003", ""]


def test_the_first_agents_talk_ends_at_the_transfer() -> None:
    (line,) = lines(RECORDINGS / "consult_replaces.ami")
    first, second = line["legs"]
    assert first["ended_at"] == pytest.approx(second["answered_at"]) or first["ended_at"] >= second["answered_at"]
    assert first["end"] == "transferred"
    assert second["hold_s"] == 0


def test_a_consulted_queue_makes_no_contact_of_its_own() -> None:
    for name in ("consult_a_queue", "consult_a_queue_atxfer"):
        assert [line["queue"] for line in lines(RECORDINGS / f"{name}.ami")] == ["support"]


@pytest.mark.parametrize("name", ["answered", "consult_local_member", "restarted"])
def test_the_stream_may_come_byte_by_byte(name: str) -> None:
    data = (RECORDINGS / f"{name}.ami").read_bytes()
    run = Replay()
    items = [item for at in range(len(data)) for item in run.feed(data[at : at + 1])]
    piecemeal = [item for item in (*items, *run.finish()) if isinstance(item, ReplayedContact)]
    assert piecemeal == contacts_of(Replay(), data)


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(sorted(EXPECTED)), cuts=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=12)
)
def test_the_stream_may_be_cut_anywhere(name: str, cuts: list[float]) -> None:
    data = (RECORDINGS / f"{name}.ami").read_bytes()
    edges = [0, *sorted(int(cut * len(data)) for cut in cuts), len(data)]
    run = Replay()
    items = [item for since, until in itertools.pairwise(edges) for item in run.feed(data[since:until])]
    assert [item for item in (*items, *run.finish()) if isinstance(item, ReplayedContact)] == contacts_of(
        Replay(), data
    )


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_recording_may_end_after_any_message(name: str) -> None:
    data = (RECORDINGS / f"{name}.ami").read_bytes()
    whole = {contact.contact for contact in contacts_of(Replay(), data)}
    edges = [at + 4 for at in range(len(data)) if data.startswith(b"\r\n\r\n", at)]
    for edge in edges[:: max(1, len(edges) // 40)]:
        run = Replay()
        cut = contacts_of(run, data[:edge])
        assert not run.is_cut
        assert {contact.contact for contact in cut} <= whole
        assert all(contact.outcome is None for contact in cut if contact.ended_at is None)


def test_a_call_open_at_the_end_has_no_outcome() -> None:
    data = (RECORDINGS / "answered.ami").read_bytes()
    (contact,) = contacts_of(Replay(), data[: data.index(b"Event: HangupRequest")])
    assert (contact.outcome, contact.agents, contact.talked_s) == (None, ["Agent One"], None)
    assert contact.waited_s == pytest.approx(0.8, abs=0.05)


def test_a_torn_end_is_reported_and_what_came_before_counts(tmp_path: Path) -> None:
    torn = tmp_path / "torn.ami"
    torn.write_bytes((RECORDINGS / "answered.ami").read_bytes()[:-7])
    code, out, err = run_command(torn)
    assert (code, json.loads(out)["outcome"]) == (0, "answered")
    assert "ends in the middle of a message" in err


def test_garbage_between_messages_is_counted_and_left_out(tmp_path: Path) -> None:
    data = (RECORDINGS / "answered.ami").read_bytes()
    edge = data.index(b"Event: DialState")
    broken = tmp_path / "broken.ami"
    garbage = b"\xff\xfe no colon here\r\n\r\nEvent\r\n\r\nEvent: Hangup\r\nUniqueid: \xe5\r\nCause: \xc2\xb2\r\n\r\n"
    broken.write_bytes(data[:edge] + garbage + data[edge:])
    code, out, err = run_command(broken)
    assert code == 0
    assert [json.loads(line) for line in out.splitlines()] == lines(RECORDINGS / "answered.ami")
    assert "2 malformed" in err


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_a_message_says_nothing_breaks(data: st.DataObject) -> None:
    """Headers of real messages, exchanged at random: facts in impossible orders, about channels that never were."""
    name = data.draw(st.sampled_from(["consult_replaces_local", "two_queues", "own_listened", "restarted"]))
    blocks = (RECORDINGS / f"{name}.ami").read_bytes().split(b"\r\n\r\n")
    picked = data.draw(st.lists(st.sampled_from(blocks), min_size=5, max_size=80))
    contacts = contacts_of(Replay(), b"Asterisk Call Manager/11\r\n" + b"\r\n\r\n".join([*picked, b""]))
    for contact in contacts:
        assert contact.talked_s is None or contact.talked_s >= 0
        assert contact.waited_s is None or contact.waited_s >= 0


def test_bare_line_feeds_are_read_too(tmp_path: Path) -> None:
    bare = tmp_path / "bare.ami"
    bare.write_bytes((RECORDINGS / "hold.ami").read_bytes().replace(b"\r\n", b"\n"))
    assert lines(bare) == lines(RECORDINGS / "hold.ami")


def test_a_listing_shows_events_and_contacts() -> None:
    code, out, err = run_command(RECORDINGS / "rona.ami", as_json=False)
    assert (code, err) == (0, "")
    kinds = [line.split()[2] for line in out.splitlines()[:-1]]
    assert kinds == [
        *("contact.arrived", "call.queued", "call.offered", "call.ringing", "leg.ended"),
        *("call.offered", "call.ringing", "call.answered", "leg.ended", "call.ended", "contact.ended"),
    ]
    assert "answered in support, waited 3.5 s, talked 1.0 s with Agent Two" in out.splitlines()[-1]


def test_a_file_that_is_none_is_one_line_of_complaint(tmp_path: Path) -> None:
    code, out, err = run_command(tmp_path / "none.ami")
    assert (code, out, err.count("\n")) == (1, "", 1)
    empty = tmp_path / "empty.ami"
    empty.write_bytes(b"")
    code, out, err = run_command(empty)
    assert (code, out, err.count("\n")) == (1, "", 1)
