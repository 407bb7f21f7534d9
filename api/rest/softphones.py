"""The browser as a phone: what it must know to register as the phone of one's own seat."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from api.rest.endpoint import Answer, Asked
from api.rest.seats import own_seat
from messages.errors import NotFound


class SoftphoneAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A SIP account over WebSocket (RFC 7118): `server` is its ws:// or wss:// URL."""

    number: str
    user: str
    password: str
    server: str


async def get_softphone(asked: Asked) -> Answer:
    """Return the account of one's own seat's phone, where that may be a browser."""
    agent = asked.services.mirror.state.roster.get(own_seat(asked))
    number = agent.phone or agent.usual_phone
    phone = asked.services.softphones.get(number)
    if phone is None:
        raise NotFound("the phone of your seat is no browser: its kind is neither webrtc nor both")
    host = urlsplit(f"//{asked.headers.get('Host', '')}").hostname or "localhost"
    server = phone.server.format(host=f"[{host}]" if ":" in host else host)
    return Answer(SoftphoneAnswer(number=number, user=phone.user, password=phone.secret, server=server))
