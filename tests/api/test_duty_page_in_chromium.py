"""The duty post in a real browser: the leader's own session, the hand-over, and what supervisors plan."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from messages import commands, events, facts
from messages.events import Position
from messages.ids import AgentId, CallId, UserId
from messages.principal import Principal
from messages.values import LegEnd, Role, Verb
from tests.api.browser import BROWSED, browsing, let_in
from tests.api.duty_office import Office, open_office
from tests.api.house import now
from tests.center.world import NODE, QUEUE

pytestmark = BROWSED
SOON_MS = 15_000
"""Time for what is kept to reach the page."""


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Give an office whose mayor, aide and supervisor know their passwords."""
    async with open_office(tmp_path) as opened:
        let_in(opened.house)
        roles = {"mayor": (Role.AGENT, Role.LEADER), "aide": (Role.AGENT,)}
        for name, of in roles.items():
            opened.house.identity.people[name] = Principal(user=UserId(name), name=name, roles=of, agent=AgentId(name))
        yield opened


async def test_the_leader_answers_hands_over_and_sees_the_history(office: Office, tmp_path: Path) -> None:
    house = office.house
    await office.plan(title="市长", name="接听人", unit="市政府", notice="今天由市长接听您的来电。")
    await house.ready("aide", "a1")
    async with browsing(house, "mayor") as page:
        post = page.locator("#duty-post")
        await expect(post).to_contain_text("市长 接听人 · 市政府")
        await expect(page.locator("#duty-state")).to_have_text("接听中")
        await expect(post).to_contain_text("今天由市长接听您的来电。")
        await page.click("#duty-ready")
        await expect(page.locator("#duty-leader-seat")).to_have_text("就绪")
        await house.arrive("c1")
        await expect(page.locator("#pop-list")).to_contain_text("138****1234")
        await expect(page.locator("#pop-list")).not_to_contain_text("13800001234")
        await house.leg(facts.LegRinging, "c1/1")
        await house.leg(facts.LegAnswered, "c1/1")
        await expect(page.locator("#duty-hand-over")).to_be_visible()
        await page.screenshot(path=tmp_path / "post_talking.png", full_page=True)
        await page.click("#duty-three-way")
        await expect(page.locator("#outcome-list li").first).to_contain_text("三方通话 → aide")
        await house.leg(facts.LegEnded, "c1/2", why=LegEnd.NO_ANSWER)
        await house.ready("aide")
        await page.click("#duty-hand-over")
        await expect(page.locator("#outcome-list li").first).to_contain_text("转接 → aide · 进行中")
        acted = [one for one in house.switchboard.commands if isinstance(one, commands.ActOnLeg)]
        assert acted[-1].verb is Verb.TRANSFER
        await house.leg(facts.LegTransferred, "c1/1", to="aide")
        about = {"occurred": now(), "node": NODE, "call": CallId("c1")}
        await house.settled(facts.CallQueued(queue="", noticed=True, **about))  # type: ignore[arg-type]
        await house.leg(facts.LegAnswered, "c1/3")
        await house.hang_up("c1")
        await house.ask("PUT", "contacts/kc1/cases/GD1", house.token(Role.CASE_SYSTEM), {"category": "道路"})
        row = page.locator("#duty-rows tr").first
        await expect(row).to_contain_text("领导 · 移交助手", timeout=SOON_MS)
        await expect(row).to_contain_text("GD1（道路，办结情况未报）", timeout=SOON_MS)
        figures = page.locator("#duty-figures li")
        await expect(figures.nth(0)).to_contain_text("1来电")
        await expect(figures.nth(2)).to_contain_text("1领导亲自接听")
        await page.screenshot(path=tmp_path / "post.png", full_page=True)


async def test_a_leader_who_missed_a_call_is_told_and_goes_on_by_one_press(office: Office, tmp_path: Path) -> None:
    house = office.house
    await office.plan()
    await house.ready("a1")
    async with browsing(house, "mayor", dark=True) as page:
        await page.click("#duty-ready")
        await expect(page.locator("#duty-leader-seat")).to_have_text("就绪")
        await house.arrive("c1")
        await house.leg(facts.LegEnded, "c1/1", why=LegEnd.NO_ANSWER)
        await expect(page.locator("#duty-missed")).to_be_visible()
        await expect(page.locator("#duty-figures li").last).to_contain_text("1领导未接", timeout=SOON_MS)
        await page.screenshot(path=tmp_path / "missed.png", full_page=True)
        await page.click("#duty-ready")
        await expect(page.locator("#duty-missed")).to_be_hidden()
        await page.click("#duty-rest")
        await expect(page.locator("#duty-leader-seat")).to_have_text("示忙（小休）")


async def test_the_aide_sees_the_session_and_cannot_hand_over(office: Office, tmp_path: Path) -> None:
    house = office.house
    await office.plan(title="市长")
    await house.ready("mayor")
    await house.arrive("c1")
    await house.leg(facts.LegAnswered, "c1/1")
    async with browsing(house, "aide") as page:
        await expect(page.locator("#duty-who")).to_contain_text("市长")
        await expect(page.locator("#duty-hand-over")).to_be_hidden()
        await expect(page.locator("#duties")).to_be_hidden()
        await page.keyboard.press("Alt+KeyR")
        await expect(page.locator("#own-state")).to_have_text("就绪")
        await page.click("#duty-join", timeout=SOON_MS)
        await expect(page.locator("#outcome-list li").first).to_contain_text("三方通话 → aide · 进行中")
        await expect(page.locator("#duty-join")).to_be_hidden()
        await house.leg(facts.LegAnswered, "c1/2")
        await expect(page.locator("#duty-rows tr").first).to_contain_text("助手加入", timeout=SOON_MS)
        await page.screenshot(path=tmp_path / "aide.png", full_page=True)


async def test_a_supervisor_plans_changes_reports_and_ends(office: Office, tmp_path: Path) -> None:
    house = office.house
    begin = (now() + timedelta(days=30)).astimezone()
    async with browsing(house, "wang") as page:
        await expect(page.locator("#duties")).to_contain_text("没有安排。")
        await page.click("#duty-new")
        await page.fill("#duty-plan input[name=leader]", "mayor")
        await page.fill("#duty-plan input[name=aide]", "aide")
        await page.fill("#duty-plan input[name=title]", "市长")
        await page.fill("#duty-plan input[name=areas]", "0534，138")
        await page.fill("#duty-plan input[name=begin]", f"{begin:%Y-%m-%dT09:00}")
        await page.fill("#duty-plan input[name=end]", f"{begin:%Y-%m-%dT11:00}")
        await page.select_option("#duty-plan select[name=every]", "first_workday_of_month")
        await page.fill("#duty-plan input[name=until]", f"{begin + timedelta(days=70):%Y-%m-%d}")
        await page.screenshot(path=tmp_path / "plan.png")
        await page.click("#duty-plan button[type=submit]")
        rows = page.locator("#duties-rows tr")
        await expect(page.locator("#duty-plan")).to_be_hidden()
        await expect(rows.first).to_contain_text("地区 0534 138")
        await expect(rows.first).to_contain_text("每月首个工作日")
        planned = await house.entries(Position(), events.DutyPlanned)
        assert len(planned) == await rows.count() >= 2
        await rows.first.get_by_text("取消安排").click()
        await page.fill("#oversee input[name=reason]", "出差")
        await page.keyboard.press("Enter")
        await expect(rows.first).to_contain_text("已取消", timeout=SOON_MS)
        await office.plan(title="副市长")
        await house.ready("mayor")
        await house.arrive("c1")
        await house.leg(facts.LegAnswered, "c1/1")
        today = rows.last
        await expect(today).to_contain_text("接听中")
        await today.get_by_text("修改").click()
        await page.fill("#duty-plan input[name=aide]", "")
        await page.fill("#duty-plan input[name=reason]", "助手请假")
        await page.click("#duty-plan button[type=submit]")
        await expect(page.locator("#duty-plan")).to_be_hidden()
        await expect(today).to_contain_text("—")
        [changed] = [entry.event for entry in await house.entries(Position(), events.DutyPlanned)][-1:]
        assert getattr(changed, "reason", "") == "助手请假"
        await office.written()
        await today.get_by_text("接听报告").click()
        await expect(page.locator("#duty-report-rows tr")).to_contain_text("领导")
        await expect(page.locator("#duty-report-listened")).to_have_text("没有旁听。")
        await page.screenshot(path=tmp_path / "report.png")
        await page.click("#duty-report-close")
        await today.get_by_text("提前结束").click()
        await page.fill("#oversee input[name=reason]", "临时会议")
        await page.keyboard.press("Enter")
        await expect(today).to_contain_text("提前结束", timeout=SOON_MS)
        await page.screenshot(path=tmp_path / "plans.png", full_page=True)
        assert house.mirror.state.calls[CallId("c1")].queue == QUEUE
