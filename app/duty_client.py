"""Asks a hotline that runs to plan duties: only its centre writes the journal."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from messages.errors import HotlineError, Unavailable

TIMEOUT_S = 30.0


class Declined(HotlineError):
    """The hotline that runs said no; the text is what it said."""


class DutyClient:
    """REST of a hotline that runs, as one user. Every method raises Declined and Unavailable."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._token = ""

    @contextlib.asynccontextmanager
    async def logged_in(self, user: str, password: str) -> AsyncIterator[DutyClient]:
        """Be logged in for the length of a block."""
        self._token = (await self._ask("POST", "/sessions", {"user": user, "password": password}))["token"]
        try:
            yield self
        finally:
            await self._ask("DELETE", "/sessions")

    async def plan(self, body: dict[str, Any]) -> dict[str, Any]:
        """Plan a duty; return its answer."""
        planned: dict[str, Any] = await self._ask("POST", "/duty-sessions", body)
        return planned

    async def _ask(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            async with self._session.request(method, f"{self._url}/api/v1{path}", json=body, headers=headers) as answer:
                said = await answer.json(content_type=None) if answer.status != 204 else None
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise Unavailable(f"{self._url}: no hotline answers there ({type(error).__name__})") from error
        if answer.status >= 400:
            raise Declined(str((said or {}).get("detail") or (said or {}).get("title") or answer.status))
        return said


@contextlib.asynccontextmanager
async def open_client(url: str) -> AsyncIterator[DutyClient]:
    """Give a client of the hotline at a URL."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield DutyClient(session, url)
