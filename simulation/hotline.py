"""The hotline's REST as an outsider uses it: contacts, page by page."""

from __future__ import annotations

from typing import Any

import aiohttp
import msgspec

from simulation.accounts import Account
from simulation.reconcile import Contact

PAGE = 500


async def contacts(session: aiohttp.ClientSession, rest: str, account: Account) -> list[dict[str, Any]]:
    """Return every contact as GET /contacts gives it. Raises aiohttp.ClientResponseError."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        query = {"limit": str(PAGE), **({"cursor": cursor} if cursor else {})}
        async with session.get(f"{rest}/api/v1/contacts", params=query, headers=account.bearer()) as answer:
            answer.raise_for_status()
            page = msgspec.json.decode(await answer.read())
        found += page["items"]
        cursor = page.get("next") or ""
        if not cursor:
            return found


def as_contacts(rows: list[dict[str, Any]]) -> list[Contact]:
    """Return the contacts in the form in which they are reckoned; msgspec.ValidationError if they are not ours."""
    return msgspec.convert(rows, list[Contact], strict=False)
