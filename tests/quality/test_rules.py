"""Quality rules as properties: scores, lots, states and averages."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from messages.errors import Conflict, Forbidden, Invalid
from messages.ids import AgentId, ContactId, UserId
from quality.averages import averages
from quality.forms import Form, Question, check_form, score
from quality.reviews import NEXT, Review, ReviewState, appealed, check_author, decided, moved, signed
from quality.samples import drawn

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
QUESTIONS = st.lists(
    st.builds(
        Question,
        id=st.sampled_from("abcdefgh"),
        text=st.just("问候"),
        weight=st.floats(0.1, 100),
        points=st.integers(1, 10),
        critical=st.booleans(),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda question: question.id,
)


def form_of(*questions: Question) -> Form:
    """Return a form."""
    return Form(id="f", version=1, name="标准", questions=questions)


def review(**fields: object) -> Review:
    """Return a draft of one reviewer about one agent."""
    plain = Review(
        review="r",
        form="f",
        version=1,
        contact=ContactId("c1"),
        agent=AgentId("a1"),
        reviewer=UserId("wang"),
        drafted_at=AT,
    )
    return msgspec.structs.replace(plain, **fields)


@st.composite
def answered(draw: st.DrawFn) -> tuple[Form, dict[str, int | None]]:
    """Draw a form with complete answers of which one at least applies."""
    form = form_of(*draw(QUESTIONS))
    answers = {one.id: draw(st.none() | st.integers(0, one.points)) for one in form.questions}
    assume(any(points is not None for points in answers.values()))
    return form, answers


@given(answered())
def test_a_score_is_0_to_100_and_what_does_not_apply_counts_for_nothing(
    given_: tuple[Form, dict[str, int | None]],
) -> None:
    form, answers = given_
    found = score(form, answers)
    assert 0 <= found <= 100
    applying = form_of(*(one for one in form.questions if answers[one.id] is not None))
    assert score(applying, {one.id: answers[one.id] for one in applying.questions}) == found
    check_form(form.name, form.questions)


@given(answered(), st.data())
def test_a_better_answer_never_makes_a_lower_score(
    given_: tuple[Form, dict[str, int | None]], data: st.DataObject
) -> None:
    form, answers = given_
    one = data.draw(st.sampled_from([q for q in form.questions if answers[q.id] is not None]))
    better = answers | {one.id: min(one.points, (answers[one.id] or 0) + 1)}
    assert score(form, better) >= score(form, answers)
    full = {q.id: None if answers[q.id] is None else q.points for q in form.questions}
    assert score(form, full) == 100
    if one.critical:
        assert score(form, answers | {one.id: 0}) == 0


@given(answered(), st.floats(0.5, 8))
def test_only_the_ratio_of_weights_counts(given_: tuple[Form, dict[str, int | None]], factor: float) -> None:
    form, answers = given_
    scaled = form_of(*(msgspec.structs.replace(one, weight=one.weight * factor) for one in form.questions))
    assert abs(score(scaled, answers) - score(form, answers)) <= 0.02


def test_answers_must_be_complete_known_and_within_their_points() -> None:
    form = form_of(Question(id="a", text="问候"), Question(id="b", text="告别", weight=3))
    assert score(form, {"a": 5, "b": 0}) == 25
    for wrong in ({"a": 5}, {"a": 5, "b": 6}, {"a": -1, "b": 1}, {"a": 1, "b": 1, "c": 1}, {"a": None, "b": None}):
        with pytest.raises(Invalid):
            score(form, wrong)
    for questions in ((), (Question(id="a", text=""),), (Question(id="a", text="x"),) * 2):
        with pytest.raises(Invalid):
            check_form("标准", questions)
    for broken in (Question(id="a", text="x", weight=0), Question(id="a", text="x", points=0)):
        with pytest.raises(Invalid):
            check_form("标准", (broken,))


CANDIDATES = st.lists(st.text(min_size=1, max_size=8).map(ContactId), max_size=60)


@given(CANDIDATES, st.integers(0, 80), st.text(max_size=8), st.randoms())
def test_a_lot_is_the_same_whoever_draws_it_and_has_what_was_asked_for(
    candidates: list[ContactId], size: int, seed: str, shuffler: object
) -> None:
    found = drawn(candidates, size, seed)
    assert len(found) == min(size, len(set(candidates)))
    assert set(found) <= set(candidates)
    assert len(set(found)) == len(found)
    assert drawn(list(reversed(candidates)), size, seed) == found
    assert drawn(candidates, max(0, size - 1), seed) == found[: max(0, size - 1)]
    others = [one for one in candidates if one not in found]
    assert drawn(set(candidates) - set(others[:1]), size, seed) == found, "who is not drawn does not count"


def test_every_contact_is_as_likely_as_any() -> None:
    candidates = [ContactId(f"c{n}") for n in range(20)]
    counts = Counter(one for seed in range(4000) for one in drawn(candidates, 5, str(seed)))
    assert len(counts) == 20
    assert all(850 < count < 1150 for count in counts.values()), "1000 each, and six sigmas"


@given(st.lists(st.sampled_from(ReviewState), max_size=8))
def test_a_score_that_was_signed_never_changes(ways: list[ReviewState]) -> None:
    now = signed(review(), 80.0, AT)
    for to in ways:
        if to in NEXT[now.state]:
            now = moved(now, to)
        else:
            with pytest.raises(Conflict):
                moved(now, to)
        assert (now.score, now.answers, now.signed_at) == (80.0, "{}", AT)
        assert now.state is not ReviewState.DRAFT
        with pytest.raises(Conflict):
            check_author(now, UserId("wang"))


def test_the_agent_appeals_in_time_and_somebody_else_decides() -> None:
    one = signed(review(), 60.0, AT)
    with pytest.raises(Forbidden):
        appealed(one, AgentId("a2"), "x", AT, WEEK)
    with pytest.raises(Forbidden):
        appealed(one, None, "x", AT, WEEK)
    with pytest.raises(Conflict, match="7 days"):
        appealed(one, AgentId("a1"), "x", AT + WEEK + timedelta(seconds=1), WEEK)
    with pytest.raises(Invalid):
        appealed(one, AgentId("a1"), "  ", AT, WEEK)
    with pytest.raises(Conflict):
        appealed(review(), AgentId("a1"), "x", AT, WEEK)
    asked = appealed(one, AgentId("a1"), " 市民先挂断 ", AT + WEEK, WEEK)
    assert asked.appeal == "市民先挂断"
    with pytest.raises(Forbidden):
        decided(asked, UserId("wang"), "x", AT, upheld=True)
    with pytest.raises(Conflict):
        decided(one, UserId("zhao"), "x", AT, upheld=True)
    for upheld, state in ((True, ReviewState.UPHELD), (False, ReviewState.ANNULLED)):
        assert decided(asked, UserId("zhao"), "x", AT, upheld=upheld).state is state
    with pytest.raises(Forbidden):
        check_author(review(), UserId("zhao"))


REVIEWS = st.lists(
    st.builds(
        lambda state, agent, points: review(state=state, agent=AgentId(agent), score=points),
        st.sampled_from(ReviewState),
        st.sampled_from(["a1", "a2", "a3"]),
        st.none() | st.floats(0, 100),
    ),
    max_size=30,
)


@given(REVIEWS)
def test_averages_are_of_what_counts_and_lie_between_the_extremes(reviews: list[Review]) -> None:
    found = averages(reviews, lambda one: one.agent)
    counted = [one for one in reviews if one.score is not None and one.state not in ("draft", "annulled")]
    assert sum(one.reviews for one in found.values()) == len(counted)
    assert set(found) == {one.agent for one in counted}
    for agent, one in found.items():
        scores = [each.score for each in counted if each.agent == agent and each.score is not None]
        assert (one.lowest, one.highest) == (min(scores), max(scores))
        assert one.lowest - 0.01 <= one.mean <= one.highest + 0.01
    assert averages(list(reversed(reviews)), lambda one: "all").keys() == averages(reviews, lambda one: "all").keys()
