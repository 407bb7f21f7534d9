"""The browser as the agent's phone, on a whole hotline and a real Asterisk: it rings, talks and hears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest
from playwright.async_api import Page, async_playwright, expect

from messages.ids import AgentId, UserId
from messages.values import Role
from simulation.options import Options
from simulation.world import World
from storage.database import Database
from storage.identity import Identity
from tests.api.browser import BROWSED, CHROMIUM
from tests.integration.hall import now
from tests.sip_fixture import eventually
from tests.sip_phone import SipPhone, open_phone

pytestmark = BROWSED

ARGS = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
SOON_MS = 20_000
PASSWORD = "Streetlight-7"
BUILT = Path("web/built/softphone.js")


class Desk:
    """A hotline with one agent, whose phone is the page, and a citizen."""

    def __init__(self, world: World, page: Page, citizen: SipPhone) -> None:
        self.world = world
        self.page = page
        self.citizen = citizen

    async def log_in(self) -> None:
        """Log in to the page; return once its phone is registered."""
        async with Database(f"sqlite:///{self.world.data}/hotline.db") as database:
            await Identity(database, now).set_user(UserId("li"), PASSWORD, (Role.AGENT,), AgentId("1001"))
        await self.page.goto(self.world.rest)
        await self.page.fill("#log-in input[name=user]", "li")
        await self.page.fill("#log-in input[name=password]", PASSWORD)
        await self.page.keyboard.press("Enter")
        await self.phone_is("已注册")

    async def phone_is(self, state: str) -> None:
        """Return once the phone is in a state."""
        await expect(self.page.locator("#phone-state")).to_have_text(state, timeout=SOON_MS)

    async def agent_is(self, state: str) -> None:
        """Return once the agent is in a state."""
        await expect(self.page.locator("#own-state")).to_have_text(state, timeout=SOON_MS)

    async def loud(self, meter: str, level: float) -> None:
        """Return once a meter shows at least so much, 0 to 1. Raises TimeoutError."""
        async with asyncio.timeout(SOON_MS / 1000):
            while await self.page.evaluate("id => document.getElementById(id).value", meter) < level:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def call(self) -> None:
        """Let the citizen call, and wait until the page rings."""
        asterisk = self.world.asterisk
        self.citizen.call("12345", (asterisk.host, asterisk.sip_udp))
        await self.phone_is("来电振铃")


@pytest.fixture
async def desk(tmp_path: Path, asterisk_root: Path) -> AsyncIterator[Desk]:
    """Give a hotline that runs, a page on which its agent is logged in and ready, and a citizen who hums."""
    if not BUILT.exists():
        pytest.fail("web/built is missing: make ready-for-tests")
    world = World(tmp_path, tmp_path / "log", Options(agents=1, root=str(asterisk_root), wrap=2))
    phones = tuple(msgspec.structs.replace(phone, kind="webrtc") for phone in world.asterisk.phones[:1])
    world.asterisk = msgspec.structs.replace(world.asterisk, phones=(*phones, *world.asterisk.phones[1:]))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(world)
        citizen = await stack.enter_async_context(open_phone("13800001234"))
        citizen.media.hums = True
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        stack.push_async_callback(browser.close)
        page = await browser.new_page(viewport={"width": 1280, "height": 900})
        opened = Desk(world, page, citizen)
        await opened.log_in()
        await page.keyboard.press("Alt+KeyR")
        await opened.agent_is("就绪")
        yield opened


async def test_the_page_rings_is_answered_by_a_key_and_both_hear_each_other(desk: Desk, tmp_path: Path) -> None:
    await desk.call()
    await expect(desk.page.locator("#own-deaf")).to_be_hidden()
    await expect(desk.page.locator("#pop-list li")).to_contain_text("138****1234")
    await desk.page.screenshot(path=tmp_path / "ringing.png")
    await desk.page.keyboard.press("Alt+KeyA")
    await desk.phone_is("通话中")
    await desk.agent_is("通话")
    heard = desk.citizen.media.heard
    await eventually(lambda: desk.citizen.media.heard > heard + 20)
    await desk.loud("level-theirs", 0.05)
    await desk.page.screenshot(path=tmp_path / "talking.png")
    desk.citizen.hang_up()
    await desk.phone_is("已注册")
    await desk.agent_is("话后处理")


async def test_hanging_up_on_the_page_ends_the_call_and_the_echo_test_gives_the_microphone_back(desk: Desk) -> None:
    await desk.page.click("#phone-echo")
    await desk.phone_is("通话中")
    await desk.loud("level-theirs", 0.02)
    await desk.page.click("#phone-hang-up")
    await desk.phone_is("已注册")
    await desk.call()
    await desk.page.click("#phone-answer")
    await desk.phone_is("通话中")
    await desk.page.click("#phone-hang-up")
    await desk.phone_is("已注册")
    await desk.agent_is("话后处理")
