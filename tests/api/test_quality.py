"""Quality review over REST: forms by version, lots, scores that stand, appeals, averages, and who may what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from agents.agent import AgentSettings
from center.settings import CenterSettings
from messages import facts, requests
from messages.audit import AuditEntry
from messages.errors import Unavailable
from messages.ids import AgentId, CallId, Phone, RecordingId
from messages.values import Role
from queueing.settings import Team
from storage.audit.trail import AuditTrail
from storage.database import Database
from storage.migrations import upgrade
from storage.quality import Quality
from storage.queries import Queries
from storage.tables import quality_reviews
from tests.api.house import House, open_house
from tests.center.world import BY, NODE, QUEUE, START, World, settings
from tests.storage.history import write
from tests.storage.trails import trail_in

QUESTIONS = [
    {"id": "greeting", "text": "是否问候", "text_en": "Greeting", "weight": 1, "points": 5},
    {"id": "answer", "text": "解答是否正确", "weight": 3, "points": 5, "critical": True},
]
PERIOD = {"from": START.isoformat(), "to": (START + timedelta(days=1)).isoformat()}


def staff() -> CenterSettings:
    """Return agents a1 and a2 of team east, a3 of team west."""
    teams = {"a1": "east", "a2": "east", "a3": "west"}
    agents = tuple(
        AgentSettings(id=AgentId(name), phone=Phone(f"100{name[1]}"), queues=(QUEUE,), team=team)
        for name, team in teams.items()
    )
    return msgspec.structs.replace(settings(), agents=agents, teams=(Team(id="east"), Team(id="west")))


async def history(database: Database) -> None:
    """Let a1, a2 and a3 have four recorded talks each, of 10, 20, 30 and 40 s; one each is recorded in vain."""
    world = World(whole=staff())
    for n, agent in enumerate(("a1", "a2", "a3")):
        world.ready(agent)
        for talk in range(1, 6):
            call = f"c{n}{talk}"
            world.come(call)
            world.talk(f"{call}/1")
            about: dict[str, Any] = {"node": NODE, "call": CallId(call), "recording": RecordingId(f"{call}-1")}
            world.do(facts.RecordingStarted(occurred=world.now, **about))
            world.wait(10 * talk)
            world.hang_up(call)
            failed = "no such file" if talk == 5 else ""
            world.do(facts.RecordingStopped(occurred=world.now, failed=failed, **about))
            world.wait(11)
        world.do(requests.LogOut(by=BY, agent=AgentId(agent)))
    await write(database, world.entries)


class Bureau:
    """A house that reviews, and who works in it."""

    def __init__(self, house: House, database: Database, audit: AuditTrail) -> None:
        self.house = house
        self.database = database
        self.audit = audit
        self.wang = house.token(Role.SUPERVISOR, user="wang")
        self.zhao = house.token(Role.SUPERVISOR, user="zhao")
        self.a1 = house.token(Role.AGENT, user="li", agent="a1")
        self.a2 = house.token(Role.AGENT, user="sun", agent="a2")

    async def ask(self, method: str, path: str, token: str, body: Any = None) -> tuple[int, Any]:
        """Ask below /quality."""
        return await self.house.ask(method, f"quality/{path}", token, body)

    async def form(self) -> None:
        """Make the form."""
        status, made = await self.ask("PUT", "forms/standard", self.wang, {"name": "标准", "questions": QUESTIONS})
        assert (status, made["version"]) == (200, 1)

    async def signed(self, contact: str = "c01", **answers: int | None) -> str:
        """Have wang review and sign; return the review."""
        status, review = await self.ask("POST", "reviews", self.wang, {"form": "standard", "contact": contact})
        assert status == 201, review
        path = f"reviews/{review['review']}"
        given = answers or {"greeting": 5, "answer": 4}
        assert (await self.ask("PUT", path, self.wang, {"answers": given, "comment": "好"}))[0] == 200
        status, after = await self.ask("POST", f"{path}/sign", self.wang)
        assert (status, after["state"]) == (200, "signed"), after
        return str(review["review"])


@pytest.fixture
async def bureau(tmp_path: Path) -> AsyncIterator[Bureau]:
    """Give a house with a form and talks to review."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(f"sqlite:///{tmp_path / 'hotline.db'}"))
        await upgrade(database)
        await history(database)
        kept: dict[str, Any] = {
            "history": Queries(database),
            "audit": trail_in(database, tmp_path),
            "quality": Quality(database),
        }
        bureau = Bureau(await stack.enter_async_context(open_house(center=staff(), kept=kept)), database, kept["audit"])
        await bureau.form()
        yield bureau


async def test_a_form_that_changes_is_a_new_version_and_reviews_keep_theirs(bureau: Bureau) -> None:
    status, draft = await bureau.ask("POST", "reviews", bureau.wang, {"form": "standard", "contact": "c01"})
    assert (status, draft["version"], draft["agent"], draft["team"]) == (201, 1, "a1", "east")
    status, form = await bureau.ask(
        "PUT", "forms/standard", bureau.wang, {"name": "新标准", "questions": [{"id": "other", "text": "其他"}]}
    )
    assert (status, form["version"]) == (200, 2)
    assert [(one["id"], one["version"]) for one in (await bureau.ask("GET", "forms", bureau.a1))[1]["items"]] == [
        ("standard", 2)
    ]
    path = f"reviews/{draft['review']}"
    assert (await bureau.ask("PUT", path, bureau.wang, {"answers": {"other": 1}}))[0] == 422
    assert (await bureau.ask("PUT", path, bureau.wang, {"answers": {"greeting": 5}}))[0] == 200
    assert (await bureau.ask("PUT", "forms/x", bureau.wang, {"name": "x", "questions": []}))[0] == 422
    assert (await bureau.ask("PUT", "forms/x", bureau.a1, {"name": "x", "questions": QUESTIONS}))[0] == 403


async def test_a_lot_draws_the_same_again_and_only_what_was_asked_for(bureau: Bureau) -> None:
    async def draw(size: int = 100, seed: str = "", **criteria: Any) -> dict[str, Any]:
        body = {"criteria": PERIOD | criteria, "size": size, "seed": seed}
        status, sample = await bureau.ask("POST", "samples", bureau.wang, body)
        assert status == 201, sample
        return dict(sample)

    everything = await draw()
    assert (everything["among"], len(everything["contacts"])) == (12, 12), "what has no recording cannot be heard"
    one = await draw(5, "november")
    assert (await draw(5, "november"))["contacts"] == one["contacts"]
    assert (await draw(4, "november"))["contacts"] == one["contacts"][:4]
    assert len({tuple((await draw(5))["contacts"]) for _ in range(6)}) > 1
    assert set((await draw(agent="a2"))["contacts"]) == {"c11", "c12", "c13", "c14"}
    assert set((await draw(team="west"))["contacts"]) == {"c21", "c22", "c23", "c24"}
    assert set((await draw(team="nobody"))["contacts"]) == set()
    assert set((await draw(min_talk_s=35))["contacts"]) == {"c04", "c14", "c24"}
    assert (await draw(transferred=True))["among"] == 0
    assert (await draw(dissatisfied=True))["among"] == 0
    assert (await draw(queue="north"))["among"] == 0
    assert (await bureau.ask("GET", f"samples/{one['sample']}", bureau.zhao))[1] == one
    assert (await bureau.ask("POST", "samples", bureau.a1, {"criteria": PERIOD}))[0] == 403


async def test_what_was_signed_stands_whoever_tries(bureau: Bureau) -> None:
    review = await bureau.signed()
    path = f"reviews/{review}"
    status, kept = await bureau.ask("GET", path, bureau.zhao)
    assert (status, kept["score"], kept["answers"]) == (200, 85.0, {"greeting": 5, "answer": 4})
    for token, expected in ((bureau.wang, 409), (bureau.zhao, 403)):
        assert (await bureau.ask("PUT", path, token, {"answers": {"greeting": 0}}))[0] == expected
        assert (await bureau.ask("POST", f"{path}/sign", token))[0] == expected
    assert (await bureau.ask("GET", path, bureau.zhao))[1] == kept
    entries, _ = await bureau.audit.entries()
    acts = [(e["by"], e["action"], e["contact"], e["result"]) for e in entries[::-1] if e["result"] != "asked"]
    assert acts == [
        ("wang", "quality.sign", "c01", "granted"),
        ("wang", "quality.sign", "c01", "refused"),
        ("zhao", "quality.sign", "c01", "refused"),
    ]
    assert [e["about"].partition("score ")[2] for e in entries if e["result"] == "granted"] == ["85"]


async def test_a_draft_is_its_authors_and_incomplete_ones_are_not_signed(bureau: Bureau) -> None:
    _, draft = await bureau.ask("POST", "reviews", bureau.wang, {"form": "standard", "contact": "c01"})
    path = f"reviews/{draft['review']}"
    assert (await bureau.ask("PUT", path, bureau.zhao, {"answers": {}}))[0] == 403
    assert (await bureau.ask("PUT", path, bureau.wang, {"answers": {"greeting": 9}}))[0] == 422
    assert (await bureau.ask("PUT", path, bureau.wang, {"answers": {"greeting": 3}}))[0] == 200
    status, answer = await bureau.ask("POST", f"{path}/sign", bureau.wang)
    assert (status, "answer missing" in answer["detail"]) == (422, True)
    assert (await bureau.ask("GET", path, bureau.a1))[0] == 404, "no agent sees a draft"
    for body in ({"form": "none", "contact": "c01"}, {"form": "standard", "contact": "nobody"}):
        assert (await bureau.ask("POST", "reviews", bureau.wang, body))[0] == 404
    other = {"form": "standard", "contact": "c01", "agent": "a2"}
    assert (await bureau.ask("POST", "reviews", bureau.wang, other))[0] == 422
    own = bureau.house.token(Role.SUPERVISOR, user="both", agent="a1")
    assert (await bureau.ask("POST", "reviews", own, {"form": "standard", "contact": "c01"}))[0] == 403


async def test_the_agent_appeals_and_somebody_else_decides(bureau: Bureau) -> None:
    review = await bureau.signed()
    path, appeal = f"reviews/{review}", {"reason": "市民先挂断"}
    assert (await bureau.ask("GET", path, bureau.a1))[1]["score"] == 85.0
    assert (await bureau.ask("GET", path, bureau.a2))[0] == 404
    assert (await bureau.ask("POST", f"{path}/appeal", bureau.a2, appeal))[0] == 404
    assert (await bureau.ask("POST", f"{path}/decision", bureau.zhao, {"upheld": True, "reason": "x"}))[0] == 409
    status, after = await bureau.ask("POST", f"{path}/appeal", bureau.a1, appeal)
    assert (status, after["state"], after["appeal"]) == (200, "appealed", "市民先挂断")
    assert (await bureau.ask("POST", f"{path}/appeal", bureau.a1, appeal))[0] == 409
    decision = {"upheld": False, "reason": "申诉成立"}
    assert (await bureau.ask("POST", f"{path}/decision", bureau.wang, decision))[0] == 403
    status, after = await bureau.ask("POST", f"{path}/decision", bureau.zhao, decision)
    assert (status, after["state"], after["score"], after["decided_by"]) == (200, "annulled", 85.0, "zhao")
    assert (await bureau.ask("POST", f"{path}/decision", bureau.zhao, decision))[0] == 409
    entries, _ = await bureau.audit.entries(contact="c01")
    acts = [(e["by"], e["action"], e["purpose"]) for e in entries[::-1] if e["result"] == "granted"]
    assert acts == [
        ("wang", "quality.sign", ""),
        ("li", "quality.appeal", "市民先挂断"),
        ("zhao", "quality.decide", "申诉成立"),
    ]


async def test_an_appeal_comes_too_late_after_the_days_there_are(bureau: Bureau) -> None:
    review = await bureau.signed()
    async with bureau.database.writing() as connection:
        await connection.execute(update(quality_reviews).values(signed_at=START - timedelta(days=8)))
    status, answer = await bureau.ask("POST", f"reviews/{review}/appeal", bureau.a1, {"reason": "x"})
    assert (status, "7 days" in answer["detail"]) == (409, True)


async def test_averages_are_of_what_stands_by_agent_and_team(bureau: Bureau) -> None:
    for contact, answers in {"c01": (5, 5), "c02": (5, 3), "c11": (0, 5), "c21": (5, 0)}.items():
        await bureau.signed(contact, greeting=answers[0], answer=answers[1])
    annulled = await bureau.signed("c22", greeting=0, answer=1)
    a3 = bureau.house.token(Role.AGENT, user="zhou", agent="a3")
    assert (await bureau.ask("POST", f"reviews/{annulled}/appeal", a3, {"reason": "x"}))[0] == 200
    decision = {"upheld": False, "reason": "x"}
    assert (await bureau.ask("POST", f"reviews/{annulled}/decision", bureau.zhao, decision))[0] == 200
    await bureau.ask("POST", "reviews", bureau.wang, {"form": "standard", "contact": "c12"})
    _, by_agent = await bureau.ask("GET", "averages", bureau.wang)
    assert {agent: (one["reviews"], one["mean"]) for agent, one in by_agent["items"].items()} == {
        "a1": (2, 85.0),
        "a2": (1, 75.0),
        "a3": (1, 0.0),
    }
    _, by_team = await bureau.ask("GET", "averages?by=team", bureau.house.token(Role.LEADER))
    assert {team: (one["reviews"], one["mean"], one["lowest"]) for team, one in by_team["items"].items()} == {
        "east": (3, 81.67, 70.0),
        "west": (1, 0.0, 0.0),
    }
    assert (await bureau.ask("GET", "averages?to=2020-01-01T00:00:00Z", bureau.wang))[1]["items"] == {}
    assert (await bureau.ask("GET", "averages", bureau.a1))[0] == 403
    _, own = await bureau.ask("GET", "reviews", bureau.a1)
    assert {one["contact"] for one in own["items"]} == {"c01", "c02"}
    _, some = await bureau.ask("GET", "reviews?team=west&state=annulled", bureau.zhao)
    assert [one["review"] for one in some["items"]] == [annulled]


async def test_nothing_is_signed_that_the_audit_does_not_take(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    _, draft = await bureau.ask("POST", "reviews", bureau.wang, {"form": "standard", "contact": "c01"})
    path = f"reviews/{draft['review']}"
    await bureau.ask("PUT", path, bureau.wang, {"answers": {"greeting": 5, "answer": 5}})

    async def away(self: AuditTrail, entry: AuditEntry) -> int:
        raise Unavailable("the database is away")

    monkeypatch.setattr(AuditTrail, "append", away)
    assert (await bureau.ask("POST", f"{path}/sign", bureau.wang))[0] == 503
    assert (await bureau.ask("GET", path, bureau.wang))[1]["state"] == "draft"


async def test_a_tenants_reviewers_see_their_own_line_alone(bureau: Bureau) -> None:
    review = await bureau.signed()
    south = bureau.house.token(Role.SUPERVISOR, user="qian", tenant="south")
    assert (await bureau.ask("GET", f"reviews/{review}", south))[0] == 404
    assert (await bureau.ask("GET", "reviews", south))[1]["items"] == []
    assert (await bureau.ask("GET", "averages", south))[1]["items"] == {}
    assert (await bureau.ask("POST", "reviews", south, {"form": "standard", "contact": "c01"}))[0] == 404
    assert (await bureau.ask("POST", "samples", south, {"criteria": PERIOD}))[1]["among"] == 0
