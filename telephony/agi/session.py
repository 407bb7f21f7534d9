"""One FastAGI session over a connection: the shell that pumps bytes for the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import cast

from telephony.agi.errors import AgiHangup, AgiProtocolError, AgiRefused, AgiTimeout
from telephony.agi.wire import AgiEvent, AgiResult, AgiWire, Environment, HungUp

ANSWER_S = 30.0
"""Seconds an ordinary command may take; a prompt is shorter."""
ABSOLUTE = "TIMEOUT(absolute)"
SOUND_S = 600.0
"""Seconds a sound may take to play."""


class AgiSession(asyncio.Protocol):
    """A channel in our hands, one command at a time; any error of it is an AgiError.

    `connected` is told when Asterisk has connected; a protocol and not a stream, for one wake-up an answer.
    """

    def __init__(self, connected: Callable[[AgiSession], None]) -> None:
        self.environment: Mapping[str, str] = {}
        self._connected = connected
        self._transport: asyncio.Transport
        self._wire = AgiWire()
        self._gone = asyncio.Event()
        self._begun = asyncio.Event()
        self._answer: asyncio.Future[AgiResult] | None = None
        self._error: AgiProtocolError | None = None

    def __repr__(self) -> str:
        return f"<AgiSession {self.environment.get('agi_uniqueid', '?')}: {self._wire!r}>"

    @property
    def hung_up(self) -> bool:
        """Whether Asterisk said HANGUP or closed the connection."""
        return self._gone.is_set()

    async def begin(self) -> None:
        """Wait for the environment. Raises AgiProtocolError; EOFError where the other side connects and closes."""
        await self._begun.wait()
        if self._error is not None:
            raise self._error
        if not self.environment:
            raise EOFError

    def close(self) -> None:
        """End the session: Asterisk goes on in the dialplan."""
        self._transport.close()

    async def command(self, *words: str, timeout: float | None = ANSWER_S) -> AgiResult:
        """Run one command and return its answer; `timeout` in seconds, None for as long as the channel lives.

        Raises AgiHangup, AgiRefused (510, 511, 520), AgiTimeout, AgiProtocolError.
        """
        if self.hung_up or self._transport.is_closing():
            raise AgiHangup("the channel is gone")
        self._wire.send_command(*words)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[AgiResult] = loop.create_future()
        self._answer = answer
        self._transport.write(self._wire.data_to_send())
        deadline = None if timeout is None else loop.call_later(timeout, self._too_late, answer, words[0], timeout)
        try:
            result = await answer
        finally:
            self._answer = None
            if deadline is not None:
                deadline.cancel()
        if result.code != 200:
            if result.code == 511:
                raise AgiHangup("the channel is dead")
            raise AgiRefused(f"{words[0]}: {result.code} {result.text}")
        return result

    async def answer(self) -> None:
        """Answer the channel if it is not yet. Raises AgiHangup where that fails."""
        if (await self.command("ANSWER")).result == "-1":
            raise AgiHangup("the channel cannot be answered")

    async def stream_file(self, name: str, escape_digits: str = "") -> AgiResult:
        """Play a sound; result -1 where it could not be played or the caller left, else the digit that cut it or 0."""
        return await self.command("STREAM FILE", name, escape_digits, timeout=SOUND_S)

    async def wait_for_digit(self, seconds: float) -> str:
        """Return the key pressed within so many seconds, empty if none was. Raises AgiHangup."""
        result = await self.command("WAIT FOR DIGIT", str(round(seconds * 1000)), timeout=seconds + ANSWER_S)
        return self._key(result)

    async def get_data(self, name: str, seconds: float, max_digits: int) -> str:
        """Play a sound and return the keys pressed, `#` ends them; `seconds` is the longest pause. Raises AgiHangup."""
        longest = SOUND_S + seconds * max_digits
        milliseconds = str(round(seconds * 1000))
        result = await self.command("GET DATA", name, milliseconds, str(max_digits), timeout=longest)
        if result.result == "-1":
            raise AgiHangup("the caller left")
        return result.result

    async def exec(self, application: str, *arguments: str, timeout: float | None = ANSWER_S) -> AgiResult:
        """Run a dialplan application with its comma-separated arguments."""
        return await self.command("EXEC", application, ",".join(arguments), timeout=timeout)

    async def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable; a name with `__` in front is inherited by what the channel dials."""
        await self.command("SET VARIABLE", name, value)

    async def be_missed_after(self, seconds: int) -> None:
        """Let the dialplan take the call if we are not heard of again within so many seconds; 0: however long."""
        await self.set_variable(ABSOLUTE, str(seconds))

    async def get_variable(self, name: str) -> str | None:
        """Return a channel variable, None if it is not set."""
        result = await self.command("GET VARIABLE", name)
        return result.data if result.result == "1" else None

    async def check_there(self) -> None:
        """Raise AgiHangup if the caller has left, which a -1 alone does not say.

        res_agi.c says HANGUP only in front of the next command's answer.
        """
        if not self.hung_up:
            await self.command("NOOP")
        if self.hung_up:
            raise AgiHangup("the caller left")

    async def wait_hangup(self) -> None:
        """Return when Asterisk says HANGUP or closes the connection."""
        await self._gone.wait()

    @staticmethod
    def _key(result: AgiResult) -> str:
        code = int(result.result) if result.result.lstrip("-").isdecimal() else 0
        if code < 0:
            raise AgiHangup("the caller left")
        return chr(code) if 0 < code < 128 else ""

    @staticmethod
    def _too_late(answer: asyncio.Future[AgiResult], verb: str, timeout: float) -> None:
        if not answer.done():
            answer.set_exception(AgiTimeout(f"no answer to {verb} in {timeout} s"))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection and tell the server."""
        self._transport = cast(asyncio.Transport, transport)
        self._connected(self)

    def data_received(self, data: bytes) -> None:
        """Pump what came through the wire."""
        try:
            self._wire.receive_data(data)
        except AgiProtocolError as error:
            self._error = error
        for event in self._wire.events_received():
            self._take(event)
        if self._error is not None:
            self._transport.abort()
            self._leave()

    def connection_lost(self, exc: Exception | None) -> None:
        """End what waits for Asterisk."""
        self._leave()

    def _take(self, event: AgiEvent) -> None:
        match event:
            case Environment(values):
                self.environment = values
                self._begun.set()
            case AgiResult():
                if self._answer is not None and not self._answer.done():
                    self._answer.set_result(event)
            case HungUp():
                self._gone.set()

    def _leave(self) -> None:
        self._begun.set()
        self._gone.set()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(self._error or AgiHangup("the connection ended"))
