"""The page in a real browser, for tests: who may log in, and a page that complains of nothing."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, async_playwright, expect

from messages.ids import AgentId, UserId
from messages.principal import Principal
from messages.values import Role
from tests.api.house import House

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
BROWSED = [
    pytest.mark.integration,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here"),
]


def let_in(house: House) -> None:
    """Give an agent and a supervisor their passwords."""
    people = house.identity.people
    people["li"] = Principal(user=UserId("li"), name="李", roles=(Role.AGENT,), agent=AgentId("a1"))
    people["wang"] = Principal(user=UserId("wang"), name="王", roles=(Role.SUPERVISOR,))


@asynccontextmanager
async def browsing(house: House, user: str, *, dark: bool = False, refused: bool = False) -> AsyncIterator[Page]:
    """Give the page after logging in; nothing may have been complained of when it is left, but for what is refused."""
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(color_scheme="dark" if dark else "light", viewport={"width": 1280, "height": 900})
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        await page.goto(house.rest)
        await page.fill("#log-in input[name=user]", user)
        await page.fill("#log-in input[name=password]", user[::-1])
        await page.keyboard.press("Enter")
        await expect(page.locator("#link")).to_have_text("已连接")
        yield page
        await browser.close()
    assert [one for one in complaints if not (refused and "status of 4" in one)] == []
