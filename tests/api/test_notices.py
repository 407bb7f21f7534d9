"""Notices over REST: who may see them, masked, page by page."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from messages.events import Position
from messages.notices import Notice, NoticeKind
from messages.values import Role
from storage.database import Database
from storage.migrations import upgrade
from storage.notices import Notices
from tests.api.house import open_house

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)


async def test_notices_are_shown_masked_page_by_page_to_those_who_may(tmp_path: Path) -> None:
    async with Database(f"sqlite:///{tmp_path / 'hotline.db'}") as database:
        await upgrade(database)
        kept = Notices(database)
        new = [
            Notice(
                id=f"1-{n}-missed",
                kind=NoticeKind.MISSED,
                number="13800001234",
                text="您好",
                created_at=NOON,
                next_at=NOON,
                tenant="north" if n == 2 else "",
            )
            for n in range(3)
        ]
        await kept.begin(Position())
        await kept.take(new, (), Position(), Position(1, 1))
        async with open_house(kept={"notices": kept}) as house:
            auditor = house.token(Role.AUDITOR)
            status, first = await house.ask("GET", "notices?limit=2", auditor)
            assert (status, [one["id"] for one in first["items"]]) == (200, ["1-2-missed", "1-1-missed"])
            assert first["items"][0]["number"] == "138****1234"
            assert "您好" not in str(first)
            _, second = await house.ask("GET", f"notices?limit=2&cursor={first['next']}", auditor)
            assert ([one["id"] for one in second["items"]], second["next"]) == (["1-0-missed"], None)
            _, own = await house.ask("GET", "notices", house.token(Role.SUPERVISOR, tenant="north"))
            assert [one["id"] for one in own["items"]] == ["1-2-missed"]
            assert (await house.ask("GET", "notices?state=sent", auditor))[1]["items"] == []
            assert (await house.ask("GET", "notices?cursor=x", auditor))[0] == 422
            for role in (Role.AGENT, Role.LEADER, Role.ANALYST, Role.CASE_SYSTEM):
                assert (await house.ask("GET", "notices", house.token(role)))[0] == 403


@pytest.mark.parametrize("asked", ["notices?state=gone", "notices?limit=0"])
async def test_what_cannot_be_asked_is_refused(asked: str) -> None:
    async with open_house() as house:
        assert (await house.ask("GET", asked, house.token(Role.ADMIN)))[0] == 422
