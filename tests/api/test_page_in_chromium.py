"""The page in a real browser: logging in, what it shows, its buttons, and what it does not let in."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from messages import facts
from messages.ids import AgentId, UserId
from messages.principal import Principal
from messages.values import LegEnd, Role
from tests.api.house import House, open_house

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here"),
]


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Give a house with an agent and a supervisor who know their passwords."""
    async with open_house() as opened:
        people = opened.identity.people
        people["li"] = Principal(user=UserId("li"), name="李", roles=(Role.AGENT,), agent=AgentId("a1"))
        people["wang"] = Principal(user=UserId("wang"), name="王", roles=(Role.SUPERVISOR,))
        yield opened


@asynccontextmanager
async def _page(house: House, user: str, *, dark: bool = False) -> AsyncIterator[Page]:
    """Give the page after logging in; nothing may have been complained of when it is left."""
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(color_scheme="dark" if dark else "light", viewport={"width": 1280, "height": 900})
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        await page.goto(house.rest)
        await page.fill("input[name=user]", user)
        await page.fill("input[name=password]", user[::-1])
        await page.keyboard.press("Enter")
        await expect(page.locator("#link")).to_have_text("已连接")
        yield page
        await browser.close()
    assert complaints == []


async def test_an_agent_goes_ready_sees_the_pop_and_the_way_through_the_call(house: House, tmp_path: Path) -> None:
    house.history.add("old", "13800001234", cases=["GD7"], outcome="abandoned")
    async with _page(house, "li") as page:
        await expect(page.locator("#own-state")).to_have_text("未登录")
        await page.keyboard.press("Alt+KeyR")
        await expect(page.locator("#own-state")).to_have_text("就绪")
        await house.arrive("c1")
        pop = page.locator("#pop-list li")
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
    async with _page(house, "wang", dark=True) as page:
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
        await page.locator("#listening-rows button").click()
        await expect(page.locator("#notice")).to_be_hidden()
        assert type(house.switchboard.commands[-1]).__name__ == "StopSpy"


async def test_what_comes_from_outside_is_shown_as_text(house: House) -> None:
    evil = '<img src=x onerror="document.title=1">'
    await house.ready("a1")
    async with _page(house, "wang") as page:
        await house.arrive("<b>c1</b>", evil)
        await expect(page.locator("#call-rows tr")).to_have_count(1)
        await expect(page.locator("#pop-list li")).to_have_count(1)
        assert await page.locator("main img, main b:not(#own-state):not(#queue-list b)").count() == 0
        assert "12345" in await page.title()


async def test_a_page_that_is_loaded_again_is_still_logged_in_and_logs_out(house: House) -> None:
    async with _page(house, "wang") as page:
        await page.reload()
        await expect(page.locator("#link")).to_have_text("已连接")
        await page.click("#log-out")
        await expect(page.locator("#log-in")).to_be_visible()
        assert await page.evaluate("sessionStorage.getItem('hotline-session')") is None
        assert not [one for one in house.identity.sessions.values() if one.principal.user == "wang"]
