"""What of a request stands in the audit, and who asked from where; the table of routes says which are audited."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from messages.audit import AuditEntry
from messages.ids import ContactId
from messages.principal import Origin, Principal

if TYPE_CHECKING:
    from api.rest.endpoint import Asked

LONGEST = 500
REASONS = ("purpose", "reason")


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """That a route is audited, as `name` where that says more than its action. `says`: fields of its body or query that
    stand in the entry; `unless`: for whom it is not.

    `shows`: it does nothing but find what is then shown, so one entry is enough, before the first byte of the answer;
    else there are two, one before the act and one of how it ended.
    """

    name: str = ""
    shows: bool = False
    says: tuple[str, ...] = ()
    unless: Callable[[Asked], bool] | None = None


def begun(
    audited: Audited,
    action: str,
    path: Mapping[str, str],
    principal: Principal,
    at: datetime,
    origin: str,
    *said: Any,
) -> AuditEntry:
    """Return the entry of an act as far as the request tells; handlers note what else they find."""
    named = [f"{name} {value}" for name, value in path.items() if name != "contact"]
    fields = [(name, getattr(one, name)) for name in audited.says for one in said if hasattr(one, name)]
    named += [f"{name} {_text(value)}" for name, value in fields if value not in (None, "")]
    purposes = [getattr(one, name) for name in REASONS for one in said if getattr(one, name, "")]
    contact = path.get("contact")
    return AuditEntry(
        at=at,
        by=principal.user,
        action=audited.name or action,
        contact=ContactId(contact[:LONGEST]) if contact else None,
        about=", ".join(named)[:LONGEST],
        tenant=principal.tenant,
        purpose=str(purposes[0])[:LONGEST] if purposes else "",
        origin=origin,
    )


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def origin_of(request: web.Request, proxies: Sequence[str]) -> Origin:
    """Return where a request came from: the last address on its way that is none of our proxies, and the program."""
    way = [one.strip() for line in request.headers.getall("X-Forwarded-For", ()) for one in line.split(",")]
    address = request.remote or ""
    while way and _is_ours(address, proxies):
        address = way.pop()
    return Origin(address=address[:64], client=request.headers.get("User-Agent", "")[:200])


def _is_ours(address: str, proxies: Sequence[str]) -> bool:
    try:
        return any(ip_address(address) in ip_network(proxy) for proxy in proxies)
    except ValueError:
        return False
