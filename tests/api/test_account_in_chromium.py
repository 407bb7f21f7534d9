"""Logging in and one's own account in a real browser, on the real storage: codes, forced changes, sessions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pyotp
import pytest
from playwright.async_api import Page, async_playwright, expect

from api.oidc.entry import Oidc
from api.oidc.settings import Issuer
from messages.ids import AgentId, UserId
from messages.values import Role
from storage.database import Database
from storage.identity import Identity, IdentitySettings, TotpSettings
from storage.migrations import upgrade
from tests.api.browser import BROWSED, CHROMIUM
from tests.api.house import House, now, open_house
from tests.api.oidc_provider import CLIENT, SECRET, OidcProvider
from tests.storage.test_identity import QUICK

pytestmark = BROWSED

PASSWORD, OTHER = "Streetlight-7", "Zebra crossing 8"
LI, MAYOR = UserId("li"), UserId("mayor")


@pytest.fixture
async def people(tmp_path: Path) -> AsyncIterator[Identity]:
    """Give people: Li, an agent, and a leader, of whom codes are required."""
    async with Database(f"sqlite:///{tmp_path / 'hotline.db'}") as database:
        await upgrade(database)
        settings = IdentitySettings(totp=TotpSettings(required=(Role.LEADER,)))
        people = Identity(database, now, settings=settings, hasher=QUICK, keys=tmp_path / "keys")
        await people.set_user(LI, PASSWORD, [Role.AGENT], AgentId("a1"))
        await people.set_user(MAYOR, PASSWORD, [Role.LEADER])
        yield people


@pytest.fixture
async def house(people: Identity) -> AsyncIterator[House]:
    """Give a house whose people are in SQLite."""
    async with open_house(kept={"identity": people, "people": people}) as opened:
        yield opened


@asynccontextmanager
async def _page(house: House) -> AsyncIterator[Page]:
    """Give the log-in's page; no script may fail on it."""
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(house.rest)
        yield page
        await browser.close()
    assert complaints == []


async def _enter(page: Page, user: str, password: str = PASSWORD) -> None:
    await page.fill("#log-in input[name=user]", user)
    await page.fill("#log-in input[name=password]", password)
    await page.keyboard.press("Enter")


async def _is_in(page: Page) -> None:
    await expect(page.locator("#link")).to_have_text("已连接", timeout=60_000)


async def _type_code(page: Page, form: str, code: str) -> None:
    await page.fill(f"{form} input[name=code]", code)
    await page.keyboard.press("Enter")


async def test_who_needs_codes_sets_them_up_at_the_first_log_in_and_gives_one_at_the_next(
    house: House, people: Identity
) -> None:
    async with _page(house) as page:
        await _enter(page, "mayor")
        await expect(page.locator("#account-why")).to_have_text("您的角色需要动态口令，请先设置。")
        await expect(page.locator("#totp-secret")).not_to_be_empty()
        secret = await page.locator("#totp-secret").inner_text()
        assert await page.locator("#totp-uri").get_attribute("href") == pyotp.TOTP(
            secret.replace(" ", "")
        ).provisioning_uri(name="mayor", issuer_name="12345")
        await _type_code(page, "#enrol", "000000")
        await expect(page.locator("#enrol .failure")).not_to_have_text("")
        await _type_code(page, "#enrol", pyotp.TOTP(secret.replace(" ", "")).now())
        await expect(page.locator("#recovery-codes li")).to_have_count(10)
        code = await page.locator("#recovery-codes li").nth(0).inner_text()
        await page.click("#recovery-done")
        await _is_in(page)
        await page.click("#log-out")
        await _enter(page, "mayor")
        await expect(page.locator("#log-in .failure")).to_have_text("请输入动态口令。")
        await expect(page.locator("#log-in input[name=code]")).to_be_focused()
        await _type_code(page, "#log-in", code)
        await _is_in(page)
        kept = await page.evaluate("JSON.stringify([{...localStorage}, location.href])")
        assert "token" not in kept
        assert secret not in await page.content()
        assert code not in await page.content()


async def test_after_a_reset_the_page_has_the_password_changed_first(house: House, people: Identity) -> None:
    given = await people.reset_password(LI, UserId("boss"))
    async with _page(house) as page:
        await _enter(page, "li", given)
        await expect(page.locator("#account-why")).to_have_text("请先修改密码。")
        for new, again in ((OTHER, PASSWORD), ("short", "short")):
            await page.fill("#change-password input[name=new]", new)
            await page.fill("#change-password input[name=again]", again)
            await page.keyboard.press("Enter")
            await expect(page.locator("#change-password .failure")).not_to_have_text("")
        await page.fill("#change-password input[name=new]", OTHER)
        await page.fill("#change-password input[name=again]", OTHER)
        await page.keyboard.press("Enter")
        await _is_in(page)
    assert await people.log_in("li", OTHER) is not None


async def test_one_changes_ones_password_and_ends_another_session_from_the_page(house: House, people: Identity) -> None:
    other = await people.log_in("li", PASSWORD)
    assert other is not None
    async with _page(house) as page:
        await _enter(page, "li")
        await _is_in(page)
        await page.click("#open-account")
        await expect(page.locator("#session-list li")).to_have_count(2)
        await page.click("#session-list button")
        await expect(page.locator("#session-list li")).to_have_count(1)
        assert await people.authenticate(other.token) is None
        await page.fill("#change-password input[name=old]", PASSWORD)
        await page.fill("#change-password input[name=new]", OTHER)
        await page.fill("#change-password input[name=again]", OTHER)
        await page.keyboard.press("Enter")
        await expect(page.locator("#account")).to_be_hidden()
        await _is_in(page)
        assert len(await people.sessions_of(LI)) == 1


async def test_somebody_comes_in_by_a_provider_and_no_token_stands_in_an_address(
    people: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    (tmp_path / "secret").write_text(SECRET)
    with OidcProvider("").open() as provider:
        issuer = Issuer(
            id="gov",
            name="政务统一认证",
            issuer=provider.url,
            client_id=CLIENT,
            client_secret_file=str(tmp_path / "secret"),
            roles_claim="groups",
            roles={"agents": (Role.SUPERVISOR,)},
        )
        oidc = Oidc([issuer], "", now)
        async with open_house(kept={"identity": people, "people": people, "oidc": oidc}) as house:
            oidc._public = house.rest  # its port is known only now
            provider.client.redirect = f"{house.rest}/api/v1/oidc/gov/callback"
            async with _page(house) as page:
                been: list[str] = []
                page.on("request", lambda request: been.append(request.url))
                await page.click("#providers a")
                await _is_in(page)
                await expect(page.locator("#who")).to_have_text("李")
                assert page.url == f"{house.rest}/"
                token = (await page.evaluate("JSON.parse(sessionStorage.getItem('hotline-session'))"))["token"]
                assert len(token) > 30
                assert not [address for address in been if token in address]
                assert await page.evaluate("document.cookie") == ""
                await page.reload()
                await _is_in(page)
                await page.click("#log-out")
                provider.user = provider.user | {"groups": ["cooks"]}
                await page.click("#providers a")
                await expect(page.locator("#log-in .failure")).to_have_text("统一认证没有让您进入。")


async def test_an_ended_session_is_shown_the_door(house: House, people: Identity) -> None:
    async with _page(house) as page:
        await _enter(page, "li")
        await _is_in(page)
        await people.end_sessions(LI, UserId("boss"))
        await expect(page.locator("#log-in .failure")).to_have_text("登录已过期，请重新登录。")
