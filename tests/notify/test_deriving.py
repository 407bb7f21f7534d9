"""Which notices follow from what happens at a real centre: missed calls, calls back, served calls, bursts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from alerts.rule import AlertRule
from center.apply import Center
from center.loop import CenterLoop, LoopSettings
from center.settings import CenterSettings
from messages import events, facts, requests
from messages.events import Entry
from messages.ids import CallId, ContactId, NodeId
from messages.notices import Known, Notice, NoticeKind
from messages.values import AlertFigure, CallbackEnd, CallbackKind
from notify.deriving import notices_of
from notify.senders import FileSender
from notify.settings import AlertSettings, NotifySettings
from notify.texts import TEXTS, filled
from queueing.settings import Surge
from storage.database import Database
from tests.api.house import NoSwitchboard
from tests.center.world import BY, NODE, QUEUE, World, settings
from tests.notify.office import EVERYTHING, NOON, Office, until

NUMBER = "13800001234"


async def notices_from(database: Database, world: World, **more: Any) -> list[Notice]:
    """Return the notices that the outbox keeps of what a world recorded; none is sent."""
    office = Office(database, **more)
    office.clock.now = world.now
    office.sender.hangs = True
    await office.store.begin(type(world.center.position)())
    await office.log.append(world.entries)
    async with office.open() as outbox:

        async def done() -> bool:
            return outbox.position == world.center.position

        await until(done)
    return await office.all()


def kinds(notices: list[Notice]) -> list[NoticeKind]:
    """Return the kinds of notices."""
    return [one.kind for one in notices]


async def test_who_hung_up_unserved_is_told_once_that_we_call_back(database: Database) -> None:
    world = World(agents=0)
    for call in ("c1", "c2"):
        world.come(call)
        world.wait(20)
        world.hang_up(call)
    [told] = await notices_from(database, world)
    assert (told.kind, told.number, told.contact) == (NoticeKind.MISSED, NUMBER, "c1")
    assert told.text == TEXTS["zh"]["missed"]


async def test_who_was_served_is_asked_how_it_was_with_a_link_of_their_own(database: Database) -> None:
    world = World(agents=1)
    world.ready("a1")
    world.come("c1")
    world.talk("c1/1")
    world.hang_up("c1")
    [told] = await notices_from(database, world, language="en")
    assert (told.kind, told.number) == (NoticeKind.SURVEY, NUMBER)
    assert told.text.endswith("https://survey.example/c1")


@pytest.mark.parametrize(("asked", "key", "told"), [(False, "", 1), (True, "", 1), (True, "3", 0)])
async def test_who_answered_by_key_is_not_asked_again(database: Database, asked: bool, key: str, told: int) -> None:
    world = World(agents=1)
    world.ready("a1")
    world.come("c1")
    world.talk("c1/1")
    world.end_leg("c1/1")
    about: dict[str, Any] = {"occurred": world.now, "node": NODE, "call": CallId("c1"), "question": "survey"}
    if asked:
        world.do(facts.SurveyAsked(**about))
    assert await notices_from(database, world) == [], "nothing is sent before the survey's outcome is known"
    if key:
        world.do(facts.SurveyAnswered(key=key, satisfied=False, **about))
    world.hang_up("c1", by_citizen=False)
    assert kinds(await notices_from(database, world)) == [NoticeKind.SURVEY] * told


async def test_who_was_served_meanwhile_is_not_told_that_we_call_back(database: Database) -> None:
    world = World(agents=1)
    world.come("c1")
    world.hang_up("c1")
    world.ready("a1")
    world.come("c2")
    world.talk("c2/1")
    found = await notices_from(database, world)
    assert [(one.kind, one.state, one.answer) for one in found] == [(NoticeKind.MISSED, "given_up", "no longer needed")]


@pytest.mark.parametrize(("number", "told"), [("anonymous", 0), ("", 0), ("110", 0), (NUMBER, 1)])
async def test_only_numbers_that_can_be_called_are_told(database: Database, number: str, told: int) -> None:
    world = World(agents=0)
    world.come("c1", number=number)
    world.hang_up("c1")
    assert len(await notices_from(database, world)) == told


@pytest.mark.parametrize(("confidential", "told"), [(False, 0), (True, 1)])
async def test_who_asked_for_confidentiality_is_told_nothing_unless_set(
    database: Database, confidential: bool, told: int
) -> None:
    world = World(agents=0)
    world.arrive("c1")
    about: dict[str, Any] = {"occurred": world.now, "node": NODE, "call": CallId("c1")}
    world.do(facts.CallQueued(queue=QUEUE, noticed=True, confidential=True, **about))
    world.hang_up("c1")
    assert len(await notices_from(database, world, confidential=confidential)) == told


async def test_a_call_back_that_others_ask_for_is_no_news_to_the_citizen(database: Database) -> None:
    world = World(agents=1)
    world.do(requests.AskCallback(by=BY, number=NUMBER))
    assert await notices_from(database, world) == []


async def test_nothing_is_sent_of_a_kind_that_is_off(database: Database) -> None:
    world = World(agents=0)
    world.come("c1")
    world.hang_up("c1")
    assert await notices_from(database, world, missed=False) == []


async def test_a_burst_warns_each_leader_once(database: Database) -> None:
    world = World(agents=0, surges=(Surge(id="burst", by="area", digits=3, calls=3, within_s=60),))
    for n in range(5):
        world.come(f"c{n}", number=f"1380000123{n}")
    alerts = (
        AlertSettings(on="surge.started", surge="burst", key="138", numbers=("13700000001",)),
        AlertSettings(on="surge.started", numbers=("13700000001", "13700000002")),
        AlertSettings(on="surge.started", surge="other", numbers=("13700000003",)),
        AlertSettings(on="surge.started", key="139", numbers=("13700000004",)),
    )
    found = await notices_from(database, world, alerts=alerts)
    assert [one.number for one in found] == ["13700000001", "13700000002"]
    assert found[0].text == "【12345热线预警】burst（138）短时间内来电3个，请关注。"


async def test_an_alert_is_sent_to_whoever_is_told_of_its_rule_when_it_is_raised_and_when_it_is_over(
    database: Database,
) -> None:
    rule = AlertRule(id="slow", figure=AlertFigure.LONGEST_WAIT, at=60, hold_s=0)
    world = World(agents=1, alerts=(rule,))
    world.come("c1")
    world.wait(66)
    world.hang_up("c1")
    world.wait(6)
    alerts = (
        AlertSettings(on="alert.raised", rule="slow", numbers=("13700000001",)),
        AlertSettings(on="alert.cleared", key="123", numbers=("13700000001",)),
        AlertSettings(on="alert.raised", rule="other", numbers=("13700000003",)),
        AlertSettings(on="alert.raised", key="north", numbers=("13700000004",)),
    )
    found = [one for one in await notices_from(database, world, alerts=alerts) if one.kind is NoticeKind.ALERT]
    assert [one.number for one in found] == ["13700000001"] * 2
    assert sorted(one.text for one in found) == [
        "【12345热线告警】12345：最长等待（秒）60，达到阈值60。",
        "【12345热线告警】12345：最长等待（秒）已恢复正常。",
    ]


def derived(event: Any, known: Known | None = None, **more: Any) -> list[Notice]:
    """Return what follows from one event."""
    return notices_of(Entry(1, 7, NOON, event), NotifySettings(**(EVERYTHING | more)), known)


def test_who_could_not_be_reached_is_asked_to_call_again() -> None:
    event = events.CallbackDone(callback="b1", end=CallbackEnd.GAVE_UP, attempts=3)  # type: ignore[arg-type]
    [told] = derived(event, Known(number=NUMBER, contact="c1"))
    assert (told.id, told.kind, told.text) == ("1-7-gave_up", NoticeKind.GAVE_UP, TEXTS["zh"]["gave_up"])
    assert derived(event) == [], "of a call back that nobody knows"


def test_who_asked_for_a_call_back_is_told_that_it_is_noted() -> None:
    event = events.CallbackNoted(
        callback="b1",  # type: ignore[arg-type]
        cause=CallbackKind.REQUESTED,
        number=NUMBER,
        tenant="north",
        queue="12345",  # type: ignore[arg-type]
        due_at=NOON,
        contacts=1,
    )
    [told] = derived(event, Known(number=NUMBER, tenant="north"), texts={"requested": "好的"})
    assert (told.kind, told.text, told.tenant) == (NoticeKind.REQUESTED, "好的", "north")


def test_people_on_duty_are_told_of_a_node_that_is_not_heard() -> None:
    alerts = (AlertSettings(on="node.down", numbers=("13700000001",)),)
    event = events.NodeDown(node=NodeId("hl1"), occurred=NOON, reason="{node}")
    [told] = derived(event, alerts=alerts)
    assert (told.id, told.text) == ("1-7-alert-0", "【12345热线告警】节点hl1失去联系：{node}")
    assert derived(event, alerts=alerts, sender="") == []


def test_both_languages_say_the_same_things() -> None:
    assert TEXTS["zh"].keys() == TEXTS["en"].keys()
    assert filled("{a}{b}{a}", {"a": "{b}", "c": 1}) == "{b}{b}{b}"


async def test_a_missed_call_at_a_running_centre_comes_out_of_the_file(database: Database, tmp_path: Path) -> None:
    office = Office(database)
    office.sender = FileSender(tmp_path / "notices.jsonl")  # type: ignore[assignment]
    whole: CenterSettings = settings(1)
    loop = CenterLoop(Center(whole), office.log, NoSwitchboard(), office.clock, LoopSettings(linger_s=0))
    await office.store.begin(loop.center.position)
    about: dict[str, Any] = {"occurred": NOON, "node": NODE, "call": CallId("c1")}
    async with office.open(), office.running(loop.run()):
        loop.tell(facts.NodeUp(occurred=NOON, node=NODE))
        loop.tell(facts.CallArrived(contact=ContactId("k1"), number=NUMBER, did="12345", **about))
        loop.tell(facts.CallQueued(queue=QUEUE, noticed=True, **about))
        loop.tell(facts.CallHungUp(**about))

        async def told() -> bool:
            return [one.state for one in await office.all()] == ["sent"]

        await until(told)
    [line] = (tmp_path / "notices.jsonl").read_text().splitlines()
    assert json.loads(line) == {
        "id": (await office.all())[0].id,
        "number": NUMBER,
        "text": TEXTS["zh"]["missed"],
    }
