"""The link to one Asterisk's AMI: kept up, resynchronised after every gap, closed with its block."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Self

import msgspec
import structlog

from telephony.ami.errors import AmiError, AmiLoginRefused, AmiLost
from telephony.ami.manager import AmiManager
from telephony.ami.session import BOOT_S, LOGIN_S, AmiResponse
from telephony.ami.subscription import SUBSCRIPTION
from telephony.ami.wire import AmiCounts, Headers

log = structlog.get_logger()


class LinkSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Back-off in seconds (full jitter up to a cap that doubles), and how many events a resync may hold back."""

    first_s: float = 0.2
    longest_s: float = 15.0
    refused_s: float = 60.0
    buffered: int = 100_000


class LinkCounts(msgspec.Struct):
    """What the link has gone through."""

    connects: int = 0
    losses: int = 0
    refused: int = 0
    dropped_stale: int = 0
    callback_errors: int = 0


class AmiLink:
    """`async with` it. `on_event(headers)`: every subscribed event, in order, one at a time.

    `on_up(link)` runs after each log-in: it takes a snapshot and returns the instant (UTC) of which it surely speaks;
    events meanwhile wait, those older than that are dropped, the rest follow. `on_down(reason)`: the link is away.
    """

    def __init__(
        self,
        host: str,
        port: int,
        username: str,
        secret: str,
        *,
        on_event: Callable[[Headers], None],
        on_up: Callable[[AmiLink], Awaitable[datetime]],
        on_down: Callable[[str], None],
        wanted: Mapping[str, tuple[str, ...]] | None = SUBSCRIPTION,
        settings: LinkSettings | None = None,
    ) -> None:
        self.counts = LinkCounts()
        self.wire_counts = AmiCounts()
        self._address = (host, port)
        self._credentials = (username, secret)
        self._on_event = on_event
        self._on_up = on_up
        self._on_down = on_down
        self._wanted = wanted
        self._settings = settings or LinkSettings()
        self._manager: AmiManager | None = None
        self._buffer: list[Headers] | None = None
        self._up = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._paused = False

    def __repr__(self) -> str:
        return f"<AmiLink {self._address[0]}:{self._address[1]}: {'up' if self.is_up else 'away'}, {self.counts}>"

    @property
    def is_up(self) -> bool:
        """Whether the link is up and resynchronised."""
        return self._up.is_set()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep_up(), name="ami link")
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def wait_up(self) -> None:
        """Return once the link is up and resynchronised."""
        await self._up.wait()

    async def action(
        self, name: str, headers: Mapping[str, str | list[str]] | None = None, timeout: float = 5.0
    ) -> AmiResponse:
        """Send an action once and return its answer, with its list where one follows; `timeout` in seconds.

        Raises AmiRefused; AmiTimeout or AmiLost where the outcome is unknown; AmiBadValue.
        """
        if self._manager is None:
            raise AmiLost("the link to Asterisk is away")
        return await self._manager.send_action({"Action": name, **(headers or {}), "timeout_s": timeout})

    def pause_reading(self) -> None:
        """Read nothing more until `resume_reading`: Asterisk's writes then wait in the socket."""
        self._paused = True
        self._press()

    def resume_reading(self) -> None:
        """Read on."""
        self._paused = False
        self._press()

    def _press(self) -> None:
        if self._manager:
            self._manager.session.deaf = self._paused
        transport = self._manager.protocol.transport if self._manager and self._manager.protocol else None
        if transport is not None and not transport.is_closing():
            transport.pause_reading() if self._paused else transport.resume_reading()

    async def _keep_up(self) -> None:
        tries = 0
        while True:
            reason, was_up = await self._one_connection()
            tries = 0 if was_up else tries + 1
            await asyncio.sleep(self._back_off(tries, reason))

    def _back_off(self, tries: int, reason: AmiError) -> float:
        settings = self._settings
        if isinstance(reason, AmiLoginRefused):
            self.counts.refused += 1
            log.error("AMI refuses our log-in; mend [asterisk] ami_username and ami_secret", error=str(reason))
            return settings.refused_s * random.uniform(0.5, 1.0)
        return random.uniform(0, min(settings.longest_s, settings.first_s * 2.0 ** min(tries, 30)))

    async def _one_connection(self) -> tuple[AmiError, bool]:
        """Connect, log in, resynchronise and stay; return why it ended and whether it was ever up."""
        self._buffer = []
        manager = self._manager = AmiManager(*self._address, *self._credentials, self._wanted, self._take)
        self.wire_counts = manager.session.wire.counts
        try:
            manager.connect()
            async with asyncio.timeout(2 * LOGIN_S + BOOT_S):
                await asyncio.wait((manager.ready, manager.lost), return_when=asyncio.FIRST_COMPLETED)
            if not manager.lost.done():
                await self._resynchronise(manager)
                return await manager.lost, True
            return manager.lost.result(), False
        except TimeoutError:
            return AmiLost("no banner or answer from Asterisk in time"), False
        except AmiError as error:
            return error, False
        except Exception as error:  # a fault in the resync must not end the link for good
            log.exception("resync failed", error=str(error))
            return AmiLost(f"resync failed: {error}"), False
        finally:
            self._leave(manager)

    async def _resynchronise(self, manager: AmiManager) -> None:
        self.counts.connects += 1
        self._press()
        snapshot = (await self._on_up(self)).timestamp()
        held, self._buffer = self._buffer or [], None
        for headers in held:
            if _stamp(headers) < snapshot:
                self.counts.dropped_stale += 1
            else:
                manager._deliver(headers)
        self._up.set()
        log.info("ami up", host=self._address[0], port=self._address[1], banner=manager.session.wire.banner)

    def _leave(self, manager: AmiManager) -> None:
        manager.close()
        self._manager = None
        self._buffer = None
        self.counts.callback_errors += manager.callback_errors
        if self._up.is_set():
            self._up.clear()
            self.counts.losses += 1
            lost = manager.lost
            # Cancelled with us where we were waiting for it.
            reason = str(lost.result()) if lost.done() and not lost.cancelled() else "closed by us"
            log.warning("ami away", reason=reason)
            self._on_down(reason)

    def _take(self, headers: Headers) -> None:
        if self._buffer is None:
            self._on_event(headers)
        elif len(self._buffer) < self._settings.buffered:
            self._buffer.append(headers)
        elif self._manager is not None:
            log.error("more events during a resync than may be held; beginning again")
            self._manager.close()


def _stamp(headers: Headers) -> float:
    """Return an event's instant, seconds since 1970; those without one count as new."""
    try:
        return float(str(headers.get("Timestamp", "inf")))
    except ValueError:
        return float("inf")
