"""The faults of plain panoramisk 1.4, each shown on it and shown to be gone from ours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from panoramisk import Manager
from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol

from telephony.ami.errors import AmiBadValue, AmiError, AmiLost
from telephony.ami.manager import AmiManager

BANNER = b"Asterisk Call Manager/11.0.0\r\n"


class Transport:
    """Takes what is written."""

    def __init__(self) -> None:
        self.sent = b""

    def write(self, data: bytes) -> None:
        self.sent += data

    def close(self) -> None:
        """Close nothing."""


def _message(*lines: str) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode()


class Plain:
    """panoramisk as it comes."""

    def __init__(self, callback: Callable[[Any], Any] = lambda message: None) -> None:
        self.seen: list[Any] = []

        def on_event(manager: Manager, message: Any) -> None:
            self.seen.append(message)
            callback(message)

        self.manager = Manager(loop=asyncio.get_running_loop())
        self.manager.register_event("*", on_event)
        self.protocol = AMIProtocol()
        self.transport = Transport()
        self.protocol.connection_made(self.transport)
        self.protocol.factory = self.manager
        self.manager.protocol = self.protocol
        self.protocol.encoding = "utf8"
        self.protocol.data_received(BANNER)

    def feed(self, data: bytes) -> None:
        self.protocol.data_received(data)

    def act(self, **headers: str) -> tuple[str, asyncio.Future[Any]]:
        action = Action(headers)
        return str(action.id), self.manager.send_action(action)


class Ours:
    """Our manager on a transport of the test's."""

    def __init__(self, callback: Callable[[Any], Any] = lambda message: None) -> None:
        self.seen: list[Any] = []

        self._begun = False

        def on_event(message: Any) -> None:
            if self._begun:
                self.seen.append(message)
                callback(message)

        self.manager = AmiManager("127.0.0.1", 1, "user", "secret", None, on_event)
        self.transport = Transport()
        self.protocol: Any = self.manager.config["protocol_factory"]()
        self.manager.protocol = self.protocol
        self.protocol.transport = self.transport
        self.protocol.pump()
        self.feed(BANNER + _message("Response: Success", "ActionID: h1") + _message("Event: FullyBooted"))
        self._begun = True
        self._count = 1

    def feed(self, data: bytes) -> None:
        self.protocol.data_received(data)

    def act(self, **headers: str) -> tuple[str, asyncio.Future[Any]]:
        self._count += 1
        return f"h{self._count}", self.manager.send_action(headers)


async def test_a_character_split_between_two_reads() -> None:
    data = _message("Event: Newchannel", "CallerIDName: 市")
    at = data.index("市".encode()) + 1
    plain, ours = Plain(), Ours()
    for one in (plain, ours):
        one.feed(data[:at])
        one.feed(data[at:])
    assert plain.seen[0].calleridname == "", "vanished"
    assert ours.seen[0]["CallerIDName"] == "市"


async def test_a_line_feed_in_a_value() -> None:
    plain, ours = Plain(), Ours()
    plain.act(Action="Originate", CallerID="1\r\n\r\nAction: Command\r\nCommand: core stop now")
    assert b"\r\n\r\nAction: Command" in plain.transport.sent, "a second action is injected"
    before = ours.transport.sent
    _, answer = ours.act(Action="Originate", CallerID="1\r\n\r\nAction: Command\r\nCommand: core stop now")
    with pytest.raises(AmiBadValue):
        await answer
    assert ours.transport.sent == before


async def test_an_exception_in_a_callback() -> None:
    def fail(message: Any) -> None:
        if message["Uniqueid"] == "1":
            raise RuntimeError("a bug of the callback's")

    data = _message("Event: Hangup", "Uniqueid: 1") + _message("Event: Hangup", "Uniqueid: 2")
    plain, ours = Plain(fail), Ours(fail)
    with pytest.raises(RuntimeError):
        plain.feed(data)
    assert len(plain.seen) == 1, "the rest of the read is lost, and asyncio closes the link"
    ours.feed(data)
    assert [message["Uniqueid"] for message in ours.seen] == ["1", "2"]
    assert ours.manager.callback_errors == 1


async def test_a_user_event_whose_body_says_event() -> None:
    data = _message("Event: UserEvent", "UserEvent: X", "Event: Y")
    plain, ours = Plain(), Ours()
    with pytest.raises(AttributeError):
        plain.feed(data)
    ours.feed(data)
    assert ours.seen[0]["Event"] == "UserEvent"


async def test_a_user_event_that_names_a_pending_action() -> None:
    plain, ours = Plain(), Ours()
    for one, completed in ((plain, True), (ours, False)):
        action, answer = one.act(Action="QueuePause")
        one.feed(_message("Event: UserEvent", "UserEvent: X", f"ActionID: {action}"))
        assert answer.done() is completed
        answer.cancel()


async def test_queue_add_is_answered() -> None:
    plain, ours = Plain(), Ours()
    for one, done in ((plain, False), (ours, True)):
        action, answer = one.act(Action="QueueAdd", Queue="q", Interface="PJSIP/1")
        one.feed(_message("Response: Success", f"ActionID: {action}", "Message: Added interface to queue"))
        assert answer.done() is done
        answer.cancel()


async def test_originate_without_async_is_answered() -> None:
    plain, ours = Plain(), Ours()
    action, _ = plain.act(Action="Originate", Channel="PJSIP/1")
    with pytest.raises(KeyError):
        plain.feed(_message("Response: Success", f"ActionID: {action}", "Message: Originate successfully queued"))
    action, answer = ours.act(Action="Originate", Channel="PJSIP/1")
    ours.feed(_message("Response: Success", f"ActionID: {action}", "Message: Originate successfully queued"))
    assert (await answer).get("Message") == "Originate successfully queued"


async def test_an_action_unanswered_when_the_link_breaks() -> None:
    plain, ours = Plain(), Ours()
    plain.act(Action="Originate", Channel="PJSIP/1")
    plain.protocol.close()
    assert len(plain.manager.awaiting_actions) == 1, "kept to be sent again: dialled twice"
    _, answer = ours.act(Action="Originate", Channel="PJSIP/1")
    ours.protocol.connection_lost(None)
    with pytest.raises(AmiLost):
        await answer
    await ours.manager.send_awaiting_actions()
    assert ours.transport.sent.count(b"Action: Originate") == 1


async def test_data_before_the_connection_is_said_to_be_made() -> None:
    plain = AMIProtocol()
    plain.connection_made(Transport())
    with pytest.raises(AttributeError):
        plain.data_received(BANNER + _message("Event: FullyBooted", "Status: Fully Booted"))
    ours = Ours()
    ours.feed(_message("Event: FullyBooted", "Status: Fully Booted"))
    assert len(ours.seen) == 1


async def test_an_action_that_is_never_answered() -> None:
    plain, ours = Plain(), Ours()
    _, waiting = plain.act(Action="CoreStatus")
    assert not hasattr(plain.manager, "timeout") and not waiting.done(), "it waits for ever"
    waiting.cancel()
    assert len(plain.protocol.responses) == 1, "and a cancelled one is never forgotten"
    _, answer = ours.act(Action="CoreStatus", timeout_s="1.0")
    ours.manager.session.tick(ours.manager.now() + 2.0)
    ours.protocol.pump()
    with pytest.raises(AmiError, match="no answer"):
        await answer
    assert ours.manager._answers == {}


async def test_closing_stays_closed() -> None:
    plain, ours = Plain(), Ours()
    calls: list[Any] = []
    plain.manager.connect = lambda *args, **kwargs: calls.append(1)
    plain.manager.reconnect_timeout = 0
    plain.manager.connection_lost(None)
    plain.manager.close()
    await asyncio.sleep(0.05)
    assert calls == [1], "it reconnects although it was closed"
    ours.manager.connect = lambda *args, **kwargs: calls.append(2)
    ours.protocol.connection_lost(None)
    ours.manager.close()
    await asyncio.sleep(0.05)
    assert calls == [1]
