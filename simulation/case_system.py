"""A small case system 工单系统, as an example of a client: takes every pop and end, and ties a case to each answered
contact. `python -m simulation.case_system --url http://127.0.0.1:8080 --token-file FILE`"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlsplit

import aiohttp
from websockets.exceptions import WebSocketException

from simulation.accounts import Account
from simulation.stream import Received, StreamRefused, subscribed

KINDS = ("screen_pop", "contact.ended")
CURSOR = "case-system"
RECONNECT_SECONDS = 2.0


class CaseSystem:
    """Receives, ties, acknowledges: what it has not acknowledged comes again, and tying again changes nothing."""

    def __init__(
        self,
        rest: str,
        stream: str,
        token: str,
        *,
        cursor: str = CURSOR,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.pops = self.linked = self.replayed = 0
        self._rest, self._stream, self._cursor, self._say = rest, stream, cursor, say
        self._account = Account(name=cursor, roles=("case_system",), token=token)

    def __repr__(self) -> str:
        return f"<CaseSystem {self._cursor}: {self.pops} pops, {self.linked} cases>"

    async def run(self) -> None:
        """Work for ever, through losses of the connection."""
        while True:
            try:
                await self._work()
            except (OSError, WebSocketException, StreamRefused, aiohttp.ClientError) as error:
                self._say(f"connection lost, trying again: {error}")
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _work(self) -> None:
        async with (
            aiohttp.ClientSession(headers=self._account.bearer(), timeout=aiohttp.ClientTimeout(total=30)) as session,
            subscribed(self._stream, self._account.token, KINDS, self._cursor) as stream,
        ):
            async for received in stream:
                self.replayed += received.replayed
                await self._take(session, received)
                await stream.ack(received)

    async def _take(self, session: aiohttp.ClientSession, received: Received) -> None:
        contact = received.text("contact")
        if received.kind == "screen_pop":
            self.pops += 1
            self._say(f"pop      {contact}  agent {received.text('agent')}  {received.text('number')}")
        elif received.kind == "contact.ended" and received.text("outcome") == "answered":
            case_no = case_number(contact)
            await self._tie(session, contact, case_no)
            self.linked += 1
            self._say(f"case     {contact}  {case_no}")

    async def _tie(self, session: aiohttp.ClientSession, contact: str, case_no: str) -> None:
        """Attach the case to the contact. Raises aiohttp.ClientResponseError; then it is tried again by replay."""
        url = f"{self._rest}/api/v1/contacts/{quote(contact, safe='')}/cases/{quote(case_no, safe='')}"
        case = {"valid": True, "category": "咨询", "area": "", "summary": ""}
        async with session.put(url, json=case) as answer:
            answer.raise_for_status()


def case_number(contact: str) -> str:
    """Return the number of a contact's case; the same contact always gives the same."""
    return "GD" + re.sub(r"\W", "", contact)


def main() -> None:
    """Run as a command until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m simulation.case_system", description="An example case system.")
    parser.add_argument("--url", required=True, help="where REST is, such as http://127.0.0.1:8080")
    parser.add_argument("--stream", default="", help="where the event stream is; default: port 8765 of the same host")
    parser.add_argument("--token-file", required=True, type=Path, help="a file with the service's token")
    parser.add_argument("--cursor", default=CURSOR, help="the name under which the server remembers what was taken")
    given = parser.parse_args()
    stream = given.stream or f"ws://{urlsplit(given.url).hostname}:8765/v1/stream"
    token = given.token_file.read_text().strip()
    system = CaseSystem(given.url.rstrip("/"), stream, token, cursor=given.cursor, say=_print)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(system.run())


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
