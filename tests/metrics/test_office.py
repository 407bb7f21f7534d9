"""The office's own figures: what a case's steps come to, in whatever order they are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from messages.values import CaseStep, UnitKind
from metrics.office import OFFICE_DEFINITIONS, CaseEvent, Link, Period, growth, office, stories

START, END = datetime(2014, 1, 1, tzinfo=UTC), datetime(2015, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def _step(case: str, n: int, step: CaseStep, day: float, **more: Any) -> CaseEvent:
    return CaseEvent(case_no=case, id=f"{case}/{n}", step=step, at=START + day * DAY, **more)


def _period(links: list[Link], events: list[CaseEvent], **more: Any) -> Period:
    channels = {"call": len({link.contact for link in links})}
    return Period(since=START, until=END, channels=channels, links=links, stories=stories(events), **more)


def test_a_case_sent_back_is_judged_by_the_unit_that_has_it_last() -> None:
    told = [
        _step("G1", 1, CaseStep.DISPATCHED, 1, unit="交通局", unit_kind=UnitKind.DEPARTMENT, due_at=START + 6 * DAY),
        _step("G1", 2, CaseStep.RETURNED, 2, misdirected=True),
        _step("G1", 3, CaseStep.DISPATCHED, 3, unit="夏津县", unit_kind=UnitKind.COUNTY, due_at=START + 8 * DAY),
        _step("G1", 4, CaseStep.REPLIED, 8),
    ]
    figures = office(_period([Link("c1", "G1", valid=True)], told))
    assert (figures["dispatched"], figures["dispatched_to_counties"], figures["dispatch_accuracy"]) == (1, 1, 0.0)
    assert (figures["due"], figures["replied_on_time"]) == (1, 1), "on the day it is due is in time"
    assert (figures["completed"], figures["completion_rate"]) == (0, 0.0), "replied is not completed"
    [unit] = figures["units"]
    assert (unit["unit"], unit["on_time_rate"], unit["score"]) == ("夏津县", 1.0, 100 * 0.4 / 0.7)


def test_a_reply_after_the_due_date_or_before_the_last_dispatch_is_none_in_time() -> None:
    due = START + 5 * DAY
    late = [_step("G1", 1, CaseStep.DISPATCHED, 1, unit="u", due_at=due), _step("G1", 2, CaseStep.REPLIED, 5.00001)]
    early = [_step("G1", 1, CaseStep.REPLIED, 1), _step("G1", 2, CaseStep.DISPATCHED, 2, unit="u", due_at=due)]
    for told in (late, early):
        assert office(_period([Link("c1", "G1", valid=True)], told))["on_time_rate"] == 0.0


def test_valid_contacts_are_answered_directly_dispatched_or_undecided() -> None:
    links = [
        Link("c1", "G1", valid=True),
        Link("c1", "G2", valid=True),
        Link("c2", "G1", valid=True),
        Link("c3", "G3", valid=True),
        Link("c4", "G4", valid=False),
        Link("c5", "G5"),
    ]
    told = [_step("G1", 1, CaseStep.DISPATCHED, 1, unit="u"), _step("G2", 1, CaseStep.DIRECT_ANSWER, 1)]
    figures = office(_period(links, told))
    assert [figures[name] for name in ("received", "valid", "invalid", "unclassified")] == [5, 3, 1, 1]
    assert [figures[name] for name in ("dispatched", "direct_answered", "undecided")] == [2, 0, 1]
    assert figures["dispatched_cases"] == 1, "two contacts, one case"


def test_service_and_revisit_satisfaction_are_two_things_and_a_citizen_counts_once() -> None:
    told = [
        _step("G1", 1, CaseStep.DISPATCHED, 1, unit="u"),
        _step("G1", 2, CaseStep.REVISITED, 9, satisfied=False),
        _step("G1", 3, CaseStep.REVISITED, 10),
    ]
    links = [Link("c1", "G1", valid=True)]
    ours = {"G1": (START + 12 * DAY, True), "G9": (START + 2 * DAY, False)}
    figures = office(_period(links, told, revisits=ours))
    assert (figures["revisited"], figures["revisit_satisfied"]) == (2, 1), "the last answer of a case counts"
    assert "service_satisfaction" not in figures
    assert set(figures) <= set(OFFICE_DEFINITIONS)


def test_growth_of_nothing_is_unknown() -> None:
    assert growth(647_730, 568_874) == (647_730 - 568_874) / 568_874
    assert growth(5, 0) is None


_events = st.lists(
    st.builds(
        CaseEvent,
        case_no=st.sampled_from(["G1", "G2", "G3"]),
        id=st.integers(0, 10**6).map(str),
        step=st.sampled_from(CaseStep),
        at=st.integers(0, 400).map(lambda days: START + days * DAY),
        due_at=st.none() | st.integers(0, 400).map(lambda days: START + days * DAY),
        unit=st.sampled_from(["", "甲", "乙"]),
        unit_kind=st.none() | st.sampled_from(UnitKind),
        misdirected=st.booleans(),
        satisfied=st.none() | st.booleans(),
    ),
    max_size=20,
    unique_by=lambda event: (event.at, event.id),
)
_links = st.lists(
    st.builds(
        Link,
        contact=st.sampled_from(["c1", "c2", "c3", "c4"]),
        case_no=st.sampled_from(["G1", "G2", "G3", "G4"]),
        valid=st.none() | st.booleans(),
    ),
    max_size=10,
    unique_by=lambda link: (link.contact, link.case_no),
)


@given(_events, _links, st.randoms())
def test_the_order_in_which_it_was_told_does_not_matter_and_the_parts_add_up(
    events: list[CaseEvent], links: list[Link], random: Any
) -> None:
    figures = office(_period(links, events))
    shuffled, others = list(events), list(links)
    random.shuffle(shuffled)
    random.shuffle(others)
    again = office(_period(others, shuffled))
    assert {name: value for name, value in again.items() if name not in ("categories", "areas")} == {
        name: value for name, value in figures.items() if name not in ("categories", "areas")
    }
    assert figures["received"] == figures["valid"] + figures["invalid"] + figures["unclassified"]
    assert figures["valid"] == figures["direct_answered"] + figures["dispatched"] + figures["undecided"]
    for name in ("dispatched", "misdirected", "due", "on_time", "completed", "revisited", "revisit_satisfied"):
        total = {"dispatched": "dispatched_cases", "on_time": "replied_on_time"}.get(name, name)
        assert sum(unit[name] for unit in figures["units"]) <= figures[total]
    for name, value in figures.items():
        if name.endswith(("_rate", "_share", "accuracy", "_satisfaction")):
            assert value is None or 0 <= value <= 1
