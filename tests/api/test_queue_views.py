"""Queues are counted in one pass, and as counting each by itself would."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from time import thread_time

import pytest

from agents.agent import AgentSettings
from api.queue_views import queue_views
from calendars.settings import WEEKDAYS, Calendar
from center.apply import Center
from center.settings import CenterSettings
from messages import facts, requests
from messages.ids import AgentId, CallId, ContactId, Phone, QueueId, UserId
from messages.values import AgentState
from metrics.counts import Rolling
from queueing.settings import QueueSettings
from tests.center.world import BY, NODE, START


def _center(queues: int, agents: int, each: int, calls: int = 0) -> Center:
    """Return a centre whose agents serve `each` queues; some are there, and some callers wait."""
    random = Random(queues)
    center = Center(
        CenterSettings(
            queues=tuple(QueueSettings(id=QueueId(f"q{n}")) for n in range(queues)),
            agents=tuple(
                AgentSettings(
                    id=AgentId(f"a{n}"),
                    phone=Phone(str(10_000 + n)),
                    queues=tuple(QueueId(f"q{(n + k) % queues}") for k in range(each)),
                )
                for n in range(agents)
            ),
        )
    )
    center.start(START)
    center.apply(facts.NodeUp(occurred=START, node=NODE), START)
    for n in range(0, agents, 3):
        center.apply(requests.LogIn(by=BY, agent=AgentId(f"a{n}")), START)
        if n % 2:
            center.apply(requests.GoReady(by=UserId("x"), agent=AgentId(f"a{n}")), START)
    for n in range(calls):
        about = {"occurred": START + timedelta(seconds=n), "node": NODE, "call": CallId(f"c{n}")}
        center.apply(facts.CallArrived(contact=ContactId(f"c{n}"), number="1", did="2", **about), START)  # type: ignore[arg-type]
        queue = QueueId(f"q{random.randrange(queues)}")
        center.apply(facts.CallQueued(queue=queue, **about), START)  # type: ignore[arg-type]
    return center


def test_each_queue_is_counted_as_by_itself() -> None:
    center = _center(7, 40, 3, calls=30)
    state, now = center.state, START + timedelta(minutes=1)
    for queue, view in zip(state.settings.queues, queue_views(state, state.settings.queues, now), strict=True):
        agents = [agent.state for agent in state.roster.by_id.values() if queue.id in agent.queues]
        calls = [call for call in state.calls.values() if call.queue == queue.id]
        waiting = [call for call in calls if call.state in ("waiting", "offered")]
        since = min((call.queued_at for call in waiting if call.queued_at), default=None)
        assert view.agents == {name: agents.count(name) for name in AgentState}
        assert view.staffed == len(agents) - agents.count(AgentState.LOGGED_OUT)
        assert view.waiting == len(waiting)
        assert view.longest_wait_s == ((now - since).total_seconds() if since else None)
        assert [view] == queue_views(state, [queue], now)


@pytest.mark.parametrize("each", [1, 3])
def test_two_hundred_queues_of_ten_thousand_agents_cost_no_more_than_the_agents(each: int) -> None:
    state = _center(200, 10_000, each).state
    took = []
    for queues in (state.settings.queues[:1], state.settings.queues):
        fastest = 1e9
        for _ in range(5):
            begun = thread_time()
            queue_views(state, queues, START)
            fastest = min(fastest, thread_time() - begun)
        took.append(fastest)
    assert took[1] < 4 * took[0] + 0.005, "all queues cost about what one does"


def test_a_queue_tells_when_its_calendar_opens_or_closes_it() -> None:
    office = Calendar(id="office", tz="UTC", week=dict.fromkeys(WEEKDAYS, ("09:00-17:00",)))
    queues = (QueueSettings(id=QueueId("always")), QueueSettings(id=QueueId("hours"), calendar="office"))
    center = Center(CenterSettings(queues=queues, calendars=(office,)))
    early, nine, five = (START.replace(hour=hour) for hour in (8, 9, 17))
    center.start(early)
    shown = [(view.open, view.opens_at, view.closes_at) for view in queue_views(center.state, queues, early)]
    assert shown == [(True, None, None), (False, nine, None)]
    center.apply(requests.Tick(), nine)
    [_, view] = queue_views(center.state, queues, nine)
    assert (view.open, view.opens_at, view.closes_at) == (True, None, five)
    center.apply(requests.OpenQueue(by=BY, queue=QueueId("hours"), open=False), nine)
    [_, view] = queue_views(center.state, queues, nine)
    assert (view.open, view.opens_at, view.closes_at) == (False, None, five), "by hand till five"


def test_the_last_24_hours_stand_beside_what_is_now() -> None:
    state = Center(CenterSettings(queues=(QueueSettings(id=QueueId("q1")), QueueSettings(id=QueueId("q2"))))).state
    known = {"q1": Rolling(offered=20, answered=19, connection_rate=0.95, service_level=0.9)}
    first, second = queue_views(state, state.settings.queues, START, known)
    assert (first.offered_24h, first.answered_24h, first.connection_rate_24h) == (20, 19, 0.95)
    assert (second.offered_24h, second.connection_rate_24h) == (0, None), "nobody came: a count is known, a rate is not"
    [unknown, _] = queue_views(state, state.settings.queues, START)
    assert (unknown.offered_24h, unknown.connection_rate_24h) == (None, None)
