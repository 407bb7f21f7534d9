"""The AMI session without a socket: log-in, answers, lists, deadlines, pings. Times are in seconds."""

from __future__ import annotations

import pytest

from telephony.ami.errors import AmiLoginRefused, AmiLost, AmiRefused, AmiTimeout
from telephony.ami.session import (
    BOOT_S,
    LOGIN_S,
    PING_EVERY_S,
    PING_WITHIN_S,
    AmiResponse,
    AmiSession,
    Answered,
    Ended,
    LoggedIn,
)
from telephony.ami.subscription import SUBSCRIPTION

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
BOOTED = b"Event: FullyBooted\r\nUptime: 0\r\nStatus: Fully Booted\r\n\r\n"


def _message(*lines: str) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode()


def _logged_in() -> AmiSession:
    session = AmiSession("user", "secret", SUBSCRIPTION, 0.0)
    assert b"Action: Login\r\nActionID: h1\r\nUsername: user\r\nSecret: secret\r\n" in session.data_to_send()
    session.receive_data(BANNER + _message("Response: Success", "ActionID: h1"), 0.1)
    session.receive_data(BOOTED, 0.1)
    assert [event for event in session.events_received() if not isinstance(event, dict)] == [LoggedIn()]
    return session


def _answer(session: AmiSession) -> Answered:
    [event] = session.events_received()
    assert isinstance(event, Answered)
    return event


def test_a_refused_log_in_ends_the_session() -> None:
    session = AmiSession("user", "wrong", SUBSCRIPTION, 0.0)
    session.receive_data(BANNER + _message("Response: Error", "ActionID: h1", "Message: Authentication failed"), 0.1)
    [event] = session.events_received()
    assert isinstance(event, Ended) and isinstance(event.reason, AmiLoginRefused)


def test_nothing_is_sent_before_the_log_in() -> None:
    with pytest.raises(AmiLost):
        AmiSession("user", "secret", SUBSCRIPTION, 0.0).act("Ping", {}, 0.0, 5.0)


def test_nothing_is_sent_to_an_asterisk_that_is_still_loading_its_modules() -> None:
    session = AmiSession("user", "secret", SUBSCRIPTION, 0.0)
    session.receive_data(BANNER + _message("Response: Success", "ActionID: h1"), 0.1)
    session.tick(3.0)
    assert session.events_received() == []
    with pytest.raises(AmiLost):
        session.act("QueuePause", {}, 3.0, 5.0)
    session.receive_data(BOOTED, 3.1)
    begun, told = session.events_received()
    assert begun == LoggedIn() and isinstance(told, dict)
    assert session.act("QueuePause", {}, 3.2, 5.0)


def test_who_is_never_told_that_asterisk_has_started_begins_all_the_same() -> None:
    session = AmiSession("user", "secret", SUBSCRIPTION, 0.0)
    session.receive_data(BANNER + _message("Response: Success", "ActionID: h1"), 0.1)
    session.tick(LOGIN_S + BOOT_S)
    assert session.events_received() == [LoggedIn()]


def test_answers_find_their_action_in_any_order() -> None:
    session = _logged_in()
    first, second = session.act("A", {}, 1.0, 5.0), session.act("B", {}, 1.0, 5.0)
    session.receive_data(_message("Response: Success", f"ActionID: {second}", "X: 2"), 1.1)
    session.receive_data(_message("Response: Error", f"ActionID: {first}", "Message: no"), 1.2)
    one, two = session.events_received()
    assert isinstance(one, Answered) and isinstance(one.result, AmiResponse) and one.result.get("X") == "2"
    assert isinstance(two, Answered) and isinstance(two.result, AmiRefused) and "no" in str(two.result)


def test_a_list_comes_with_its_answer_even_in_one_read_and_unsubscribed() -> None:
    session = _logged_in()
    action = session.act("Status", {}, 1.0, 5.0)
    session.receive_data(
        _message("Response: Success", f"ActionID: {action}", "EventList: start")
        + _message("Event: Hangup", "Uniqueid: 9")
        + _message("Event: Status", f"ActionID: {action}", "Uniqueid: 1")
        + _message("Event: StatusComplete", f"ActionID: {action}", "EventList: Complete"),
        1.1,
    )
    hangup, answered = session.events_received()
    assert isinstance(hangup, dict) and hangup["Uniqueid"] == "9", "events in between are events"
    assert isinstance(answered, Answered) and isinstance(answered.result, AmiResponse)
    assert [event["Uniqueid"] for event in answered.result.events] == ["1"]


def test_an_event_that_names_an_action_or_a_response_completes_none() -> None:
    session = _logged_in()
    action = session.act("Originate", {}, 1.0, 5.0)
    session.receive_data(
        _message("Event: UserEvent", "UserEvent: X", f"ActionID: {action}")
        + _message("Event: OriginateResponse", f"ActionID: {action}", "Response: Failure", "Uniqueid: u"),
        1.1,
    )
    names = [event["Event"] for event in session.events_received() if isinstance(event, dict)]
    assert names == ["UserEvent", "OriginateResponse"]
    session.receive_data(_message("Response: Success", f"ActionID: {action}"), 1.2)
    assert isinstance(_answer(session).result, AmiResponse)


def test_an_action_without_an_answer_is_of_unknown_outcome_and_its_late_answer_is_counted() -> None:
    session = _logged_in()
    action = session.act("Originate", {}, 1.0, 2.0)
    session.tick(2.9)
    assert session.events_received() == []
    session.tick(3.0)
    assert isinstance(_answer(session).result, AmiTimeout)
    session.receive_data(_message("Response: Success", f"ActionID: {action}"), 4.0)
    assert (session.events_received(), session.late_answers) == ([], 1)


def test_a_ping_without_an_answer_ends_the_session() -> None:
    session = _logged_in()
    session.data_to_send()
    session.tick(PING_EVERY_S)
    assert b"Action: Ping" in session.data_to_send()
    session.tick(PING_EVERY_S + PING_WITHIN_S)
    [event] = session.events_received()
    assert isinstance(event, Ended) and isinstance(event.reason, AmiTimeout)


def test_answered_pings_go_on_for_ever() -> None:
    session, now = _logged_in(), 0.0
    for n in range(2, 6):
        now += PING_EVERY_S + 0.1
        session.tick(now)
        assert f"ActionID: h{n}".encode() in session.data_to_send()
        session.receive_data(_message("Response: Success", f"ActionID: h{n}", "Ping: Pong"), now)
    assert session.events_received() == []


def test_a_broken_link_leaves_every_pending_action_of_unknown_outcome() -> None:
    session = _logged_in()
    session.act("A", {}, 1.0, 5.0)
    session.act("B", {}, 1.0, 5.0)
    session.end("cut")
    results = [event.result for event in session.events_received() if isinstance(event, Answered)]
    assert [type(result) for result in results] == [AmiLost, AmiLost]
    with pytest.raises(AmiLost):
        session.act("C", {}, 2.0, 5.0)


def test_a_ping_is_not_missed_while_we_read_nothing() -> None:
    session = _logged_in()
    session.tick(PING_EVERY_S)
    session.deaf = True
    session.tick(PING_EVERY_S + 10 * PING_WITHIN_S)
    assert list(session.events_received()) == []
    session.deaf = False
    session.tick(PING_EVERY_S + 11 * PING_WITHIN_S)
    assert [type(event) for event in session.events_received()] == [Ended]
