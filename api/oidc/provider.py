"""One provider: its discovery document, its keys, and the code flow with PKCE (RFC 7636; OpenID Connect Core 1.0)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from api.oidc.settings import Issuer
from center.ports import Clock
from messages.errors import HotlineError, Unavailable
from messages.ids import AgentId, UserId
from messages.principal import Principal

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Those with a provider's public key: neither `none` nor one where the client's secret could sign."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")
MOST_BYTES = 1 << 20
PATIENCE_S = 10.0
KEPT_S = 3600.0
"""How long discovery and keys are believed."""
AGAIN_S = 30.0
"""How soon they may be asked for again, for a key that is not known."""
LONGEST_NAME = 64


class NotTrusted(HotlineError):
    """What the provider, or somebody in its place, sent does not let anybody in; the text says why."""


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A log-in that is under way in one browser."""

    issuer: str
    state: str
    nonce: str
    verifier: str


class Provider:
    """Asks one provider; nothing it says counts before it has been checked."""

    def __init__(self, settings: Issuer, clock: Clock) -> None:
        self.settings = settings
        self._clock = clock
        self._found: dict[str, Any] = {}
        self._keys = KeySet([])
        self._asked_at = 0.0

    def __repr__(self) -> str:
        return f"<Provider {self.settings.id}>"

    async def begin(self, redirect: str) -> tuple[str, Pending]:
        """Return where to send the browser, and what to remember of it. Raises Unavailable, NotTrusted."""
        found = await self._discovered()
        pending = Pending(
            issuer=self.settings.id,
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
        )
        challenge = base64.urlsafe_b64encode(hashlib.sha256(pending.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": redirect,
            "scope": " ".join(self.settings.scopes),
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        address = found["authorization_endpoint"]
        return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(asked)}", pending

    async def finish(self, code: str, pending: Pending, redirect: str) -> Principal:
        """Return who a code stands for. Raises Unavailable, NotTrusted."""
        found = await self._discovered()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "client_id": self.settings.client_id,
            "code_verifier": pending.verifier,
        }
        headers = {"Accept": "application/json"}
        if self.settings.client_secret_file:
            secret = _secret(self.settings.client_secret_file)
            pair = ":".join(quote(part, safe="") for part in (self.settings.client_id, secret))
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        answer = await self._ask("POST", found["token_endpoint"], data=form, headers=headers)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise NotTrusted("the provider gave no id_token")
        return self._principal(await self._claims(token, pending.nonce))

    async def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        settings = self.settings
        try:
            decoded = await self._verified(token)
            claims: dict[str, Any] = decoded.claims
            jwt.JWTClaimsRegistry(
                now=int(self._clock().timestamp()),
                leeway=settings.leeway_s,
                iss={"essential": True, "value": settings.issuer},
                aud={"essential": True, "value": settings.client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True},
            ).validate(claims)
        except (JoseError, ValueError) as error:
            raise NotTrusted(f"its id_token is not good: {error}") from error
        if not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
            raise NotTrusted("its id_token is of another log-in: the nonce differs")
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if several else settings.client_id) != settings.client_id:
            raise NotTrusted("its id_token was issued to another client")
        return claims

    async def _verified(self, token: str) -> jwt.Token:
        try:
            return jwt.decode(token, self._keys, algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            # The provider may have changed its keys since.
            if self._clock().timestamp() - self._asked_at < AGAIN_S:
                raise
            await self._discovered(afresh=True)
            return jwt.decode(token, self._keys, algorithms=ALGORITHMS)

    def _principal(self, claims: dict[str, Any]) -> Principal:
        """Return whom claims stand for. Raises NotTrusted where they give no role or no tenant."""
        settings = self.settings
        user = f"{settings.id}:{claims.get(settings.user_claim) or ''}"
        if user.endswith(":") or len(user) > LONGEST_NAME or not user.isprintable():
            raise NotTrusted(f"its claim {settings.user_claim} is no name of ours")
        given = claims.get(settings.roles_claim) or []
        values = [given] if isinstance(given, str) else given if isinstance(given, list) else []
        roles = dict.fromkeys(role for value in values for role in settings.roles.get(str(value), ()))
        if not roles:
            raise NotTrusted(f"{user} has no role by the claim {settings.roles_claim}")
        tenant = settings.tenant
        if settings.tenant_claim:
            mapped = settings.tenants.get(str(claims.get(settings.tenant_claim)))
            if mapped is None:
                raise NotTrusted(f"{user} has no tenant by the claim {settings.tenant_claim}")
            tenant = mapped
        agent = str(claims.get(settings.agent_claim) or "") if settings.agent_claim else ""
        return Principal(
            user=UserId(user),
            name=str(claims.get(settings.name_claim) or user)[:LONGEST_NAME],
            roles=tuple(roles),
            agent=AgentId(agent) if agent else None,
            tenant=tenant,
        )

    async def _discovered(self, *, afresh: bool = False) -> dict[str, Any]:
        now = self._clock().timestamp()
        if self._found and not afresh and now - self._asked_at < KEPT_S:
            return self._found
        found = await self._ask("GET", f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self.settings.issuer:
            raise NotTrusted("its discovery document is of another issuer")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not is_safe(str(found.get(name, ""))):
                raise NotTrusted(f"its {name} is not https")
        try:
            keys = KeySet.import_key_set(await self._ask("GET", found["jwks_uri"]))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise NotTrusted(f"its keys cannot be read: {error}") from error
        self._found, self._keys, self._asked_at = found, keys, now
        return found

    async def _ask(self, method: str, url: str, **more: Any) -> dict[str, Any]:
        timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.request(method, url, allow_redirects=False, **more) as answer,
            ):
                text = await answer.content.read(MOST_BYTES)
                while not answer.content.at_eof() and len(text) < MOST_BYTES:
                    text += await answer.content.read(MOST_BYTES - len(text))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Unavailable(f"provider {self.settings.id} cannot be reached") from error
        if answer.status != 200:
            raise NotTrusted(f"it answered {answer.status} at {urlsplit(url).path}")
        try:
            return msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.MsgspecError as error:
            raise NotTrusted(f"what it answered at {urlsplit(url).path} is no JSON object") from error


def _secret(file: str) -> str:
    try:
        return Path(file).read_text().strip()
    except OSError as error:
        raise Unavailable(f"{file}: {error.strerror}") from error


def is_safe(url: str) -> bool:
    """Tell whether an address is https, or on this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))
