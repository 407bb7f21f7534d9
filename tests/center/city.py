"""A city for tests: several queues, skills, ranks, two county lines, limits, overflow and a surge."""

from __future__ import annotations

from typing import Any

from agents.agent import AgentSettings
from calls.callback import CallbackSettings
from calls.label import NuisanceSettings
from center.settings import CenterSettings, SecondLogin
from messages.ids import AgentId, Phone, QueueId, UserId
from messages.values import Need, Then
from queueing.settings import (
    Overflow,
    Overflows,
    QueueSettings,
    Route,
    Seat,
    Strategy,
    Surge,
    Team,
    Tenant,
)

GENERAL, DIALECT, BUSINESS, COUNTY, DESK = map(QueueId, ("12345", "dialect", "business", "county", "desk"))
"""The city's line, its dialect queue, the enterprise desk, a county's line, and a small desk that rings all."""

_SKILLED: tuple[tuple[dict[str, int], tuple[QueueId, ...], dict[QueueId, int]], ...] = (
    ({}, (GENERAL,), {}),
    ({"lu": 3}, (GENERAL, DIALECT), {DIALECT: 2}),
    ({"lu": 8, "tax": 2}, (GENERAL, DIALECT, BUSINESS), {}),
    ({"tax": 9, "en": 5}, (BUSINESS, GENERAL), {GENERAL: 2}),
    ({}, (COUNTY, DESK), {}),
    ({"lu": 5}, (COUNTY, DESK, GENERAL), {GENERAL: 3}),
)


def city(**changes: Any) -> CenterSettings:
    """Return the city's settings."""
    values: dict[str, Any] = {
        "queues": (
            QueueSettings(id=GENERAL, ring_s=15, wrap_up_s=5, wrap_up_max_s=30),
            QueueSettings(
                id=DIALECT,
                strategy=Strategy.MOST_SKILLED,
                ring_s=15,
                wrap_up_s=5,
                needs=(Need("lu", 5, 20.0), Need("lu", 2)),
                max_wait_s=60,
                overflow=Overflows(too_long=Overflow(to=GENERAL)),
            ),
            QueueSettings(
                id=BUSINESS,
                strategy=Strategy.FEWEST_CALLS,
                ring_s=15,
                wrap_up_s=5,
                priority=2,
                needs=(Need("tax", 1, 30.0), Need("en", 1, 0.0)),
                max_waiting=2,
                overflow=Overflows(nobody=Overflow(to=GENERAL)),
            ),
            QueueSettings(
                id=COUNTY,
                tenant="qihe",
                strategy=Strategy.ROUND_ROBIN,
                ring_s=15,
                wrap_up_s=5,
                max_wait_s=45,
                overflow=Overflows(
                    too_long=Overflow(announce="busy", then=Then.CALLBACK),
                    nobody=Overflow(to=GENERAL),
                    closed=Overflow(to=GENERAL),
                ),
            ),
            QueueSettings(
                id=DESK,
                strategy=Strategy.RING_ALL,
                ring_s=15,
                wrap_up_s=5,
                max_waiting=1,
                overflow=Overflows(full=Overflow(announce="busy", then=Then.WAIT)),
            ),
        ),
        "agents": tuple(
            AgentSettings(
                id=AgentId(f"a{n}"),
                phone=Phone(str(1000 + n)),
                skills=skills,
                queues=queues,
                ranks=ranks,
                team="one" if n < 4 else "two",
                tenant="qihe" if COUNTY in queues else "",
            )
            for n, (skills, queues, ranks) in enumerate(_SKILLED, start=1)
        ),
        "routes": (
            Route(did="12345", queue=GENERAL),
            Route(did="12345", caller="0534", queue=DIALECT),
            Route(did="123456", queue=BUSINESS, priority=1),
            Route(did="3612345", queue=COUNTY, tenant="qihe"),
            Route(did="99", queue=DESK),
        ),
        "tenants": (Tenant(id="qihe", name="齐河县", caller_id="3612345"),),
        "teams": (Team(id="one", leaders=(UserId("wang"),)), Team(id="two")),
        "seats": (Seat(id="s1", phone=Phone("1001")), Seat(id="s9", phone=Phone("1099"))),
        "surges": (
            Surge(
                id="flood",
                by="area",
                digits=4,
                caller="0535",
                calls=3,
                within_s=10,
                calm_s=20,
                overflow=Overflow(announce="surge", then=Then.WAIT),
            ),
        ),
        "second_login": SecondLogin.TAKE_OVER,
        "callbacks": CallbackSettings(automatic=False, retry_s=100.0),
        "nuisance": NuisanceSettings(queue=DESK, priority=-3),
        "park_s": 40.0,
        "personal_s": 12.0,
    }
    return CenterSettings(**{**values, **changes})
