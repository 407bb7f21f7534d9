"""Alerts at a real centre: long waits, many who wait, nobody ready, a node that is not heard."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from alerts.rule import AlertRule
from center import snapshot
from center.apply import Center
from messages import events, facts
from messages.ids import CallId, QueueId
from messages.values import AlertFigure, Severity
from queueing.settings import QueueSettings
from tests.center.world import NODE, World, same, settings

SLOW = AlertRule(id="slow", figure=AlertFigure.LONGEST_WAIT, at=60, clear_at=20, severity=Severity.CRITICAL)
MANY = AlertRule(id="many", figure=AlertFigure.WAITING, at=3, clear_at=1, hold_s=0)
NOBODY = AlertRule(id="nobody", figure=AlertFigure.NOBODY_READY, at=10, hold_s=0)
DOWN = AlertRule(id="down", figure=AlertFigure.NODE_DOWN, at=30, hold_s=0)


def alerted(world: World) -> list[tuple[str, str, str]]:
    """Return what was raised and cleared: +/-, rule, key."""
    found: list[tuple[str, str, str]] = []
    for entry in world.entries:
        if isinstance(entry.event, events.AlertRaised | events.AlertCleared):
            sign = "+" if isinstance(entry.event, events.AlertRaised) else "-"
            found.append((sign, entry.event.rule, entry.event.key))
    return found


def world_with(*rules: AlertRule, agents: int = 1, queues: tuple[str, ...] = ("12345",)) -> World:
    whole = settings(agents)
    named = tuple(QueueSettings(id=QueueId(queue), tenant="" if queue == "12345" else "county") for queue in queues)
    return World(whole=msgspec.structs.replace(whole, queues=named, alerts=rules))


def test_a_long_wait_is_alerted_of_once_and_cleared_once_it_is_over_for_good() -> None:
    world = world_with(SLOW)
    world.come("c1")
    world.wait(58)
    assert alerted(world) == []
    world.wait(7)
    assert alerted(world) == [("+", "slow", "12345")]
    [raised] = [entry.event for entry in world.entries if isinstance(entry.event, events.AlertRaised)]
    assert 60 <= raised.value <= 65 and raised.at == 60 and raised.severity is Severity.CRITICAL
    world.ready("a1")
    world.talk("c1/1")
    world.wait(20)
    assert len(alerted(world)) == 1, "it stands for a minute"
    world.wait(60)
    assert alerted(world) == [("+", "slow", "12345"), ("-", "slow", "12345")]
    world.wait(600)
    assert len(alerted(world)) == 2


def test_a_figure_between_its_two_levels_changes_nothing() -> None:
    world = world_with(MANY)
    for n in (1, 2, 3):
        world.come(f"c{n}")
    world.wait(6)
    world.hang_up("c1")
    world.wait(6)
    world.come("c4")
    world.wait(6)
    assert alerted(world) == [("+", "many", "12345")]
    for call in ("c2", "c3"):
        world.hang_up(call)
    world.wait(6)
    assert alerted(world) == [("+", "many", "12345"), ("-", "many", "12345")]


def test_a_queue_where_somebody_waits_and_nobody_is_ready() -> None:
    world = world_with(NOBODY)
    world.ready("a1")
    world.come("c1")
    world.talk("c1/1")
    world.wait(60)
    assert alerted(world) == [], "nobody is ready, and nobody waits"
    world.come("c2")
    world.wait(16)
    assert alerted(world) == [("+", "nobody", "12345")]
    world.end_leg("c1/1")
    world.wait(16)
    world.talk("c2/1")
    world.wait(6)
    assert alerted(world)[-1] == ("-", "nobody", "12345")


def test_each_queue_has_an_alert_of_its_own_and_its_tenant() -> None:
    world = world_with(
        NOBODY, msgspec.structs.replace(MANY, at=1, clear_at=0, queue=QueueId("north")), queues=("12345", "north")
    )
    world.come("c1", queue="north")
    world.wait(20)
    assert sorted(alerted(world)) == [("+", "many", "north"), ("+", "nobody", "north")]
    assert {alert.tenant for alert in world.center.state.alerts.values()} == {"county"}


def test_a_node_that_is_not_heard_for_long() -> None:
    world = world_with(DOWN)
    world.do(facts.NodeDown(occurred=world.now, node=NODE, reason="closed"))
    world.wait(20)
    world.do(facts.NodeUp(occurred=world.now, node=NODE))
    world.do(facts.NodeDown(occurred=world.now, node=NODE, reason="closed"))
    world.wait(20)
    assert alerted(world) == []
    world.wait(20)
    assert alerted(world) == [("+", "down", NODE)]
    world.do(facts.NodeUp(occurred=world.now, node=NODE), 5)
    world.wait(5)
    assert alerted(world) == [("+", "down", NODE), ("-", "down", NODE)]


def test_a_new_centre_goes_on_with_what_stands_and_clears_what_has_no_rule_any_more() -> None:
    world = world_with(SLOW, MANY)
    for n in (1, 2, 3):
        world.come(f"c{n}")
    world.wait(70)
    assert len(alerted(world)) == 2
    without = msgspec.structs.replace(world.settings, alerts=(SLOW,))
    kept = snapshot.decode(snapshot.encode(world.center.state), without)
    again = Center(without, kept)
    entries: list[Any] = [*again.start(world.now).entries]
    for n in range(1, 10):
        now = world.now + timedelta(seconds=5 * n)
        entries += again.apply(facts.CallMissing(occurred=now, node=NODE, call=CallId("nobody")), now).entries
    told = [entry.event for entry in entries if isinstance(entry.event, events.AlertRaised | events.AlertCleared)]
    assert [(type(event), event.rule, event.value) for event in told] == [(events.AlertCleared, "many", None)]


def test_folding_the_journal_gives_the_alerts_again() -> None:
    world = world_with(SLOW, NOBODY, DOWN)
    world.come("c1")
    world.wait(70)
    world.do(facts.NodeDown(occurred=world.now, node=NODE, reason="closed"))
    world.wait(40)
    assert len(world.center.state.alerts) == 3
    assert same(world.center.state, world.replayed())


def test_without_rules_nothing_is_looked_at() -> None:
    world = world_with()
    world.wait(10)
    assert world.center.next_deadline() is None
