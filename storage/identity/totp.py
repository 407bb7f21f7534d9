"""One-time codes (TOTP, RFC 6238) and recovery codes: each is good once."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import pyotp
from sqlalchemy import or_
from sqlalchemy.ext.asyncio import AsyncConnection

from messages.ids import UserId
from storage.database import Database, asking
from storage.identity.settings import TotpSettings
from storage.recordings.sealing import MasterKeys, WrappedKey
from storage.tables import recovery_codes, users

STEP_S = 30
SECRET = 20
"""Bytes, as RFC 4226 recommends."""
DRIFT = (0, -1, 1)
"""Steps that a phone's clock may be off."""
RECOVERY = 10
"""Bytes of a recovery code: too many to be tried out, even with the hashes at hand."""


class SecondFactor:
    """Whose codes are right. Secrets are encrypted at rest, bound to their user."""

    def __init__(
        self, database: Database, keys: Callable[[], MasterKeys], settings: TotpSettings, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self.settings = settings

    def __repr__(self) -> str:
        return f"<SecondFactor required for {', '.join(self.settings.required) or 'nobody'}>"

    async def begin(self, user: UserId) -> tuple[str, str]:
        """Return a new secret and its otpauth URI; it counts once a code of it was given. Raises Unavailable."""
        secret = secrets.token_bytes(SECRET)
        locked = msgspec.json.encode(self._keys().wrap(secret, _bound(user))).decode()
        async with asking(self._database.writing()) as connection:
            await connection.execute(users.update().where(users.c.id == user).values(totp_pending=locked))
        text = base64.b32encode(secret).decode()
        return text, pyotp.TOTP(text).provisioning_uri(name=user, issuer_name=self.settings.issuer)

    def is_of_pending(self, row: Any, code: str) -> bool:
        """Tell whether a code is of the secret that was given last."""
        return row.totp_pending is not None and self._step(row.id, row.totp_pending, code) is not None

    async def confirm(self, row: Any, code: str) -> tuple[str, ...] | None:
        """Take the pending secret into use if the code is of it; return the recovery codes, None if it is not."""
        step = self._step(row.id, row.totp_pending, code) if row.totp_pending else None
        if step is None:
            return None
        codes = tuple(_recovery_code() for _ in range(self.settings.recovery_codes))
        async with asking(self._database.writing()) as connection:
            same = users.c.id == row.id, users.c.totp_pending == row.totp_pending
            values = {"totp": row.totp_pending, "totp_pending": None, "totp_step": step}
            if (await connection.execute(users.update().where(*same).values(values))).rowcount != 1:
                return None
            await self._forget_codes(connection, row.id)
            hashes = [{"user": row.id, "sha256": _hash(row.id, one)} for one in codes]
            await connection.execute(recovery_codes.insert(), hashes)
        return codes

    async def accepts(self, row: Any, code: str) -> bool:
        """Tell whether a code is right, and spend it. Raises Unavailable."""
        step = self._step(row.id, row.totp, code)
        async with asking(self._database.writing()) as connection:
            if step is None:
                spent = recovery_codes.delete().where(
                    recovery_codes.c.user == row.id, recovery_codes.c.sha256 == _hash(row.id, code)
                )
            else:
                fresh = or_(users.c.totp_step.is_(None), users.c.totp_step < step)
                spent = users.update().where(users.c.id == row.id, fresh).values(totp_step=step)  # type: ignore[assignment]
            return (await connection.execute(spent)).rowcount == 1

    async def remove(self, user: UserId) -> None:
        """Let a user log in without codes. Raises Unavailable."""
        async with asking(self._database.writing()) as connection:
            none = {"totp": None, "totp_pending": None, "totp_step": None}
            await connection.execute(users.update().where(users.c.id == user).values(none))
            await self._forget_codes(connection, user)

    async def _forget_codes(self, connection: AsyncConnection, user: UserId) -> None:
        await connection.execute(recovery_codes.delete().where(recovery_codes.c.user == user))

    def _step(self, user: UserId, locked: str, code: str) -> int | None:
        """Return the step that a code is of, None for a wrong one."""
        digits = code.replace(" ", "")
        if not re.fullmatch(r"[0-9]{6}", digits):
            return None
        secret = self._keys().unwrap(msgspec.json.decode(locked, type=WrappedKey), _bound(user))
        totp, now = pyotp.TOTP(base64.b32encode(secret).decode()), int(self._clock().timestamp()) // STEP_S
        fits = [now + drift for drift in DRIFT if hmac.compare_digest(totp.generate_otp(now + drift), digits)]
        return max(fits, default=None)


def _bound(user: UserId) -> str:
    return f"totp:{user}"


def _recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(RECOVERY)).decode().lower()
    return "-".join(text[place : place + 4] for place in range(0, len(text), 4))


def _hash(user: UserId, code: str) -> str:
    plain = re.sub(r"[\s-]", "", code).lower()
    return hashlib.sha256(f"{user}\n{plain}".encode("utf-8", "surrogatepass")).hexdigest()
