"""The page in a real browser: logging in, what it shows, its buttons, and what it does not let in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from messages import facts
from messages.commands import StopSpy
from messages.values import LegEnd
from tests.api.browser import BROWSED, browsing, let_in
from tests.api.house import House, open_house
from tests.sip_fixture import eventually

pytestmark = BROWSED


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Give a house with an agent and a supervisor who know their passwords."""
    async with open_house() as opened:
        let_in(opened)
        yield opened


async def test_an_agent_goes_ready_sees_the_pop_and_the_way_through_the_call(house: House, tmp_path: Path) -> None:
    house.history.add("old", "13800001234", cases=["GD7"], outcome="abandoned")
    async with browsing(house, "li") as page:
        await expect(page.locator("#own-state")).to_have_text("未登录")
        await page.keyboard.press("Alt+KeyR")
        await expect(page.locator("#own-state")).to_have_text("就绪")
        await house.arrive("c1", path=("main=2",))
        pop = page.locator("#pop-list li")
        await expect(pop).to_contain_text("按键: main=2")
        await expect(pop).to_contain_text("138****1234")
        await expect(pop).to_contain_text("重复来电")
        await expect(pop).to_contain_text("GD7")
        await house.leg(facts.LegRinging, "c1/1")
        await house.leg(facts.LegAnswered, "c1/1")
        await expect(page.locator("#own-state")).to_have_text("通话")
        await expect(page.locator("#call-rows tr")).to_contain_text("138****1234")
        await page.screenshot(path=tmp_path / "agent.png")
        await house.leg(facts.LegEnded, "c1/1", why=LegEnd.AGENT_HUNG_UP)
        await expect(page.locator("#own-state")).to_have_text("话后处理")
        await page.select_option("#reason", "meal")
        await page.click("#go-not-ready")
        await expect(page.locator("#own-reason")).to_have_text("用餐")
        await page.click("#language")
        await expect(page.locator("#own-state")).to_have_text("Not ready")
        await page.click("#go-out")
        await expect(page.locator("#own-state")).to_have_text("Logged out")


async def test_a_supervisor_watches_and_listens(house: House, tmp_path: Path) -> None:
    await house.ready("a1", "a2")
    async with browsing(house, "wang", dark=True) as page:
        await expect(page.locator("#agent-rows tr")).to_have_count(2)
        for call in ("c1", "c2", "c3"):
            await house.arrive(call)
        await house.leg(facts.LegRinging, "c1/1")
        await house.leg(facts.LegAnswered, "c1/1")
        await expect(page.locator("#call-rows tr")).to_have_count(3)
        await expect(page.locator("#queue-list")).to_contain_text("2 排队")
        await page.locator("#call-rows tr").first.get_by_text("监听").click()
        await page.fill("#listen input[name=purpose]", "质检")
        await page.fill("#listen input[name=phone]", "9001")
        await page.keyboard.press("Enter")
        await expect(page.locator("#listening-rows tr")).to_contain_text("质检")
        await page.screenshot(path=tmp_path / "supervisor.png", full_page=True)
        [session] = house.mirror.state.listening.values()
        assert (session.purpose, session.by) == ("质检", "wang")
        await page.locator("#listening-rows").get_by_text("结束").click()
        await expect(page.locator("#notice")).to_be_hidden()
        await eventually(lambda: isinstance(house.switchboard.commands[-1], StopSpy))


async def test_what_comes_from_outside_is_shown_as_text(house: House) -> None:
    evil = '<img src=x onerror="document.title=1">'
    await house.ready("a1")
    async with browsing(house, "wang") as page:
        await house.arrive("<b>c1</b>", evil)
        await expect(page.locator("#call-rows tr")).to_have_count(1)
        await expect(page.locator("#pop-list li")).to_have_count(1)
        assert await page.locator("main img, main b:not(#own-state):not(#queue-list b)").count() == 0
        assert "12345" in await page.title()


async def test_a_page_that_is_loaded_again_is_still_logged_in_and_logs_out(house: House) -> None:
    async with browsing(house, "wang") as page:
        await page.reload()
        await expect(page.locator("#link")).to_have_text("已连接")
        await page.click("#log-out")
        await expect(page.locator("#log-in")).to_be_visible()
        assert await page.evaluate("sessionStorage.getItem('hotline-session')") is None
        assert not [one for one in house.identity.sessions.values() if one.principal.user == "wang"]
