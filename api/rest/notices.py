"""Notices: what citizens and people on duty were sent, or are to be, with their numbers masked."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from api.masking import shown
from api.rest.endpoint import Answer, Asked
from messages.errors import Unavailable
from messages.notices import NoticeKind, NoticeState


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which ones, and from where on."""

    state: NoticeState | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=400)] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100


class NoticeView(msgspec.Struct, frozen=True, kw_only=True):
    """A notice; `answer` is what the provider said last, or why it was given up."""

    id: str
    kind: NoticeKind
    number: str
    state: NoticeState
    contact: str
    callback: str
    tenant: str
    created_at: datetime
    next_at: datetime
    sent_at: datetime | None
    attempts: int
    answer: str
    maybe_sent: bool


class NoticesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A page, newest first; `next` is the cursor of the next one."""

    items: list[NoticeView]
    next: str | None


async def list_notices(asked: Asked) -> Answer:
    """Return a page of notices, newest first; with a tenant its own only."""
    if asked.services.notices is None:
        raise Unavailable("notices are not kept here")
    query: Query = asked.query
    found, cursor = await asked.services.notices.page(
        state=query.state, tenant=asked.principal.tenant or None, cursor=query.cursor, limit=query.limit
    )
    items = []
    for notice in found:
        kept = {name: getattr(notice, name) for name in NoticeView.__struct_fields__}
        items.append(NoticeView(**kept | {"number": shown(notice.number, asked.principal)}))
    return Answer(NoticesAnswer(items=items, next=cursor or None))
