"""Logging in at a provider, against a real one on loopback: who comes in, and what lets nobody in."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import RSAKey
from yarl import URL

from api.oidc.entry import COOKIE, Oidc
from api.oidc.settings import Issuer
from messages.ids import UserId
from messages.values import Role
from simulation.ports import free_port
from storage.database import Database
from storage.identity import Identity
from storage.migrations import upgrade
from tests.api.house import House, now, open_house
from tests.api.oidc_provider import CLIENT, SECRET, OidcProvider
from tests.storage.test_identity import QUICK
from tests.storage.trails import trail_in

PUBLIC = f"http://127.0.0.1:{free_port()}"
REDIRECT = f"{PUBLIC}/api/v1/oidc/gov/callback"


class Browser:
    """What a browser does: goes where it is sent, and keeps cookies. Each answer's address is remembered."""

    def __init__(self, house: House, provider: OidcProvider) -> None:
        self.house = house
        self.provider = provider
        self.cookies: dict[str, str] = {}
        self.been: list[str] = []

    async def get(self, address: str, method: str = "GET") -> tuple[int, str, Any]:
        """Ask an address of ours or of the provider; return status, where it sends one, and the answer."""
        ours = address.startswith(PUBLIC)
        there = address.replace(PUBLIC, self.house.rest)
        sent = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())} if ours and self.cookies else {}
        self.been.append(address)
        url = URL(there, encoded=True)
        async with self.house.session.request(method, url, headers=sent, allow_redirects=False) as answer:
            if ours:
                for said in answer.headers.getall("Set-Cookie", []):
                    assert "HttpOnly" in said and "SameSite=Lax" in said and "Path=/api/v1/oidc" in said
                    self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(said).items()}
            is_json = "json" in answer.headers.get("Content-Type", "")
            return answer.status, answer.headers.get("Location", ""), await answer.json() if is_json else None

    async def to_the_provider(self) -> str:
        """Press the button; return where the provider sends one back."""
        status, there, _ = await self.get(f"{PUBLIC}/api/v1/oidc/gov/start")
        assert (status, there.startswith(self.provider.url)) == (303, True)
        status, back, answer = await self.get(there)
        assert (status, back.startswith(REDIRECT)) == (302, True), (there, answer)
        return back

    async def log_in(self) -> str:
        """Go the whole way; return where one ends."""
        status, home, _ = await self.get(await self.to_the_provider())
        assert status == 303
        return home

    async def session(self) -> tuple[int, Any]:
        """Ask for the session, as the page does."""
        status, _, answer = await self.get(f"{PUBLIC}/api/v1/oidc/session", "POST")
        return status, answer


@pytest.fixture
async def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Browser]:
    """Give a browser before a house with a provider."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    async with AsyncExitStack() as stack:
        provider = stack.enter_context(OidcProvider(REDIRECT).open())
        database = await stack.enter_async_context(Database(f"sqlite:///{tmp_path / 'hotline.db'}"))
        await upgrade(database)
        trail = trail_in(database, tmp_path)
        people = Identity(database, now, hasher=QUICK, audit=trail.append)
        issuer = Issuer(
            id="gov",
            name="政务统一认证",
            issuer=provider.url,
            client_id=CLIENT,
            client_secret_file=str(secret),
            roles_claim="groups",
            roles={"agents": (Role.AGENT,), "bosses": (Role.SUPERVISOR, Role.LEADER)},
            tenant_claim="county",
            tenants={"n": "north", "city": ""},
        )
        kept: dict[str, Any] = {
            "identity": people,
            "people": people,
            "audit": trail,
            "oidc": Oidc([issuer], PUBLIC, now),
        }
        house = await stack.enter_async_context(open_house(kept=kept))
        yield Browser(house, provider)


async def _audited(browser: Browser) -> list[tuple[str, str, str]]:
    entries, _ = await browser.house.audit.entries()
    return [(one["by"], one["result"], one["why"]) for one in entries]


async def test_somebody_of_the_provider_comes_in_with_roles_and_tenant_by_the_claims(browser: Browser) -> None:
    home = await browser.log_in()
    assert home == f"{PUBLIC}/?log-in=done"
    status, session = await browser.session()
    assert status == 200
    assert {name: session[name] for name in ("user", "name", "roles", "tenant", "must")} == {
        "user": "gov:li",
        "name": "李",
        "roles": ["agent"],
        "tenant": "north",
        "must": "",
    }
    assert (await browser.house.ask("GET", "queues", session["token"]))[0] == 200
    assert (await browser.session())[0] == 401, "the cookie is good once"
    assert browser.cookies[COOKIE] == ""
    assert not [address for address in browser.been if session["token"] in address]
    assert await _audited(browser) == [("gov:li", "granted", "")]


async def test_the_code_flow_is_bound_by_pkce_state_and_nonce(browser: Browser) -> None:
    _, there, _ = await browser.get(f"{PUBLIC}/api/v1/oidc/gov/start")
    asked = parse_qs(urlsplit(there).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["state"][0]) >= 32 and len(asked["nonce"][0]) >= 32 and len(asked["code_challenge"][0]) == 43
    assert SECRET not in there


async def test_what_the_provider_says_next_time_counts_and_a_disabled_person_stays_out(browser: Browser) -> None:
    await browser.log_in()
    browser.provider.user = {"sub": "li", "name": "李", "groups": ["bosses", "others"], "county": "city"}
    await browser.log_in()
    _, session = await browser.session()
    assert (session["roles"], session["tenant"]) == (["supervisor", "leader"], "")
    people: Any = browser.house.identity
    await people.disable(UserId("gov:li"))
    assert await browser.log_in() == f"{PUBLIC}/?log-in=refused"
    assert (await browser.session())[0] == 401
    assert await people.log_in("gov:li", "!") is None


def _changed(provider: OidcProvider, **claims: Any) -> None:
    provider.lie = lambda header, told: provider.signed(
        header, {k: v for k, v in (told | claims).items() if v is not None}
    )


def _another_key(provider: OidcProvider, kid: str) -> None:
    other = RSAKey.generate_key(2048, parameters={"kid": kid})
    provider.lie = lambda header, claims: provider.signed(header | {"kid": kid}, claims, other)


LIES: dict[str, Any] = {
    "another nonce": lambda it: _changed(it, nonce="of another log-in"),
    "no nonce": lambda it: _changed(it, nonce=None),
    "another audience": lambda it: _changed(it, aud="somebody-else"),
    "no audience": lambda it: _changed(it, aud=None),
    "issued to another": lambda it: _changed(it, aud=[CLIENT, "other"], azp="other"),
    "several audiences, to nobody": lambda it: _changed(it, aud=[CLIENT, "other"]),
    "another issuer": lambda it: _changed(it, iss="https://accounts.example"),
    "expired": lambda it: _changed(it, exp=int(time.time()) - 31),
    "no expiry": lambda it: _changed(it, exp=None),
    "from the future": lambda it: _changed(it, iat=int(time.time()) + 600),
    "an unknown key": lambda it: _another_key(it, "two"),
    "another key by the same name": lambda it: _another_key(it, "one"),
    "alg none": lambda it: setattr(it, "lie", it.unsigned),
    "the public key as a secret": lambda it: setattr(it, "lie", it.signed_with_the_public_key),
    "no token": lambda it: setattr(it, "lie", lambda header, claims: ""),
    "garbage": lambda it: setattr(it, "lie", lambda header, claims: "a.b.c"),
    "no role": lambda it: setattr(it, "user", it.user | {"groups": ["cooks"]}),
    "odd roles": lambda it: setattr(it, "user", it.user | {"groups": {"agents": True}}),
    "no tenant": lambda it: setattr(it, "user", it.user | {"county": "elsewhere"}),
    "no subject": lambda it: _changed(it, sub=None),
    "an odd subject": lambda it: setattr(it, "user", it.user | {"sub": "li\nwu"}),
    "a long subject": lambda it: setattr(it, "user", it.user | {"sub": "x" * 100}),
}


@pytest.mark.parametrize("lie", LIES)
async def test_nobody_comes_in_by_what_the_provider_did_not_mean_for_this_log_in(browser: Browser, lie: str) -> None:
    LIES[lie](browser.provider)
    assert await browser.log_in() == f"{PUBLIC}/?log-in=refused"
    assert (await browser.session())[0] == 401
    [(by, result, why)] = await _audited(browser)
    assert (by, result, bool(why), "500" in why) == ("?", "refused", True, False)
    assert await browser.house.identity.people() == []  # type: ignore[operator]


async def test_a_provider_that_changes_its_keys_is_believed_again(browser: Browser) -> None:
    await browser.log_in()
    oidc: Any = browser.house.services.oidc
    oidc._providers["gov"]._asked_at -= 31
    browser.provider.key = RSAKey.generate_key(2048, parameters={"kid": "next"})
    assert await browser.log_in() == f"{PUBLIC}/?log-in=done"


async def test_another_browsers_way_back_and_one_twice_let_nobody_in(browser: Browser) -> None:
    back = await browser.to_the_provider()
    stranger = Browser(browser.house, browser.provider)
    assert (await stranger.get(back))[1].endswith("refused"), "no cookie: a link that was sent"
    await stranger.to_the_provider()
    assert (await stranger.get(back))[1].endswith("refused"), "another state"
    again = dict(browser.cookies)
    assert (await browser.get(back))[1].endswith("done")
    browser.cookies = again
    assert (await browser.get(back))[1].endswith("refused"), "the code is spent"
    assert (await browser.get(f"{REDIRECT}?error=access_denied&state=x"))[1].endswith("refused")
    forged = Browser(browser.house, browser.provider)
    forged.cookies = {COOKIE: "gAAAAABforged"}
    assert (await forged.session())[0] == 401
    assert (await forged.get(back))[1].endswith("refused")


async def test_only_configured_providers_that_name_themselves_are_asked(browser: Browser) -> None:
    assert (await browser.get(f"{PUBLIC}/api/v1/oidc/other/start"))[0] == 404
    assert (await browser.get(f"{PUBLIC}/api/v1/oidc/other/callback?code=x&state=y"))[0] == 404
    browser.provider.names_itself = "https://accounts.example"
    assert (await browser.get(f"{PUBLIC}/api/v1/oidc/gov/start"))[0] == 503
    config = (await browser.house.ask("GET", "config"))[1]
    assert config["providers"] == [{"id": "gov", "name": "政务统一认证"}]


async def test_a_local_user_of_the_same_name_is_not_taken_over(browser: Browser) -> None:
    people: Any = browser.house.identity
    await people.set_user(UserId("gov:li"), "Streetlight-7", [Role.ADMIN])
    assert await browser.log_in() == f"{PUBLIC}/?log-in=refused"
    assert (await browser.session())[0] == 401
