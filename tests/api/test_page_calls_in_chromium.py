"""The page in a real browser: an agent's own call from hold to hang-up, dialling, and what supervisors do to others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.async_api import Page, expect

from calendars.settings import WEEKDAYS, Calendar
from messages import commands, events, facts
from messages.events import Position
from messages.ids import CallId, Phone, RecordingId
from messages.values import LegEnd, Role
from tests.api.browser import BROWSED, browsing, let_in
from tests.api.city import city
from tests.api.house import House, now, open_house
from tests.center.world import NODE

pytestmark = BROWSED
OUTSIDE = "02000005678"


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Give a city where an agent and a supervisor know their passwords."""
    async with open_house(center=city()) as opened:
        let_in(opened)
        yield opened


def _last(house: House, kind: type[commands.Command]) -> Any:
    return next(one for one in reversed(house.switchboard.commands) if isinstance(one, kind))


async def _talking(house: House, page: Page) -> None:
    await page.keyboard.press("Alt+KeyR")
    await expect(page.locator("#own-state")).to_have_text("就绪")
    await house.arrive("c1")
    await house.leg(facts.LegRinging, "c1/1")
    await house.leg(facts.LegAnswered, "c1/1")
    await expect(page.locator("#call-state")).to_have_text("通话")


async def test_an_agent_holds_mutes_and_presses_keys(house: House) -> None:
    async with browsing(house, "li") as page:
        await _talking(house, page)
        await page.keyboard.press("Alt+KeyH")
        outcome = page.locator("#outcome-list li").first
        await expect(outcome).to_contain_text("保持 · 进行中")
        assert _last(house, commands.ActOnLeg).verb == "hold"
        await house.leg(facts.LegHeld, "c1/1")
        await expect(outcome).to_contain_text("保持 · 已完成")
        await expect(page.locator("#own-state")).to_have_text("保持")
        await page.click("button[data-verb=resume]")
        await house.leg(facts.LegResumed, "c1/1")
        await page.click("button[data-verb=mute]")
        await expect(outcome).to_contain_text("静音 · 进行中")
        operation = _last(house, commands.ActOnLeg).operation
        await house.settled(facts.OperationReported(occurred=now(), node=NODE, operation=operation))
        await expect(page.locator("#call-muted")).to_be_visible()
        await expect(page.locator("button[data-verb=unmute]")).to_be_visible()
        await page.keyboard.press("Alt+KeyK")
        await page.click("#keypad .keys button >> text=1")
        await page.click("#keypad .keys button >> text=#")
        await page.keyboard.press("Enter")
        await expect(page.locator("#keypad")).to_be_hidden()
        assert _last(house, commands.ActOnLeg).digits == "1#"


async def test_an_agent_pauses_the_recording_and_sees_what_asterisk_says_of_it(house: House, tmp_path: Path) -> None:
    async with browsing(house, "li") as page:
        await _talking(house, page)
        badge, pause = page.locator("#call-recording"), page.locator("button[data-verb='recording/pause']")
        await expect(badge).to_be_hidden()
        about: dict[str, Any] = {"occurred": now(), "node": NODE, "call": CallId("c1")}
        await house.settled(facts.RecordingStarted(recording=RecordingId("c1-1"), **about))
        await expect(badge).to_have_text("录音中")
        await pause.click()
        await expect(page.locator("#outcome-list li").first).to_contain_text("暂停录音 · 进行中")
        await expect(badge).to_have_text("录音中")
        await house.settled(facts.RecordingPaused(paused=True, **about))
        await expect(badge).to_have_text("录音已暂停")
        await page.screenshot(path=tmp_path / "paused.png", full_page=True)
        await page.reload()
        await expect(badge).to_have_text("录音已暂停")
        await page.keyboard.press("Alt+KeyV")
        assert _last(house, commands.PauseRecordings).paused is False
        await house.settled(facts.RecordingPaused(paused=False, **about))
        await expect(badge).to_have_text("录音中")
        await expect(page.locator("button[data-verb='recording/start']")).to_have_count(0)


async def test_an_agent_consults_and_completes_by_keyboard(house: House, tmp_path: Path) -> None:
    async with browsing(house, "li", refused=True) as page:
        await _talking(house, page)
        await page.keyboard.press("Alt+KeyC")
        await page.select_option("#target select", "number")
        await page.fill("#target input[name=to]", "12")
        await page.keyboard.press("Enter")
        await expect(page.locator("#target .failure")).to_contain_text("outside number")
        await page.fill("#target input[name=to]", OUTSIDE)
        await page.keyboard.press("Enter")
        await expect(page.locator("#outcome-list li").first).to_contain_text(f"咨询 → {OUTSIDE} · 进行中")
        await house.leg(facts.LegHeld, "c1/1")
        await house.leg(facts.LegConsulted, "c1/2")
        await expect(page.locator("#party-list")).to_contain_text("020****5678")
        await expect(page.locator("button[data-verb=swap]")).to_be_visible()
        await page.screenshot(path=tmp_path / "consult.png", full_page=True)
        await page.keyboard.press("Alt+KeyO")
        await expect(page.locator("#outcome-list li").first).to_contain_text("完成转接 · 进行中")
        assert _last(house, commands.ActOnLeg).verb == "complete"


async def test_an_agent_calls_in_an_emergency_service_and_leaves(house: House) -> None:
    async with browsing(house, "li") as page:
        await _talking(house, page)
        await page.click("button[data-service='119']")
        await expect(page.locator("#outcome-list li").first).to_contain_text("一键转接 → 119 · 进行中")
        await house.leg(facts.LegAnswered, "c1/2")
        await expect(page.locator("#party-list")).to_contain_text("119")
        await page.keyboard.press("Alt+KeyL")
        await expect(page.locator("#outcome-list li").first).to_contain_text("离开 · 进行中")
        await house.leg(facts.LegEnded, "c1/1", why=LegEnd.AGENT_HUNG_UP)
        await expect(page.locator("#own-call")).to_be_hidden()
        await expect(page.locator("#own-state")).to_have_text("话后处理")
        before = await page.locator("#own-left").text_content()
        await page.keyboard.press("Alt+KeyW")
        await expect(page.locator("#own-left")).not_to_have_text(before or "")
        assert await house.entries(Position(), events.WrapUpExtended)


async def test_an_agent_notes_what_a_contact_was_about(house: House) -> None:
    async with browsing(house, "li") as page:
        await expect(page.locator("#wrap")).to_be_hidden()
        await _talking(house, page)
        await page.select_option("#wrap select", "complaint")
        await page.fill("#wrap textarea", "路灯不亮")
        await house.leg(facts.LegEnded, "c1/1", why=LegEnd.CITIZEN_HUNG_UP)
        await expect(page.locator("#own-state")).to_have_text("话后处理")
        await page.press("#wrap textarea", "Control+Enter")
        await expect(page.locator("#wrap-saved")).to_have_text("已保存")
        noted = [entry.event for entry in await house.entries(Position(), events.ContactWrappedUp)]
        assert [(one.contact, one.code, one.note) for one in noted if isinstance(one, events.ContactWrappedUp)] == [
            ("kc1", "complaint", "路灯不亮")
        ]
        await page.click("#go-ready")
        await expect(page.locator("#wrap")).to_be_hidden()


async def test_an_agent_transfers_to_a_queue_and_parks_and_picks_up(house: House, tmp_path: Path) -> None:
    async with browsing(house, "li") as page:
        await _talking(house, page)
        await page.click("button[data-verb=transfer]")
        await page.select_option("#target select", "queue")
        await expect(page.locator("#known-targets option")).to_have_count(3)
        await page.screenshot(path=tmp_path / "transfer.png")
        await page.click("#target .cancel")
        await page.keyboard.press("Alt+KeyP")
        await expect(page.locator("#outcome-list li").first).to_contain_text("寄存 · 进行中")
        await house.settled(facts.CallQueued(occurred=now(), node=NODE, call=CallId("c1"), queue="", noticed=True))  # type: ignore[arg-type]
        await expect(page.locator("#parked-rows tr")).to_contain_text("138****1234")
        await page.click("#parked-rows button")
        await expect(page.locator("#call-state")).to_have_text("振铃")
        await house.leg(facts.LegAnswered, "c1/2")
        await page.keyboard.press("Alt+KeyX")
        await expect(page.locator("#outcome-list li").first).to_contain_text("挂断 · 进行中")
        await house.hang_up("c1")
        await expect(page.locator("#outcome-list li").first).to_contain_text("挂断 · 已完成")


async def test_an_agent_dials_and_answers_previews(house: House, tmp_path: Path) -> None:
    async with browsing(house, "li") as page:
        await page.keyboard.press("Alt+KeyR")
        body = {"number": "13800005678", "agent": "a1", "preview_s": 60, "purpose": "回访"}
        assert (await house.ask("POST", "calls", house.token(Role.CASE_SYSTEM), body))[0] == 202
        await expect(page.locator("#preview-number")).to_have_text("13800005678")
        await expect(page.locator("#preview-purpose")).to_have_text("回访")
        await page.screenshot(path=tmp_path / "preview.png", full_page=True)
        await page.click("#preview-decline")
        await expect(page.locator("#preview")).to_be_hidden()
        await page.keyboard.press("Alt+KeyD")
        await page.keyboard.type(OUTSIDE)
        await page.keyboard.press("Enter")
        await expect(page.locator("#outcome-list li").first).to_contain_text(f"外呼 → {OUTSIDE} · 进行中")
        dialled = _last(house, commands.DialOut)
        about: dict[str, Any] = {"occurred": now(), "node": NODE, "call": CallId("o1"), "contact": "ko1"}
        await house.settled(facts.CallArrived(number=OUTSIDE, did="", outbound=dialled.leg, **about))
        await expect(page.locator("#call-number")).to_have_text(OUTSIDE)


async def test_an_agent_sees_why_the_seat_is_deaf(house: House) -> None:
    async with browsing(house, "li") as page:
        await page.keyboard.press("Alt+KeyR")
        await expect(page.locator("#own-state")).to_have_text("就绪")
        for reachable in (False, True):
            await house.settled(facts.PhoneSeen(occurred=now(), node=NODE, phone=Phone("1001"), reachable=reachable))
            deaf = page.locator("#own-deaf")
            await (expect(deaf).to_be_hidden() if reachable else expect(deaf).to_contain_text("话机离线"))
        await expect(page.locator("#own-state")).to_have_text("就绪")


async def test_a_supervisor_forces_takes_over_releases_and_closes(house: House, tmp_path: Path) -> None:
    await house.ready("a1", "a2")
    async with browsing(house, "wang") as page:
        await page.locator("#agent-rows tr", has_text="a2").get_by_text("设置状态").click()
        await page.fill("#oversee input[name=reason]", "会议")
        await page.keyboard.press("Enter")
        await expect(page.locator("#agent-rows tr", has_text="a2")).to_contain_text("会议（班长设置）")
        for number in range(5):
            await house.arrive(f"c{number}")
        await house.leg(facts.LegRinging, "c0/1")
        await house.leg(facts.LegAnswered, "c0/1")
        await expect(page.locator("#surge-rows tr")).to_contain_text("burst")
        row = page.locator("#call-rows tr").first
        await row.get_by_text("拦截").click()
        await page.fill("#oversee input[name=phone]", "9001")
        await page.fill("#oversee input[name=reason]", "辱骂")
        await page.screenshot(path=tmp_path / "take_over.png")
        await page.keyboard.press("Enter")
        await expect(page.locator("#outcome-list li").first).to_contain_text("拦截 · 进行中")
        assert _last(house, commands.CallParty).phone == "9001"
        await row.get_by_text("强拆").click()
        await page.fill("#oversee input[name=reason]", "威胁")
        await page.keyboard.press("Enter")
        await expect(page.locator("#outcome-list li").first).to_contain_text("挂断 · 进行中")
        tile = page.locator("#queue-list li").first
        await expect(tile).to_contain_text("2 排队 / 5")
        await tile.get_by_text("关闭", exact=True).click()
        await page.fill("#oversee input[name=reason]", "演练")
        await page.keyboard.press("Enter")
        await expect(tile).to_contain_text("已关闭")
        await page.screenshot(path=tmp_path / "supervisor.png", full_page=True)
        await tile.get_by_text("开放").click()
        await page.click("#oversee .cancel")
        assert house.mirror.state.closed == {"12345"}


async def test_whoever_called_in_vain_stands_on_the_page_and_is_called_back(house: House, tmp_path: Path) -> None:
    await house.arrive("c9")
    await house.hang_up("c9")
    async with browsing(house, "li") as page:
        row = page.locator("#owed-rows tr")
        await expect(row).to_contain_text("138****1234")
        await expect(row).to_contain_text("漏接")
        await page.keyboard.press("Alt+KeyR")
        await expect(page.locator("#own-state")).to_have_text("就绪")
        await row.get_by_role("button").click()
        await expect(row.get_by_role("button")).to_be_disabled()
        assert _last(house, commands.DialOut).number == "13800001234"
        await page.screenshot(path=tmp_path / "owed.png", full_page=True)


async def test_a_queue_outside_its_hours_says_when_it_opens(tmp_path: Path) -> None:
    in_two_days = WEEKDAYS[(now() + timedelta(days=2)).weekday()]
    rare = Calendar(id="rare", tz="UTC", week={in_two_days: ("12:00-13:00",)})
    whole = city()
    queues = tuple(msgspec.structs.replace(queue, calendar="rare") for queue in whole.queues)
    async with open_house(center=msgspec.structs.replace(whole, queues=queues, calendars=(rare,))) as house:
        let_in(house)
        async with browsing(house, "wang") as page:
            badge = page.locator("#queue-list li .badge").first
            await expect(badge).to_contain_text("休息中")
            await expect(badge).to_contain_text("开放")
            await page.screenshot(path=tmp_path / "hours.png", full_page=True)


async def test_an_agent_keeps_a_call_in_confidence_by_key(house: House) -> None:
    async with browsing(house, "li") as page:
        await _talking(house, page)
        await expect(page.locator("#call-confidential")).to_be_hidden()
        await expect(page.locator("button[data-verb=confidential]")).to_contain_text("保密")
        await page.keyboard.press("Alt+KeyB")
        await expect(page.locator("#call-confidential")).to_have_text("已保密")
        await expect(page.locator("button[data-verb=confidential]")).to_have_count(0)
        assert house.mirror.state.calls[CallId("c1")].confidential
