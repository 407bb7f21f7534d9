"""The FastAGI server against clients good and bad, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import ClassVar

import pytest
import structlog
import uvloop

from telephony.agi.errors import AgiHangup, AgiRefused, AgiTimeout
from telephony.agi.server import AgiServer
from telephony.agi.session import AgiSession

ENVIRONMENT = b"agi_request: agi://h/citizen\nagi_uniqueid: n1-1.2\n\n"
Handler = Callable[[AgiSession], Awaitable[None]]


async def _nothing(session: AgiSession) -> None:
    await session.command("NOOP")


class Asterisk:
    """The other side of one session."""

    opened: ClassVar[list[Asterisk]] = []

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def call(cls, server: AgiServer, first: bytes = ENVIRONMENT) -> Asterisk:
        side = cls(*await asyncio.open_connection("127.0.0.1", server.port))
        side.writer.write(first)
        cls.opened.append(side)
        return side

    async def asked(self) -> str:
        async with asyncio.timeout(5):
            return (await self.reader.readline()).decode().strip()

    async def closed(self) -> bool:
        async with asyncio.timeout(5):
            try:
                return await self.reader.read() == b""
            except ConnectionResetError:
                return True
            finally:
                self.writer.close()


@pytest.fixture(autouse=True)
async def _hang_everybody_up() -> AsyncIterator[None]:
    yield
    while Asterisk.opened:
        writer = Asterisk.opened.pop().writer
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is watched has no event to wait for
            await asyncio.sleep(0.01)


async def test_a_session_runs_its_commands_and_ends() -> None:
    heard: list[object] = []

    async def handler(session: AgiSession) -> None:
        heard.append(session.environment["agi_uniqueid"])
        heard.append(await session.get_variable("X"))
        heard.append(await session.get_variable("Y"))
        heard.append((await session.stream_file("hello")).endpos)

    async with AgiServer(handler, "127.0.0.1", 0) as server:
        side = await Asterisk.call(server)
        assert await side.asked() == 'GET VARIABLE "X"'
        for byte in b"200 result=1 (a value)\n":
            side.writer.write(bytes([byte]))
            await side.writer.drain()
        assert await side.asked() == 'GET VARIABLE "Y"'
        side.writer.write(b"200 result=0\n")
        assert await side.asked() == 'STREAM FILE "hello" ""'
        side.writer.write(b"200 result=0 endpos=80\n")
        assert await side.closed()
    assert heard == ["n1-1.2", "a value", None, 80]
    assert server.counts.accepted == 1


async def test_a_caller_leaving_while_held_is_noticed_at_once() -> None:
    left = asyncio.Event()

    async def handler(session: AgiSession) -> None:
        await session.wait_hangup()
        with pytest.raises(AgiHangup):
            await session.command("NOOP")
        left.set()

    async with AgiServer(handler, "127.0.0.1", 0) as server:
        side = await Asterisk.call(server)
        side.writer.write(b"HANGUP\n")
        async with asyncio.timeout(5):
            await left.wait()
        assert await side.closed()


async def test_a_connection_cut_in_a_long_dial_ends_the_command() -> None:
    ended: list[str] = []

    async def handler(session: AgiSession) -> None:
        try:
            await session.exec("Dial", "PJSIP/1001", "15", "g", timeout=None)
        except AgiHangup as error:
            ended.append(str(error))

    async with AgiServer(handler, "127.0.0.1", 0) as server:
        side = await Asterisk.call(server)
        assert await side.asked() == 'EXEC "Dial" "PJSIP/1001,15,g"'
        side.writer.close()
        await _until(lambda: bool(ended))


async def test_a_hangup_in_front_of_the_answer_does_not_shift_it() -> None:
    results: list[str] = []

    async def handler(session: AgiSession) -> None:
        results.append((await session.exec("Dial", "PJSIP/1001")).result)
        results.append("hung up" if session.hung_up else "there")

    async with AgiServer(handler, "127.0.0.1", 0) as server:
        side = await Asterisk.call(server)
        await side.asked()
        side.writer.write(b"HANGUP\n200 result=-1\n")
        assert await side.closed()
    assert results == ["-1", "hung up"]


async def test_a_refused_command_leaves_the_session_usable() -> None:
    codes: list[str] = []

    async def handler(session: AgiSession) -> None:
        with pytest.raises(AgiRefused, match="520"):
            await session.command("VERBOSE")
        codes.append((await session.command("NOOP")).result)

    async with AgiServer(handler, "127.0.0.1", 0) as server:
        side = await Asterisk.call(server)
        await side.asked()
        side.writer.write(b"520-Invalid command syntax.\nUsage: VERBOSE\n520 End of proper usage.\n")
        assert await side.asked() == "NOOP"
        side.writer.write(b"200 result=0\n")
        assert await side.closed()
    assert codes == ["0"]


async def test_an_answer_that_never_comes_is_a_timeout() -> None:
    raised: list[type[Exception]] = []

    async def handler(session: AgiSession) -> None:
        try:
            await session.command("NOOP", timeout=0.05)
        except AgiTimeout as error:
            raised.append(type(error))

    async with AgiServer(handler, "127.0.0.1", 0) as server:
        side = await Asterisk.call(server)
        assert await side.closed() is False
    assert raised == [AgiTimeout]


@pytest.mark.parametrize(
    ("first", "count"),
    [
        (b"", "timed_out"),
        (b"agi_request: x\nagi_uni", "timed_out"),
        (b"GET / HTTP/1.1\r\n\r\n", "malformed"),
        (b"agi_x: " + b"y" * 1_000_000, "malformed"),
    ],
)
async def test_a_client_that_is_no_asterisk_is_dropped_and_counted(first: bytes, count: str) -> None:
    async with AgiServer(_nothing, "127.0.0.1", 0, environment_s=0.2) as server:
        side = await Asterisk.call(server, first)
        assert await side.closed()
        await _until(lambda: server.active == 0)
        assert (getattr(server.counts, count), server.counts.accepted) == (1, 0)


async def test_a_health_check_that_connects_and_closes_costs_nothing() -> None:
    async with AgiServer(_nothing, "127.0.0.1", 0) as server:
        for _ in range(20):
            (await Asterisk.call(server, b"")).writer.close()
        await _until(lambda: server.counts.silent == 20 and server.active == 0)


async def test_over_the_limit_calls_are_left_to_the_dialplan() -> None:
    async with AgiServer(_nothing, "127.0.0.1", 0, max_sessions=1) as server:
        first = await Asterisk.call(server)
        await first.asked()
        second = await Asterisk.call(server)
        assert await second.closed()
        assert server.counts.refused == 1
        first.writer.write(b"200 result=0\n")
        assert await first.closed()


async def test_while_not_accepting_calls_are_left_to_the_dialplan() -> None:
    async with AgiServer(_nothing, "127.0.0.1", 0) as server:
        server.accepting = False
        assert await (await Asterisk.call(server)).closed()
        server.accepting = True
        assert await (await Asterisk.call(server)).asked() == "NOOP"


async def test_an_environment_cut_by_the_end_of_the_connection_is_silence() -> None:
    async with AgiServer(_nothing, "127.0.0.1", 0) as server:
        (await Asterisk.call(server, b"agi_request: x\nagi_uni")).writer.close()
        await _until(lambda: server.counts.silent == 1 and server.active == 0)


async def test_a_handler_that_fails_ends_its_own_session_only_and_names_the_contact() -> None:
    async def handler(session: AgiSession) -> None:
        if session.environment["agi_request"] == "bad":
            raise RuntimeError("a bug")
        await session.command("NOOP")

    with structlog.testing.capture_logs() as logs:
        async with AgiServer(handler, "127.0.0.1", 0) as server:
            assert await (await Asterisk.call(server, b"agi_request: bad\nagi_arg_1: n1-7.8\n\n")).closed()
            assert await (await Asterisk.call(server)).asked() == "NOOP"
            assert server.counts.crashed == 1
    assert [(entry["log_level"], entry["contact"]) for entry in logs] == [("error", "n1-7.8")]


async def test_a_caller_leaving_is_no_failure_of_the_handler() -> None:
    async with AgiServer(_nothing, "127.0.0.1", 0) as server:
        side = await Asterisk.call(server)
        await side.asked()
        side.writer.write(b"511 Command Not Permitted on a dead channel or intercept routine\n")
        assert await side.closed()
        await _until(lambda: server.active == 0)
        assert (server.counts.accepted, server.counts.crashed) == (1, 0)


async def test_keys_are_heard_and_a_caller_leaving_meanwhile_is_a_hangup() -> None:
    heard: list[str] = []

    async def handler(session: AgiSession) -> None:
        await session.answer()
        heard.append(await session.wait_for_digit(2.5))
        heard.append(await session.wait_for_digit(2.5))
        heard.append(await session.get_data("menu", 5, 4))
        with pytest.raises(AgiHangup):
            await session.wait_for_digit(1)
        with pytest.raises(AgiHangup):
            await session.get_data("menu", 5, 4)
        with pytest.raises(AgiHangup):
            await session.answer()
        heard.append("left")

    exchange = [
        ("ANSWER", b"200 result=0\n"),
        ('WAIT FOR DIGIT "2500"', b"200 result=49\n"),
        ('WAIT FOR DIGIT "2500"', b"200 result=0\n"),
        ('GET DATA "menu" "5000" "4"', b"200 result=12*# (timeout)\n"),
        ('WAIT FOR DIGIT "1000"', b"200 result=-1\n"),
        ('GET DATA "menu" "5000" "4"', b"200 result=-1\n"),
        ("ANSWER", b"200 result=-1\n"),
    ]
    async with AgiServer(handler, "127.0.0.1", 0) as server:
        side = await Asterisk.call(server)
        for command, answer in exchange:
            assert await side.asked() == command
            side.writer.write(answer)
        assert await side.closed()
    assert heard == ["1", "", "12*#", "left"]
    assert server.counts.crashed == 0


def test_the_server_runs_on_uvloop() -> None:
    async def hold_one_call() -> AgiServer:
        async def handler(session: AgiSession) -> None:
            await session.exec("StartMusicOnHold")
            await session.wait_hangup()

        async with AgiServer(handler, "127.0.0.1", 0, environment_s=0.2) as server:
            side, mute = await Asterisk.call(server), await Asterisk.call(server, b"")
            await side.asked()
            side.writer.write(b"200 result=0\nHANGUP\n")
            assert await side.closed()
            assert await mute.closed()
        Asterisk.opened.clear()
        return server

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        server = runner.run(hold_one_call())
    assert (server.counts.accepted, server.counts.timed_out, server.counts.crashed) == (1, 1, 0)


async def test_closing_lets_sessions_end_and_hands_the_rest_to_the_dialplan() -> None:
    async def handler(session: AgiSession) -> None:
        await session.command("NOOP")

    server = AgiServer(handler, "127.0.0.1", 0, drain_s=0.3)
    async with server:
        ending, stuck = await Asterisk.call(server), await Asterisk.call(server)
        await ending.asked()
        await stuck.asked()
        asyncio.get_running_loop().call_later(0.05, ending.writer.write, b"200 result=0\n")
    assert await ending.closed()
    assert await stuck.closed()
    assert server.active == 0
