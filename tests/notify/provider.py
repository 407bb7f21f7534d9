"""A provider of short messages: a real HTTP server on loopback that answers as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from notify.settings import HttpSettings

BODY = '{"mobile": "{number}", "content": "{text}", "id": "{id}", "key": "{token}"}'


class Provider:
    """What it was asked, and how it answers next: status, body, headers, and after how long."""

    def __init__(self) -> None:
        self.asked: list[tuple[web.Request, bytes]] = []
        self.status = 200
        self.body = '{"code": 0}'
        self.headers: dict[str, str] = {}
        self.slow_s = 0.0
        self.cut = False
        self.arrived = asyncio.Event()
        self.port = 0

    async def answer(self, request: web.Request) -> web.Response:
        """Take a message."""
        self.asked.append((request, await request.read()))
        self.arrived.set()
        await asyncio.sleep(self.slow_s)
        if self.cut and request.transport:
            request.transport.abort()
        return web.Response(status=self.status, text=self.body, headers=self.headers)

    def settings(self, **more: object) -> HttpSettings:
        """Return settings that lead here."""
        given = {"url": f"http://127.0.0.1:{self.port}/send", "success_field": "code", "success_value": "0"} | more
        return HttpSettings(**given)  # type: ignore[arg-type]


@asynccontextmanager
async def provider_running() -> AsyncIterator[Provider]:
    """Give a provider on a free port."""
    provider = Provider()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", provider.answer)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        provider.port = runner.addresses[0][1]
        yield provider
    finally:
        await runner.cleanup()
