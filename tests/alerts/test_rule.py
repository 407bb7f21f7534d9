"""One rule on one figure: raised at its level, cleared at a lower one, and never to and fro."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.rule import Alert, AlertRule, Verdict, judge
from messages.ids import AlertId
from messages.values import AlertFigure, Severity

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
RULE = AlertRule(id="slow", figure=AlertFigure.LONGEST_WAIT, at=60, clear_at=20, hold_s=30)
STANDING = Alert(
    id=AlertId("w1-1"),
    rule="slow",
    figure=AlertFigure.LONGEST_WAIT,
    key="12345",
    tenant="",
    severity=Severity.WARNING,
    value=60,
    at=60,
    raised_at=NOON,
)


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, Verdict.LEAVE), (59.9, Verdict.LEAVE), (60.0, Verdict.RAISE), (600.0, Verdict.RAISE)],
)
def test_it_is_raised_at_its_level(value: float | None, said: Verdict) -> None:
    assert judge(RULE, value, None, NOON) is said


@pytest.mark.parametrize(
    ("value", "after_s", "said"),
    [
        (70.0, 300, Verdict.LEAVE),
        (59.0, 300, Verdict.LEAVE),
        (20.1, 300, Verdict.LEAVE),
        (20.0, 300, Verdict.CLEAR),
        (None, 300, Verdict.CLEAR),
        (0.0, 29.9, Verdict.LEAVE),
        (0.0, 30, Verdict.CLEAR),
    ],
)
def test_it_is_cleared_at_the_lower_level_and_not_at_once(value: float | None, after_s: float, said: Verdict) -> None:
    assert judge(RULE, value, STANDING, NOON + timedelta(seconds=after_s)) is said


@given(st.lists(st.floats(0, 120) | st.none(), max_size=200), st.sampled_from([None, 20.0]), st.floats(0, 100))
def test_whatever_the_figure_does_raised_and_cleared_take_turns_and_no_alert_is_short(
    values: list[float | None], clear_at: float | None, hold_s: float
) -> None:
    rule = AlertRule(id="r", figure=AlertFigure.LONGEST_WAIT, at=60, clear_at=clear_at, hold_s=hold_s)
    standing: Alert | None = None
    for n, value in enumerate(values):
        now = NOON + timedelta(seconds=5 * n)
        match judge(rule, value, standing, now):
            case Verdict.RAISE:
                assert standing is None and value is not None and value >= 60
                standing = Alert(
                    **{name: getattr(STANDING, name) for name in Alert.__struct_fields__} | {"raised_at": now}
                )
            case Verdict.CLEAR:
                assert standing is not None and (now - standing.raised_at).total_seconds() >= hold_s
                assert value is None or value < 60
                standing = None
            case Verdict.LEAVE:
                assert standing is not None or value is None or value < 60, "what is bad is alerted of"
