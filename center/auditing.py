"""The audit, as others need it; and the one way to write an act before it and its end after it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import structlog

from messages.audit import AuditEntry, AuditResult
from messages.errors import HotlineError, Refused

log = structlog.get_logger()

Append = Callable[[AuditEntry], Awaitable[int]]
"""Keeps an entry and returns its seq; it is there for good then. Raises Unavailable."""


class Act:
    """An act that is under way: what is found out about it stands in the entry of its end."""

    def __init__(self) -> None:
        self.noted: dict[str, Any] = {}

    def note(self, **fields: Any) -> None:
        """Say more of the act, by an entry's fields."""
        self.noted |= fields


@asynccontextmanager
async def acting(append: Append, entry: AuditEntry, act: Act, *, shows: bool = False) -> AsyncIterator[None]:
    """Write that an act is asked for, let it be done, and write how it ended. Raises Unavailable, and then it is not.

    `shows`: the act only finds something to be shown: one entry, of its end, is enough, and nothing is shown without.
    """
    of = None if shows else await append(msgspec.structs.replace(entry, result=AuditResult.ASKED))
    try:
        yield
    except BaseException as error:
        refused = isinstance(error, Refused)
        why = str(error) if isinstance(error, HotlineError) else type(error).__name__
        result = AuditResult.REFUSED if refused else AuditResult.FAILED
        ended = msgspec.structs.replace(entry, **act.noted, result=result, why=why[:500], of=of)
        await (append(ended) if shows else _append_end(append, ended))
        raise
    ended = msgspec.structs.replace(entry, **act.noted, result=AuditResult.GRANTED, of=of)
    await (append(ended) if shows else _append_end(append, ended))


async def _append_end(append: Append, entry: AuditEntry) -> int:
    """Write an end. Where that fails, what is done is done, and that it was asked for stands there already."""
    try:
        return await append(entry)
    except HotlineError as error:
        log.critical("an act's end is not in the audit", action=entry.action, of=entry.of, error=str(error))
        return 0
