"""A log-in at a provider, browser by browser: what is under way, and then the session, in one short encrypted cookie.

Nothing of it stands in an address that remains, and scripts cannot read the cookie. The page asks once for the session.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from http.cookies import CookieError, SimpleCookie

import msgspec
from cryptography.fernet import Fernet, InvalidToken

from api.oidc.provider import NotTrusted, Pending, Provider
from api.oidc.settings import Issuer
from center.ports import Clock
from messages.errors import NotFound
from messages.principal import Principal

COOKIE = "hotline-oidc"
UNDER_WAY_S = 600
ENTRY_S = 60


class Oidc:
    """The providers, and the cookies of this process."""

    def __init__(self, issuers: Sequence[Issuer], public_url: str, clock: Clock) -> None:
        self.issuers = tuple(issuers)
        self._providers = {issuer.id: Provider(issuer, clock) for issuer in issuers}
        self._public = public_url.rstrip("/")
        self._clock = clock
        self._box = Fernet(Fernet.generate_key())

    def __repr__(self) -> str:
        return f"<Oidc of {', '.join(self._providers) or 'nobody'}>"

    async def begin(self, issuer: str) -> tuple[str, str]:
        """Return where to send the browser, and its cookie. Raises NotFound, Unavailable, NotTrusted."""
        address, pending = await self._provider(issuer).begin(self._redirect(issuer))
        return address, self._cookie(msgspec.json.encode(pending), UNDER_WAY_S)

    async def finish(self, issuer: str, code: str, state: str, cookies: str) -> Principal:
        """Return who has logged in. Raises NotFound, Unavailable, NotTrusted."""
        provider = self._provider(issuer)
        try:
            pending = msgspec.json.decode(self._opened(cookies, UNDER_WAY_S), type=Pending)
        except (InvalidToken, msgspec.MsgspecError):
            raise NotTrusted("this browser began no log-in, or too long ago") from None
        same = hmac.compare_digest(pending.state.encode(), state.encode("utf-8", "replace"))
        if not same or pending.issuer != issuer:
            raise NotTrusted("this browser began another log-in: the state differs")
        return await provider.finish(code, pending, self._redirect(issuer))

    def entry(self, token: str) -> str:
        """Return the cookie with which the page gets its session."""
        return self._cookie(token.encode(), ENTRY_S)

    def entered(self, cookies: str) -> str | None:
        """Return the token that a cookie holds, None where it is not one or too old."""
        try:
            return self._opened(cookies, ENTRY_S).decode()
        except (InvalidToken, UnicodeDecodeError):
            return None

    def gone(self) -> str:
        """Return the cookie that takes the cookie away."""
        return self._cookie(b"", 0)

    @property
    def home(self) -> str:
        """Return the page's address."""
        return f"{self._public}/"

    def _provider(self, issuer: str) -> Provider:
        if (provider := self._providers.get(issuer)) is None:
            raise NotFound("no such provider")
        return provider

    def _redirect(self, issuer: str) -> str:
        return f"{self._public}/api/v1/oidc/{issuer}/callback"

    def _cookie(self, content: bytes, lasts_s: int) -> str:
        sealed = self._box.encrypt_at_time(content, int(self._clock().timestamp())).decode() if lasts_s else ""
        secure = "; Secure" if self._public.startswith("https:") else ""
        return f"{COOKIE}={sealed}; Path=/api/v1/oidc; Max-Age={lasts_s}; HttpOnly; SameSite=Lax{secure}"

    def _opened(self, cookies: str, lasts_s: int) -> bytes:
        try:
            found = SimpleCookie(cookies).get(COOKIE)
        except CookieError:
            raise InvalidToken from None
        if found is None:
            raise InvalidToken
        return self._box.decrypt_at_time(found.value, lasts_s, int(self._clock().timestamp()))
