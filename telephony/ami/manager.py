"""panoramisk's Manager over our own session: its API, without its faults (docs/architecture.md lists them).

Framing, matching, deadlines and log-in are the session's; what is left of panoramisk is connecting,
`register_event` with its patterns, and its Message type. Nothing is sent twice; reconnecting is the link's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, cast

import structlog
from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from telephony.ami.errors import AmiError, AmiLost
from telephony.ami.session import AmiResponse, AmiSession, Answered, Ended, LoggedIn
from telephony.ami.wire import Headers

log = structlog.get_logger()

TICK_S = 0.25


class SessionProtocol(AMIProtocol):  # type: ignore[misc]
    """panoramisk's protocol, pumping bytes for an AmiSession."""

    def __init__(self, manager: AmiManager) -> None:
        # Data can arrive before Manager.connection_made has run: everything is set from the start.
        self.factory = manager
        self.closed = False
        self.version: str | None = None
        self.transport: asyncio.Transport | None = None
        self.session = manager.session

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the log-in."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self.pump()

    def data_received(self, data: bytes) -> None:
        """Feed the session."""
        self.session.receive_data(data, self.factory.now())
        self.version = self.session.wire.banner
        self.pump()

    def pump(self) -> None:
        """Send what the session has to send, pass on what it received."""
        if self.transport is not None and not self.closed and (out := self.session.data_to_send()):
            self.transport.write(out)
        for event in self.session.events_received():
            self.factory.take(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what is unanswered."""
        self.closed = True
        self.session.end(str(exc or "Asterisk closed the link"))
        self.pump()
        self.factory.connection_lost(exc)

    def close(self) -> None:
        """Close the socket; `connection_lost` follows."""
        if self.transport is not None and not self.closed:
            self.transport.close()


class AmiManager(Manager):  # type: ignore[misc]
    """One connection to AMI. `on_event(headers)` gets every subscribed event, synchronously and in order."""

    def __init__(
        self,
        host: str,
        port: int,
        username: str,
        secret: str,
        wanted: Mapping[str, tuple[str, ...]] | None,
        on_event: Callable[[Headers], None],
    ) -> None:
        self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        super().__init__(host=host, port=port, loop=self.loop, protocol_factory=lambda: SessionProtocol(self))
        self.session = AmiSession(username, secret, wanted, self.now())
        self.ready: asyncio.Future[None] = self.loop.create_future()
        self.lost: asyncio.Future[AmiError] = self.loop.create_future()
        self.callback_errors = 0
        self._on_event = on_event
        self._answers: dict[str, asyncio.Future[AmiResponse]] = {}
        self._ticker: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<AmiManager {self.config['host']}:{self.config['port']}: {self.session!r}>"

    def now(self) -> float:
        """Return the loop's steady clock, in seconds."""
        return self.loop.time()

    def connection_made(self, f: asyncio.Future[Any]) -> None:
        """Keep the protocol, or end where there is nobody to connect to."""
        if f.cancelled() or (error := f.exception()):
            self._end(AmiLost("cancelled" if f.cancelled() else str(error)))
            return
        self._connected = True
        _, self.protocol = f.result()
        self._tick()

    def connection_lost(self, exc: Exception | None) -> None:
        """End: this manager is for one connection."""
        self._connected = False
        self._end(AmiLost(str(exc or "Asterisk closed the link")))

    def send_action(self, action: Mapping[str, Any], as_list: Any = None, **kwargs: Any) -> asyncio.Future[AmiResponse]:
        """Send an action, once; the future has its answer (with its list, if one follows) or an AmiError."""
        headers = {**action, **kwargs}
        timeout = float(headers.pop("timeout_s", 5.0))
        name = str(headers.pop("Action"))
        headers.pop("ActionID", None)
        answer: asyncio.Future[AmiResponse] = self.loop.create_future()
        try:
            self._answers[self.session.act(name, headers, self.now(), timeout)] = answer
        except AmiError as error:
            answer.set_exception(error)
            return answer
        self.protocol.pump()
        return answer

    def take(self, event: object) -> None:
        """Pass one thing on that the session received."""
        match event:
            case Answered(action_id, result):
                answer = self._answers.pop(action_id, None)
                if answer is not None and not answer.done():
                    answer.set_exception(result) if isinstance(result, AmiError) else answer.set_result(result)
            case LoggedIn():
                self.authenticated = True
                self.ready.set_result(None)
            case Ended(reason):
                self._end(reason)
                self.close()
            case dict():
                self._deliver(event)

    def _deliver(self, headers: Headers) -> None:
        """Call back; an exception is the callback's own and costs neither the link nor the next event."""
        try:
            self._on_event(headers)
            if len(self.patterns) > 1:  # beside panoramisk's own for FullyBooted
                self.dispatch(Message(headers))
        except Exception as error:
            self.callback_errors += 1
            log.exception("an event's callback failed", error=str(error), event_name=headers.get("Event"))

    async def send_awaiting_actions(self, *_: object) -> None:
        """Send nothing again: an action whose answer was lost may have been done."""

    def ping(self) -> None:
        """Leave pings to the session, which has a deadline for them."""

    def close(self) -> None:
        """Close for good."""
        if self._ticker is not None:
            self._ticker.cancel()
            self._ticker = None
        if self.protocol is not None:
            self.protocol.close()

    def _tick(self) -> None:
        if not self.lost.done():
            self._ticker = self.loop.call_later(TICK_S, self._tick)
            self.session.tick(self.now())
            self.protocol.pump()

    def _end(self, reason: AmiError) -> None:
        if not self.lost.done():
            self.lost.set_result(reason)
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(AmiLost(str(reason)))
        self._answers.clear()
