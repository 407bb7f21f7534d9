"""A provider that takes messages over HTTP."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlsplit

import aiohttp

from messages.errors import SettingsError
from notify.errors import TryAgain, WillNotSend
from notify.senders import Sms
from notify.settings import HttpSettings
from notify.texts import filled

ANSWER_BYTES = 65536
LONGEST_PAUSE_S = 3600.0
NOT_NOW = frozenset({408, 425, 429})
METHODS = ("POST", "PUT")
"""Not GET: numbers do not stand in URLs, and aiohttp repeats a GET by itself where the connection breaks."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_TYPES = {"json": "application/json; charset=utf-8", "form": "application/x-www-form-urlencoded; charset=utf-8"}
_SHORT = re.compile(r"[\w.-]{1,32}", re.ASCII)


class HttpSender:
    """Asks a provider by its template. Raises SettingsError where the settings or the files they name are wrong."""

    def __init__(self, settings: HttpSettings) -> None:
        if wrong := faults(settings):
            raise SettingsError(f"[notify.http] {wrong[0]}")
        self._settings = settings
        self._token = secret(settings.token_file)
        self._key = secret(settings.secret_file).encode()
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"<HttpSender to {urlsplit(self._settings.url).hostname}>"

    async def send(self, message: Sms) -> str:
        """Send a message. Raises TryAgain, WillNotSend."""
        body = self._body(message)
        try:
            async with self._opened().request(
                self._settings.method,
                self._settings.url,
                data=BytesIO(body),
                headers=self._headers(body),
                allow_redirects=False,  # the token is for this address only
            ) as answer:
                content = await answer.content.read(ANSWER_BYTES)
                return self._judged(answer.status, answer.headers.get("Retry-After", ""), content)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise TryAgain("not reached") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            why = "no answer in time" if isinstance(error, TimeoutError) else "cut off"
            raise TryAgain(why, maybe_sent=True) from error

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            limits = aiohttp.ClientTimeout(total=self._settings.timeout_s, connect=self._settings.connect_s)
            # A connection kept open may have been closed by the other side: then nobody knows what was taken.
            connector = aiohttp.TCPConnector(force_close=True)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=limits, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session

    def _body(self, message: Sms) -> bytes:
        values = {"id": message.id, "number": message.number, "text": message.text, "token": self._token}
        escape = _in_json if self._settings.content == "json" else quote_plus
        return filled(self._settings.body, {name: escape(value) for name, value in values.items()}).encode()

    def _headers(self, body: bytes) -> dict[str, str]:
        headers = {name: filled(value, {"token": self._token}) for name, value in self._settings.headers.items()}
        headers.setdefault("Content-Type", _TYPES[self._settings.content])
        if self._key:
            headers["X-Hotline-Signature"] = f"sha256={hmac.new(self._key, body, hashlib.sha256).hexdigest()}"
        return headers

    def _judged(self, status: int, retry_after: str, content: bytes) -> str:
        """Return the answer's code. Raises TryAgain, WillNotSend."""
        if status in NOT_NOW or status >= 500:
            raise TryAgain(str(status), _seconds(retry_after))
        if not 200 <= status < 300:
            raise WillNotSend(str(status))
        if not self._settings.success_field:
            return str(status)
        try:
            said: Any = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise TryAgain(f"{status} garbage", maybe_sent=True) from error
        for name in self._settings.success_field.split("."):
            said = said.get(name) if isinstance(said, dict) else None
        code = said if isinstance(said, str) else json.dumps(said)
        # A code is kept and shown; anything longer may have the number or the text in it.
        short = code if _SHORT.fullmatch(code) else "other"
        if code != self._settings.success_value:
            raise WillNotSend(f"{status} {short}")
        return f"{status} {short}"


def faults(settings: HttpSettings) -> list[str]:
    """Return what is wrong with a provider's settings, files not looked at."""
    url = urlsplit(settings.url)
    wrong = []
    if url.scheme not in ("http", "https") or not url.hostname:
        wrong.append("url: give the provider's address, such as https://sms.example/send")
    elif url.scheme == "http" and url.hostname not in LOOPBACK:
        wrong.append("url: say https, or numbers and the token can be read on the way")
    if url.username or url.password:
        wrong.append("url: no user or password in it; put the token in token_file and {token} in a header or the body")
    if settings.method not in METHODS:
        wrong.append(f"method is {settings.method!r}: say {' or '.join(METHODS)}")
    if settings.content not in _TYPES:
        wrong.append(f"content is {settings.content!r}: say json or form")
    elif settings.content == "json" and not _is_json(settings.body):
        wrong.append('body is not JSON: put fields in quotes, such as {"content": "{text}"}')
    wrong += [f"body has no {{{name}}}" for name in ("number", "text") if f"{{{name}}}" not in settings.body]
    uses_token = any("{token}" in part for part in (settings.body, *settings.headers.values()))
    if uses_token and not settings.token_file:
        wrong.append("token_file: {token} is used, so name the file that it is in")
    return wrong


def secret(path: str) -> str:
    """Return what a file holds, without space around it; empty without a path. Raises SettingsError."""
    if not path:
        return ""
    try:
        found = Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"[notify.http] cannot read {path}") from error
    if not found or not found.isprintable():
        raise SettingsError(f"[notify.http] {path} must hold one line")
    return found


def _is_json(body: str) -> bool:
    try:
        json.loads(filled(body, dict.fromkeys(("number", "text", "id", "token"), "1")))
    except ValueError:
        return False
    return True


def _in_json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]


def _seconds(retry_after: str) -> float:
    """Return what Retry-After asks for, in seconds, 0 where it says nothing of use."""
    try:
        if retry_after.isascii() and retry_after.isdigit():
            wait = float(retry_after)
        else:
            wait = (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return min(max(wait, 0.0), LONGEST_PAUSE_S)
