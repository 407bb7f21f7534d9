"""The reviewers' page in a real browser: drawn, heard, scored, signed; appealed against; decided."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.async_api import Page, expect
from sqlalchemy import update

from messages.ids import AgentId, UserId
from messages.principal import Principal
from messages.values import Role
from storage.database import Database
from storage.migrations import upgrade
from storage.quality import Quality
from storage.queries import Queries
from storage.recordings.files import RecordingFiles
from storage.recordings.playback import Playback
from storage.tables import recordings
from tests.api.browser import BROWSED, browsing, let_in
from tests.api.house import open_house
from tests.api.test_quality import Bureau, history, staff
from tests.center.world import START
from tests.storage.recordings.test_waveform import LOUD, write
from tests.storage.recordings.vaults import file_of, open_vault
from tests.storage.trails import trail_in

pytestmark = BROWSED


@pytest.fixture
async def bureau(tmp_path: Path) -> AsyncIterator[Bureau]:
    """Give a house whose contact c01 has a recording of 10 s, paused from 4 to 6 s."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(f"sqlite:///{tmp_path / 'hotline.db'}"))
        await upgrade(database)
        await history(database)
        vault, files = open_vault(tmp_path), RecordingFiles(database)
        source = write(tmp_path / "a.wav", (2, LOUD, 0), (2, 0, LOUD // 2), (2, 0, 0), (4, LOUD // 2, LOUD))
        taken = vault.seal(file_of("c01-1", "c01"), source, lambda: START)
        await files.take([msgspec.structs.replace(taken, state="verified")])
        async with database.writing() as connection:
            row = recordings.c.recording == "c01-1"
            began = (await connection.execute(recordings.select().where(row))).one().started_at
            gap = "/".join(f"{began + timedelta(seconds=s):%Y-%m-%dT%H:%M:%S.%fZ}" for s in (4, 6))
            await connection.execute(update(recordings).where(row).values(gaps=gap))
        kept: dict[str, Any] = {
            "history": Queries(database),
            "audit": trail_in(database, tmp_path),
            "quality": Quality(database),
            "recordings": Playback(vault, files),
        }
        house = await stack.enter_async_context(open_house(center=staff(), kept=kept))
        let_in(house)
        house.identity.people["zhao"] = Principal(user=UserId("zhao"), name="赵", roles=(Role.SUPERVISOR,))
        house.identity.people["li"] = Principal(user=UserId("li"), name="李", roles=(Role.AGENT,), agent=AgentId("a1"))
        bureau = Bureau(house, database, kept["audit"])
        await bureau.form()
        yield bureau


async def acts(bureau: Bureau) -> list[str]:
    """Return what is in the audit, oldest first."""
    entries, _ = await bureau.audit.entries()
    return [entry["action"] for entry in entries[::-1]]


async def _colours(page: Page, share: float) -> set[tuple[int, ...]]:
    """Return the colours in one column of the waveform."""
    found = await page.evaluate(
        """(share) => {
          const canvas = document.getElementById('waveform');
          const x = Math.floor(share * canvas.width);
          return [...canvas.getContext('2d').getImageData(x, 0, 1, canvas.height).data];
        }""",
        share,
    )
    return {tuple(found[at : at + 4]) for at in range(0, len(found), 4) if found[at + 3]}


async def test_a_reviewer_draws_hears_scores_and_signs(bureau: Bureau, tmp_path: Path) -> None:
    async with browsing(bureau.house, "wang") as page:
        await page.click("#to-quality")
        await expect(page.locator("#samples")).to_be_visible()
        await page.fill("#draw input[name=from]", f"{START:%Y-%m-%d}")
        await page.fill("#draw input[name=to]", f"{START:%Y-%m-%d}")
        await page.fill("#draw input[name=agent]", "a1")
        await page.fill("#draw input[name=seed]", "november")
        await page.click("#draw button")
        await expect(page.locator("#drawn-said")).to_have_text("4 / 4 · 种子 november")
        await page.click("#drawn button >> text=c01")
        await expect(page.locator("#waveform")).to_have_attribute("data-loaded", "1000")
        assert await acts(bureau) == [], "seeing the wave is no playing"
        await page.fill("#play input[name=purpose]", "质检")
        await page.click("#play button")
        await expect(page.locator("#player-time")).to_contain_text("/ 0:10")
        await expect(page.locator("#audio")).to_have_js_property("paused", False)
        await expect(page.locator("#audio")).to_have_js_property("readyState", 4)
        assert await page.evaluate("document.getElementById('audio').duration") > 9
        box = await page.locator("#waveform").bounding_box()
        assert box is not None
        await page.evaluate("document.getElementById('audio').pause()")
        await page.mouse.click(box["x"] + box["width"] * 0.7, box["y"] + 40)
        at = await page.evaluate("document.getElementById('audio').currentTime")
        assert abs(at - 7) < 0.2, "a click seeks"
        await page.focus("#waveform")
        await page.keyboard.press("ArrowLeft")
        assert abs(await page.evaluate("document.getElementById('audio').currentTime") - 2) < 0.2
        await page.click("#begin button")
        await expect(page.locator("#form-state")).to_have_text("草稿")
        await page.select_option("#questions select >> nth=0", "5")
        await page.select_option("#questions select >> nth=1", "4")
        await page.fill("#answers textarea", "语气亲切")
        await page.screenshot(path=tmp_path / "review.png", full_page=True)
        await page.click("#sign")
        await expect(page.locator("#form-state")).to_have_text("已签署")
        await expect(page.locator("#form-score")).to_have_text("85")
        await expect(page.locator("#questions select >> nth=0")).to_be_disabled()
        await expect(page.locator("#average-rows")).to_contain_text("85")
    told = ["recordings.play", "quality.sign", "quality.sign"]
    assert await acts(bureau) == told


async def test_the_pause_is_grey_and_the_sides_are_where_they_spoke(bureau: Bureau) -> None:
    async with browsing(bureau.house, "wang") as page:
        await page.goto(f"{bureau.house.rest}/quality.html")
        await page.fill("#open-contact input", "c01")
        await page.click("#open-contact button")
        await expect(page.locator("#waveform")).to_have_attribute("data-loaded", "1000")
        grey = await _colours(page, 0.45) & await _colours(page, 0.55)
        assert grey, "the gap is filled"
        assert not grey & await _colours(page, 0.35)
        tall = await page.evaluate(
            """() => [0.1, 0.3, 0.8].map((share) => {
              const canvas = document.getElementById('waveform');
              const x = Math.floor(share * canvas.width);
              const { data } = canvas.getContext('2d').getImageData(x, 0, 1, canvas.height);
              const lit = (from, to) => Array.from({ length: to - from }, (_, y) => data[(from + y) * 4 + 3])
                .filter(Boolean).length;
              return [lit(0, canvas.height / 2), lit(canvas.height / 2, canvas.height)];
            })"""
        )
        first, second, third = tall
        assert first[0] > 10 * first[1], "the citizen alone"
        assert second[1] > 5 * second[0], "the agent alone"
        assert third[1] > third[0] > 10, "both"


async def test_an_agent_appeals_and_another_supervisor_decides(bureau: Bureau, tmp_path: Path) -> None:
    await bureau.signed()
    async with browsing(bureau.house, "li") as page:
        await page.click("#to-quality")
        await expect(page.locator("#samples")).to_be_hidden()
        await expect(page.locator("#averages")).to_be_hidden()
        await page.click("#review-rows button")
        await expect(page.locator("#form-score")).to_have_text("85")
        await page.fill("#appeal input", "市民先挂断")
        await page.click("#appeal button")
        await expect(page.locator("#form-state")).to_have_text("申诉中")
    async with browsing(bureau.house, "zhao") as page:
        await page.click("#to-quality")
        await page.click("#review-rows button")
        await expect(page.locator("#appeal-said")).to_contain_text("市民先挂断")
        await page.fill("#decide input", "申诉成立")
        await page.click("#decide button.grave")
        await expect(page.locator("#form-state")).to_have_text("已撤销")
        await expect(page.locator("#average-rows tr")).to_have_count(0)
        await page.click("#language")
        await expect(page.locator("#form-state")).to_have_text("annulled")
        await expect(page.locator("#questions")).to_contain_text("Greeting")
        await page.screenshot(path=tmp_path / "decided.png", full_page=True)
