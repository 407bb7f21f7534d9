"""The page in a real browser, before a real centre, REST and stream."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright, expect

from alerts.rule import AlertRule
from messages import facts
from messages.ids import AgentId, CallId, UserId
from messages.principal import Principal
from messages.values import AlertFigure, LegEnd, Role, Severity
from tests.api.house import House, now, open_house
from tests.center.world import NODE, settings

pytestmark = pytest.mark.integration

CHROMIUM = "/usr/bin/chromium"
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync", "--disable-component-update"),
    *("--disable-background-networking", "--disable-quic"),
)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Give a house with two agents and a supervisor."""
    async with open_house() as opened:
        yield opened


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """Give a page of a browser of its own; what it complains of fails the test."""
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        opened = await browser.new_page()
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        yield opened
        await browser.close()
    assert complaints == []


async def _log_in(page: Page, house: House, principal: Principal) -> None:
    house.identity.people[principal.user] = principal
    await page.goto(house.rest)
    await page.fill("input[name=user]", principal.user)
    await page.fill("input[name=password]", principal.user[::-1])
    await page.keyboard.press("Enter")
    await expect(page.locator("#desk")).to_be_visible()
    await expect(page.locator("#link")).to_have_text("已连接")


async def test_a_supervisor_sees_calls_agents_and_pops_as_they_come(page: Page, house: House) -> None:
    await _log_in(page, house, Principal(user=UserId("wang"), name="wang", roles=(Role.SUPERVISOR,)))
    await house.ready("a1")
    await expect(page.locator("#agent-rows")).to_contain_text("就绪")
    await house.arrive("c1", "13800001234")
    await expect(page.locator("#call-rows")).to_contain_text("138****1234")
    await expect(page.locator("#pop-list")).to_contain_text("138****1234")
    await house.leg(facts.LegRinging, "c1/1")
    await house.leg(facts.LegAnswered, "c1/1")
    await expect(page.locator("#agent-rows")).to_contain_text("通话")
    await house.hang_up("c1")
    await expect(page.locator("#call-rows")).not_to_contain_text("138****1234")


async def test_an_agent_takes_the_seat_by_key_and_gets_the_pop(page: Page, house: House) -> None:
    agent = Principal(user=UserId("li"), name="li", roles=(Role.AGENT,), agent=AgentId("a1"))
    await _log_in(page, house, agent)
    await expect(page.locator("#own")).to_be_visible()
    await page.keyboard.press("Alt+R")
    await expect(page.locator("#own-state")).to_have_text("就绪")
    await house.arrive("c1", '<img src=x onerror="document.title=1">')
    await expect(page.locator("#pop-list li")).to_have_count(1)
    assert await page.locator("#pop-list img").count() == 0, "a hostile number is text"
    await page.click("#language")
    await expect(page.locator("#pops-title")).not_to_have_text("来电弹屏")


async def test_a_label_is_proposed_on_the_agents_page_and_decided_on_the_supervisors(page: Page, house: House) -> None:
    await house.ready("a1")
    await house.arrive("c1", "13987654321")
    await house.leg(facts.LegRinging, "c1/1")
    await house.leg(facts.LegAnswered, "c1/1")
    await _log_in(page, house, Principal(user=UserId("li"), name="li", roles=(Role.AGENT,), agent=AgentId("a1")))
    await expect(page.locator("#own-call")).to_be_visible()
    await page.keyboard.press("Alt+G")
    await expect(page.locator("#label input[name=contacts]")).to_have_value("kc1")
    await page.select_option("#label select[name=kind]", "harassing")
    await page.fill("#label input[name=reason]", "辱骂话务员")
    await page.click("#label button[type=submit]")
    await expect(page.locator("#label")).not_to_be_visible()
    await page.click("#log-out")

    await _log_in(page, house, Principal(user=UserId("wang"), name="wang", roles=(Role.SUPERVISOR,)))
    row = page.locator("#label-rows tr")
    await expect(row).to_contain_text("139****4321")
    await expect(row).to_contain_text("待审批")
    assert "13987654321" not in await page.content()
    await row.locator("[data-act=approve]").click()
    await page.fill("#label input[name=days]", "7")
    await page.click("#label button[type=submit]")
    await expect(row).to_contain_text("生效中")
    await row.locator("[data-act=revoke]").click()
    await page.fill("#label input[name=reason]", "误标")
    await page.click("#label button[type=submit]")
    await expect(row).to_have_count(0)

    await page.locator("#call-rows button", has_text="标记").click()
    await page.fill("#label input[name=reason]", "多次骚扰")
    await page.click("#label button[type=submit]")
    await expect(row).to_contain_text("多次骚扰")
    await expect(row.locator("[data-act=approve]")).not_to_be_visible()
    await page.click("#log-out")

    await _log_in(page, house, Principal(user=UserId("zhao"), name="zhao", roles=(Role.SUPERVISOR,)))
    await row.locator("[data-act=refuse]").click()
    await page.fill("#label input[name=reason]", "证据不足")
    await page.click("#label button[type=submit]")
    await expect(row).to_have_count(0)


async def test_a_supervisor_sees_what_stands_and_what_citizens_answered(page: Page) -> None:
    rule = AlertRule(id="拥堵", figure=AlertFigure.WAITING, at=1, hold_s=0, severity=Severity.CRITICAL)
    async with open_house(center=settings(1, alerts=(rule,))) as house:
        await _log_in(page, house, Principal(user=UserId("wang"), name="wang", roles=(Role.SUPERVISOR,)))
        await expect(page.locator("#alerts")).not_to_be_visible()
        await house.arrive("c1", "13800001234")
        await expect(page.locator("#alert-list li")).to_contain_text("排队人数", timeout=20_000)
        await house.ready("a1")
        await house.leg(facts.LegRinging, "c1/1")
        await house.leg(facts.LegAnswered, "c1/1")
        await expect(page.locator("#alerts")).not_to_be_visible(timeout=20_000)
        await house.leg(facts.LegEnded, "c1/1", why=LegEnd.AGENT_HUNG_UP)
        about: dict[str, Any] = {"occurred": now(), "node": NODE, "call": CallId("c1"), "question": "survey"}
        await house.settled(facts.SurveyAsked(**about))
        await expect(page.locator("#call-rows")).to_contain_text("正在请市民评价")
        await house.settled(facts.SurveyAnswered(key="1", satisfied=True, **about))
        await expect(page.locator("#call-rows")).to_contain_text("满意 · 按键 1")
        await house.hang_up("c1")
        await expect(page.locator("#pop-list")).to_contain_text("满意 · 按键 1")
