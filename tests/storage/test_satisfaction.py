"""Service satisfaction from what is kept of surveys."""

from __future__ import annotations

from datetime import timedelta

from messages.events import Entry
from metrics.satisfaction import Satisfaction
from storage.database import Database
from storage.queries import Queries
from tests.storage.history import day, rows_of, write


def telling_day() -> list[Entry]:
    """Return a day with citizens who were satisfied, who were not, and who said nothing."""
    days = (day(seed=seed, steps=500) for seed in range(20))
    return next(one for one in days if len({row["satisfied"] for row in rows_of(one)["surveys"]}) == 3)


async def test_the_counts_are_those_of_the_rows(database: Database) -> None:
    entries = telling_day()
    await write(database, entries)
    rows = rows_of(entries)["surveys"]
    queries = Queries(database)
    for by in ("all", "queue", "agent"):
        expected: dict[str, Satisfaction] = {}
        for row in rows:
            name = "" if by == "all" else row[by] or ""
            one = expected.get(name, Satisfaction())
            expected[name] = Satisfaction(
                asked=one.asked + 1,
                answered=one.answered + (row["satisfied"] is not None),
                satisfied=one.satisfied + (row["satisfied"] is True),
            )
        assert await queries.satisfaction(by, None, None) == expected


async def test_a_period_has_the_questions_asked_in_it(database: Database) -> None:
    entries = telling_day()
    await write(database, entries)
    instants = sorted(row["asked_at"] for row in rows_of(entries)["surveys"])
    middle = instants[len(instants) // 2]
    queries = Queries(database)
    before = (await queries.satisfaction("all", None, middle)).get("", Satisfaction())
    after = (await queries.satisfaction("all", middle, instants[-1] + timedelta(microseconds=1)))[""]
    assert (before.asked, after.asked) == (
        sum(at < middle for at in instants),
        sum(at >= middle for at in instants),
    )
    assert await queries.satisfaction("all", None, None, "no such tenant") == {}


def test_silence_is_never_satisfied_and_nobody_asked_is_no_rate() -> None:
    some = Satisfaction(asked=10, answered=4, satisfied=3)
    assert (some.rate, some.response_rate) == (0.75, 0.4)
    assert (Satisfaction().rate, Satisfaction().response_rate) == (None, None)
    assert Satisfaction(asked=3).rate is None
