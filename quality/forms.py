"""Forms: weighted questions, and the score that answers come to."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from messages.errors import Invalid
from messages.ids import UserId

MOST = 50
BEST = 100.0


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question answered by 0 to `points`. `critical`: 0 makes the whole review 0."""

    id: str
    text: str
    text_en: str = ""
    weight: float = 1.0
    points: int = 5
    critical: bool = False


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a form; a change makes the next one, and reviews keep theirs."""

    id: str
    version: int
    name: str
    questions: tuple[Question, ...]


class FormRow(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a form as it is kept, for good; `questions` as JSON."""

    id: str
    version: int
    name: str
    questions: str
    by: UserId
    made_at: datetime


Answers = Mapping[str, int | None]
"""Points by question; None: does not apply."""


def check_form(name: str, questions: tuple[Question, ...]) -> None:
    """Raise Invalid where a form cannot be scored by."""
    if not name.strip():
        raise Invalid("name: give the form one")
    if not 1 <= len(questions) <= MOST:
        raise Invalid(f"questions: 1 to {MOST}")
    ids = [question.id for question in questions]
    if len(set(ids)) < len(ids) or not all(ids):
        raise Invalid("questions: each needs an id of its own")
    for question in questions:
        if not 0 < question.weight <= 1000:
            raise Invalid(f"question {question.id}: weight is above 0, at most 1000")
        if not 1 <= question.points <= 100:
            raise Invalid(f"question {question.id}: points is 1 to 100")
        if not question.text.strip():
            raise Invalid(f"question {question.id}: text: ask something")


def check_answers(form: Form, answers: Answers) -> None:
    """Raise Invalid where an answer is to no question, or beyond its points."""
    questions = {question.id: question for question in form.questions}
    for name, points in answers.items():
        if name not in questions:
            raise Invalid(f"answers: {name} is no question of {form.id} version {form.version}")
        if points is not None and not 0 <= points <= questions[name].points:
            raise Invalid(f"answers: {name} is 0 to {questions[name].points}, or null where it does not apply")


def score(form: Form, answers: Answers) -> float:
    """Return the score of complete answers, 0 to 100, by weight of what applies. Raises Invalid."""
    check_answers(form, answers)
    if missing := [question.id for question in form.questions if question.id not in answers]:
        raise Invalid(f"answers: {', '.join(missing)} missing")
    applies = [(question, points) for question in form.questions if (points := answers[question.id]) is not None]
    if not applies:
        raise Invalid("answers: at least one question must apply")
    if any(question.critical and points == 0 for question, points in applies):
        return 0.0
    weight = sum(question.weight for question, _ in applies)
    total = sum(question.weight * points / question.points for question, points in applies)
    return min(BEST, round(BEST * total / weight, 2))
