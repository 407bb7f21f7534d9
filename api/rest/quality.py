"""Quality review over REST: forms, samples, reviews, appeals and averages."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec

from api.ports import Quality
from api.rest.bodies import Short, check_offset
from api.rest.endpoint import Answer, Asked
from messages.errors import Forbidden, Invalid, NotFound, Unavailable
from messages.ids import AgentId, ContactId, QueueId
from messages.masking import scrubbed
from messages.values import Role
from quality import reviews
from quality.averages import Average, averages
from quality.forms import Form, Question, check_answers, score
from quality.reviews import Review, ReviewState
from quality.samples import Criteria, Sample

REVIEWERS = frozenset({Role.SUPERVISOR, Role.ADMIN})
READERS = REVIEWERS | {Role.LEADER, Role.AUDITOR}
Words = Annotated[str, msgspec.Meta(max_length=reviews.MAX_TEXT)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=reviews.MAX_TEXT)]


class FormBody(msgspec.Struct, frozen=True, kw_only=True):
    """A form's next version, whole."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    questions: tuple[Question, ...]


class FormQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which version."""

    version: Annotated[int, msgspec.Meta(ge=1)] | None = None


class FormsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The newest version of each form."""

    items: list[Form]


class SampleBody(msgspec.Struct, frozen=True, kw_only=True):
    """How many contacts of which; without a seed one is made up, and is in the answer, to draw the same again."""

    criteria: Criteria
    size: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 10
    seed: Annotated[str, msgspec.Meta(max_length=100)] = ""


class SampleAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A sample, its contacts in the order of the lot; `among`: how many candidates there were."""

    sample: str
    by: str
    drawn_at: datetime
    seed: str
    size: int
    among: int
    criteria: Criteria
    contacts: list[str]


class ReviewBody(msgspec.Struct, frozen=True, kw_only=True):
    """Which talk is reviewed by which form; the agent may be left out where one agent alone talked."""

    form: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    contact: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    agent: Short = ""
    sample: Short = ""


class DraftBody(msgspec.Struct, frozen=True, kw_only=True):
    """The answers so far, points by question (null: does not apply), and what is said of it."""

    answers: dict[str, int | None]
    comment: Words = ""


class AppealBody(msgspec.Struct, frozen=True, kw_only=True):
    """Why the review is wrong."""

    reason: Reason


class DecisionBody(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the review stands, and why."""

    upheld: bool
    reason: Reason


class ReviewAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A review. `score` is there once it is signed, and never changes."""

    review: str
    form: str
    version: int
    contact: str
    agent: str
    team: str
    queue: str
    sample: str
    reviewer: str
    state: ReviewState
    answers: dict[str, int | None]
    comment: str
    score: float | None
    drafted_at: datetime
    signed_at: datetime | None
    appeal: str
    appealed_at: datetime | None
    decision: str
    decided_by: str | None
    decided_at: datetime | None


class ReviewsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which reviews; from and to are of the signing."""

    agent: Short | None = None
    team: Short | None = None
    contact: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    state: ReviewState | None = None
    since: datetime | None = msgspec.field(name="from", default=None)
    until: datetime | None = msgspec.field(name="to", default=None)


class ReviewsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """At most 500, the newest draft first."""

    items: list[ReviewAnswer]


class AveragesQuery(msgspec.Struct, frozen=True, kw_only=True):
    """By agent or team, of what was signed in [from, to)."""

    by: Literal["agent", "team"] = "agent"
    since: datetime | None = msgspec.field(name="from", default=None)
    until: datetime | None = msgspec.field(name="to", default=None)


class AveragesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The averages by agent or team."""

    items: dict[str, Average]


async def list_forms(asked: Asked) -> Answer:
    """Return the newest version of each form."""
    return Answer(FormsAnswer(items=await _quality(asked).forms()))


async def get_form(asked: Asked) -> Answer:
    """Return a version of a form, the newest where none is named."""
    query: FormQuery = asked.query
    return Answer(await _quality(asked).form(asked.path["form"], query.version))


async def put_form(asked: Asked) -> Answer:
    """Add a form's next version; reviews keep the one they were begun by."""
    body: FormBody = asked.body
    made = await _quality(asked).add_form(
        asked.path["form"], body.name, body.questions, asked.principal.user, asked.services.clock()
    )
    return Answer(made)


async def draw_sample(asked: Asked) -> Answer:
    """Draw contacts to be reviewed, by lot: the same seed among the same contacts draws the same."""
    body: SampleBody = asked.body
    criteria = body.criteria
    check_offset(since=criteria.since, until=criteria.until)
    agents = None
    if criteria.team:
        roster = asked.services.mirror.state.roster.by_id.values()
        agents = [agent.id for agent in roster if agent.team == criteria.team]
    seed, at = body.seed or secrets.token_hex(8), asked.services.clock()
    made = await _quality(asked).draw(
        criteria, body.size, seed, asked.principal.user, at, agents=agents, tenant=asked.principal.tenant
    )
    return Answer(_sample(made), 201)


async def get_sample(asked: Asked) -> Answer:
    """Return a sample."""
    found = await _quality(asked).sample(asked.path["sample"])
    if asked.principal.tenant not in ("", found.tenant):
        raise NotFound(f"no sample {found.sample}")
    return Answer(_sample(found))


async def begin_review(asked: Asked) -> Answer:
    """Begin a review of an agent's talk, by the newest version of a form."""
    body: ReviewBody = asked.body
    name = ContactId(body.contact)
    found = await asked.services.history.contact(name)
    if found is None or not asked.services.scope.has_kept(asked.principal, found):
        raise NotFound(f"no contact {name}")
    agent = _agent_of(found, body.agent)
    if agent == asked.principal.agent:
        raise Forbidden("nobody reviews their own talks")
    form = await _quality(asked).form(body.form)
    known = asked.services.mirror.state.roster.by_id.get(agent)
    review = Review(
        review=f"r{secrets.token_hex(8)}",
        form=form.id,
        version=form.version,
        contact=name,
        agent=agent,
        team=known.team if known else "",
        queue=QueueId(str(found.get("queue") or "")),
        tenant=str(found.get("tenant") or ""),
        sample=body.sample,
        reviewer=asked.principal.user,
        drafted_at=asked.services.clock(),
    )
    await _quality(asked).add(review)
    return Answer(_shown(review), 201)


def _agent_of(found: dict[str, Any] | Any, named: str) -> AgentId:
    talked = {str(leg["agent"]) for leg in found.get("legs", ()) if leg.get("agent") and leg.get("answered_at")}
    if named and named in talked:
        return AgentId(named)
    if named or len(talked) != 1:
        raise Invalid(f"agent: one who talked: {', '.join(sorted(talked)) or 'nobody did'}")
    return AgentId(talked.pop())


async def write_review(asked: Asked) -> Answer:
    """Write a draft's answers and comment; in parts, as far as one has come."""
    body: DraftBody = asked.body
    review, quality = await _review(asked), _quality(asked)
    reviews.check_author(review, asked.principal.user)
    check_answers(await quality.form(review.form, review.version), body.answers)
    answers = msgspec.json.encode(dict(sorted(body.answers.items()))).decode()
    return await _become(asked, review, msgspec.structs.replace(review, answers=answers, comment=body.comment.strip()))


async def sign_review(asked: Asked) -> Answer:
    """Sign one's review: its answers and score stand for good."""
    review = await _review(asked)
    reviews.check_author(review, asked.principal.user)
    form = await _quality(asked).form(review.form, review.version)
    points = score(form, msgspec.json.decode(review.answers, type=dict[str, int | None]))
    return await _become(asked, review, reviews.signed(review, points, asked.services.clock()))


async def appeal_review(asked: Asked) -> Answer:
    """Appeal against a review of oneself."""
    body: AppealBody = asked.body
    review = await _review(asked)
    within = timedelta(days=asked.services.settings.appeal_days)
    after = reviews.appealed(review, asked.principal.agent, body.reason, asked.services.clock(), within)
    return await _become(asked, review, after)


async def decide_review(asked: Asked) -> Answer:
    """Decide an appeal against a review that somebody else wrote: it stands, or counts no more."""
    body: DecisionBody = asked.body
    review = await _review(asked)
    after = reviews.decided(review, asked.principal.user, body.reason, asked.services.clock(), upheld=body.upheld)
    return await _become(asked, review, after)


async def get_review(asked: Asked) -> Answer:
    """Return a review; agents their own, once it is signed."""
    return Answer(_shown(await _review(asked)))


async def list_reviews(asked: Asked) -> Answer:
    """Return reviews; agents their own, once they are signed."""
    query: ReviewsQuery = asked.query
    check_offset(since=query.since, until=query.until)
    wanted = msgspec.structs.asdict(query) | {"tenant": asked.principal.tenant or None}
    if asked.roles.isdisjoint(READERS):
        wanted["agent"] = asked.principal.agent or ""
    found = [one for one in await _quality(asked).reviews(**wanted) if _may_see(asked, one)]
    return Answer(ReviewsAnswer(items=list(map(_shown, found))))


async def get_averages(asked: Asked) -> Answer:
    """Return the averages of signed reviews that stand."""
    query: AveragesQuery = asked.query
    check_offset(since=query.since, until=query.until)
    tenant = asked.principal.tenant or None
    found = await _quality(asked).reviews(since=query.since, until=query.until, tenant=tenant, limit=None)
    by_team = query.by == "team"
    return Answer(AveragesAnswer(items=averages(found, lambda one: one.team if by_team else one.agent)))


def _quality(asked: Asked) -> Quality:
    if asked.services.quality is None:
        raise Unavailable("no quality reviews are kept here")
    return asked.services.quality


async def _review(asked: Asked) -> Review:
    found = await _quality(asked).review(asked.path["review"])
    if not _may_see(asked, found):
        raise NotFound(f"no review {found.review}")
    asked.note(contact=found.contact, tenant=found.tenant)
    return found


def _may_see(asked: Asked, review: Review) -> bool:
    if asked.principal.tenant not in ("", review.tenant):
        return False
    if not asked.roles.isdisjoint(READERS) and review.agent != asked.principal.agent:
        return True
    return review.agent == asked.principal.agent and review.state is not ReviewState.DRAFT


async def _become(asked: Asked, old: Review, new: Review) -> Answer:
    """Write what has become of a review, and return it."""
    score_said = "" if new.score is None else f", score {new.score:g}"
    asked.note(about=f"review {new.review} of {new.agent}, {new.state}{score_said}")
    await _quality(asked).replace(old, new)
    return Answer(_shown(new))


def _shown(review: Review) -> ReviewAnswer:
    fields = msgspec.structs.asdict(review)
    fields["answers"] = msgspec.json.decode(review.answers)
    fields |= {name: scrubbed(fields[name]) for name in ("comment", "appeal", "decision")}
    del fields["tenant"]
    return ReviewAnswer(**fields)


def _sample(sample: Sample) -> SampleAnswer:
    fields = msgspec.structs.asdict(sample)
    fields["criteria"] = msgspec.json.decode(sample.criteria, type=Criteria)
    fields["contacts"] = msgspec.json.decode(sample.contacts)
    del fields["tenant"]
    return SampleAnswer(**fields)
