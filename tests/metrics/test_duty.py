"""A duty's figures balance, whatever came of its contacts."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from messages.duty import AnsweredBy
from metrics.duty import figures

cases = st.lists(
    st.fixed_dictionaries({"case_no": st.sampled_from(["G1", "G2", "G3"]), "closed": st.sampled_from([None])}),
    max_size=3,
)
calls = st.lists(
    st.fixed_dictionaries(
        {
            "answered_by": st.sampled_from([None, *AnsweredBy]),
            "offered": st.integers(0, 1),
            "missed": st.integers(0, 1),
            "handed_over": st.booleans(),
            "aide_joined": st.booleans(),
            "outcome": st.sampled_from([None, "answered", "abandoned"]),
            "cases": cases,
        }
    ).map(lambda call: call | {"ended_at": None if call["outcome"] is None else "then"}),
    max_size=12,
)


@given(calls)
def test_every_contact_counts_once_among_the_answered_and_among_the_outcomes(kept: list[dict[str, Any]]) -> None:
    found = figures(kept)
    assert found.signals == len(kept) == sum(found.outcomes.values()) + found.live
    assert found.answered == found.by_leader + found.by_aide + found.by_agents <= found.signals
    assert found.cases == len({case["case_no"] for call in kept for case in call["cases"]})
    assert found.closed is None, "nobody has reported of any"


def test_what_is_reported_of_a_case_is_counted_once_and_what_is_not_is_not_open() -> None:
    def call(*told: tuple[str, bool | None]) -> dict[str, Any]:
        return {
            "answered_by": AnsweredBy.LEADER,
            "offered": 1,
            "missed": 0,
            "handed_over": False,
            "aide_joined": False,
            "outcome": "answered",
            "ended_at": "then",
            "cases": [{"case_no": case_no, "closed": closed} for case_no, closed in told],
        }

    found = figures([call(("G1", True), ("G2", None)), call(("G1", True), ("G3", False))])
    assert (found.cases, found.closed) == (3, 1)
