"""Listening on the page: a leader asks, a supervisor approves, the agent is told, and a note is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from playwright.async_api import expect

from messages import facts
from messages.ids import UserId
from messages.principal import Principal
from messages.values import ListeningMode, Role
from supervision.governance import ListeningRule, SupervisionSettings
from tests.api.browser import BROWSED, browsing, let_in
from tests.api.city import call_of, city, talk
from tests.api.house import House, now, open_house

pytestmark = BROWSED

RULES = SupervisionSettings(
    rules=(
        ListeningRule(roles=(Role.SUPERVISOR,), modes=tuple(ListeningMode), tell_agent=True),
        ListeningRule(roles=(Role.LEADER,), approval=True, limit_s=1800),
    )
)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Give a house with an agent, a supervisor and a leader who know their passwords."""
    async with open_house(center=msgspec.structs.replace(city(), supervision=RULES)) as opened:
        let_in(opened)
        opened.identity.people["mayor"] = Principal(user=UserId("mayor"), name="市长", roles=(Role.LEADER,))
        await opened.ready("a1", "a2")
        yield opened


async def hears(house: House, leg: str) -> None:
    """Asterisk reports that the one session hears a leg."""
    [session] = house.mirror.state.listening.values()
    await house.settled(
        facts.SpyStarted(occurred=now(), node=session.node, session=session.id, spied=leg, spyer="PJSIP/9001-00000001")
    )


async def test_a_leader_asks_for_the_next_call_and_a_supervisor_approves(house: House, tmp_path: Path) -> None:
    house.history.sessions = [
        {
            "session": "l0-1",
            "by": "mayor",
            "scope": "agent",
            "followed": "a2",
            "agent": "a2",
            "queue": "12345",
            "requested_at": now() - timedelta(hours=1),
            "ended_at": now(),
            "end": "limit",
            "note": "答复准确",
            "heard": [{"started_at": now() - timedelta(minutes=7), "ended_at": now()}],
        }
    ]
    async with browsing(house, "mayor") as mayor, browsing(house, "wang") as chief:
        await mayor.locator("#queue-list li").first.get_by_text("监听下一通").click()
        await expect(mayor.locator("#listen-mode")).to_be_hidden()
        await mayor.fill("#listen input[name=purpose]", "领导旁听")
        await mayor.fill("#listen input[name=phone]", "9001")
        await mayor.keyboard.press("Enter")
        await expect(mayor.locator("#listening-rows tr")).to_contain_text("等待批准")
        await expect(mayor.locator("#approvals")).to_be_hidden()
        await expect(mayor.locator("#listened-rows tr")).to_contain_text("答复准确")
        await expect(chief.locator("#approval-rows tr")).to_contain_text("领导旁听")
        await expect(chief.locator("#approval-rows tr")).to_contain_text("最长 30:00")
        await chief.screenshot(path=tmp_path / "approver.png", full_page=True)
        await chief.locator("#approval-rows").get_by_text("批准", exact=True).click()
        await expect(chief.locator("#approvals")).to_be_hidden()
        await expect(mayor.locator("#listening-rows tr")).to_contain_text("等待通话")
        await call_of(house, "c1")
        await talk(house, "c1")
        await expect(mayor.locator("#listening-rows tr")).to_contain_text("正在接通")
        await hears(house, "c1/1")
        await expect(mayor.locator("#listening-rows tr")).to_contain_text("监听中")
        await expect(mayor.locator("#listening-rows tr")).to_contain_text("a1")
        await mayor.screenshot(path=tmp_path / "leader.png", full_page=True)
        await mayor.locator("#listening-rows").get_by_text("备注").click()
        await mayor.fill("#note textarea", "态度耐心")
        await mayor.locator("#note").get_by_text("确定").click()
        await expect(mayor.locator("#note")).to_be_hidden()
        await mayor.locator("#listening-rows").get_by_text("结束").click()
        await expect(mayor.locator("#listening-rows tr")).to_contain_text("正在结束")


async def test_a_supervisor_refuses_for_a_reason(house: House) -> None:
    leader = house.token(Role.LEADER, user="mayor")
    wish = {"agent": "a1", "purpose": "旁听", "phone": "9001"}
    _, made = await house.ask("POST", "listening", leader, wish)
    async with browsing(house, "wang") as chief:
        await chief.locator("#approval-rows").get_by_text("不批准").click()
        await chief.fill("#oversee input[name=reason]", "培训日")
        await chief.keyboard.press("Enter")
        await expect(chief.locator("#approvals")).to_be_hidden()
    operation = (await house.ask("GET", f"operations/{made['operation']}", leader))[1]
    assert operation["why"] == "refused: 培训日"


async def test_a_supervisor_follows_an_agent_who_is_shown_it_and_speaks_up(house: House, tmp_path: Path) -> None:
    async with browsing(house, "wang", dark=True) as chief, browsing(house, "li") as agent:
        await chief.locator("#agent-rows tr").first.get_by_text("监听").click()
        await chief.fill("#listen input[name=purpose]", "新员工辅导")
        await chief.fill("#listen input[name=phone]", "9001")
        await chief.keyboard.press("Enter")
        await expect(chief.locator("#listening-rows tr")).to_contain_text("等待通话")
        await call_of(house, "c1")
        await talk(house, "c1")
        await expect(agent.locator("#own-heard")).to_be_hidden()
        await hears(house, "c1/1")
        await expect(agent.locator("#own-heard")).to_have_text("wang 正在监听您的通话 · 监听")
        await chief.locator("#listening-rows select").select_option("whisper")
        [session] = house.mirror.state.listening.values()
        await expect(chief.locator("#outcome-list")).to_contain_text("监听方式")
        await house.settled(
            facts.SpySwitched(occurred=now(), node=session.node, session=session.id, mode=ListeningMode.WHISPER)
        )
        await expect(agent.locator("#own-heard")).to_contain_text("耳语")
        await agent.screenshot(path=tmp_path / "agent.png", full_page=True)
        await chief.screenshot(path=tmp_path / "supervisor.png", full_page=True)
        await house.settled(facts.SpyStopped(occurred=now(), node=session.node, session=session.id))
        await expect(agent.locator("#own-heard")).to_be_hidden()
        await expect(chief.locator("#listening-rows tr")).to_contain_text("等待通话")
