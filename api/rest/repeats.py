"""Writes that carry an `Idempotency-Key`: the same again is answered as the first was, and done once.

draft-ietf-httpapi-idempotency-key-header. Answers are kept in memory, bounded for each user and in all.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from messages.errors import Conflict, Invalid

KEPT = 10_000
KEPT_A_USER = 200
LONGEST_KEY = 200

Key = tuple[str, str]


class Sent(NamedTuple):
    """An answer as it went out."""

    status: int
    body: Any
    """Bytes, a file's path, or a stream."""
    headers: dict[str, str]


class _Kept(NamedTuple):
    request: int
    answer: asyncio.Future[Sent]


class Repeats:
    """The answers to recent writes, by user and key."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()
        self._of_user: Counter[str] = Counter()

    def __repr__(self) -> str:
        return f"<Repeats: {len(self._kept)} kept>"

    async def once(self, user: str, key: str, request: int, work: Callable[[], Awaitable[Sent]]) -> Sent:
        """Return the answer to a request, working only the first time; `request` is a hash of what it says.

        What failed on our side (5xx) is not kept. Raises Invalid for a bad key, Conflict where the key was used for
        another request.
        """
        if not 0 < len(key) <= LONGEST_KEY:
            raise Invalid(f"Idempotency-Key: 1 to {LONGEST_KEY} characters")
        name = (user, key)
        if kept := self._kept.get(name):
            if kept.request != request:
                raise Conflict("this Idempotency-Key was used for another request")
            return await asyncio.shield(kept.answer)
        answer: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
        self._keep(name, _Kept(request, answer))
        try:
            sent = await work()
        except BaseException as error:
            self._forget(name)
            answer.set_exception(error if isinstance(error, Exception) else Conflict("the first request was cut off"))
            answer.exception()  # nobody may be waiting for it
            raise
        answer.set_result(sent)
        if sent.status >= 500:
            self._forget(name)
        return sent

    def _keep(self, name: Key, kept: _Kept) -> None:
        self._kept[name] = kept
        self._of_user[name[0]] += 1
        if self._of_user[name[0]] > KEPT_A_USER:
            self._forget(next(other for other in self._kept if other[0] == name[0]))
        if len(self._kept) > KEPT:
            self._forget(next(iter(self._kept)))

    def _forget(self, name: Key) -> None:
        if self._kept.pop(name, None) is not None:
            self._of_user[name[0]] -= 1
            if not self._of_user[name[0]]:
                del self._of_user[name[0]]
