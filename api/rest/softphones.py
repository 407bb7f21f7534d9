"""The browser as a phone: what it must know to register as the phone of one's own seat."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from api.rest.endpoint import Answer, Asked
from api.rest.seats import own_seat


class SipAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account over WebSocket (RFC 7118): `server` is its ws:// or wss:// URL."""

    user: str
    password: str
    server: str


class SoftphoneAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The phone of one's own seat; without `account` it cannot be a browser."""

    number: str
    account: SipAccount | None


async def get_softphone(asked: Asked) -> Answer:
    """Return the phone of one's own seat and, where it may be a browser, the account to register by."""
    agent = asked.services.mirror.state.roster.get(own_seat(asked))
    number = agent.phone or agent.usual_phone
    phone = asked.services.softphones.get(number)
    if phone is None:
        return Answer(SoftphoneAnswer(number=number, account=None))
    host = urlsplit(f"//{asked.headers.get('Host', '')}").hostname or "localhost"
    server = phone.server.format(host=f"[{host}]" if ":" in host else host)
    account = SipAccount(user=phone.user, password=phone.secret, server=server)
    return Answer(SoftphoneAnswer(number=number, account=account))
