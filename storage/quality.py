"""Quality review's rows: forms by version, samples, and reviews whose signed part no statement of ours changes."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Select, func, insert, select
from sqlalchemy.exc import IntegrityError

from messages.errors import Conflict, NotFound
from messages.ids import ContactId, UserId
from quality.forms import Form, FormRow, Question, check_form
from quality.reviews import Review, ReviewState
from quality.samples import Criteria, Sample, drawn
from storage.columns import harmless, to_row
from storage.database import Database, asking
from storage.tables import contacts, legs, quality_forms, quality_reviews, quality_samples, recordings, surveys

KeptT = TypeVar("KeptT", Review, Sample)
MOST = 500


class Quality:
    """What reviewers work with. Every method raises Unavailable where the database is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __repr__(self) -> str:
        return f"<Quality in {self._database.url}>"

    async def forms(self) -> list[Form]:
        """Return the newest version of each form."""
        rows = await self._rows(select(quality_forms).order_by(quality_forms.c.id, quality_forms.c.version))
        return list({row.id: _form(row) for row in rows}.values())

    async def form(self, name: str, version: int | None = None) -> Form:
        """Return a version of a form, the newest where none is named. Raises NotFound."""
        query = select(quality_forms).where(quality_forms.c.id == harmless(name))
        if version is not None:
            query = query.where(quality_forms.c.version == version)
        rows = await self._rows(query.order_by(quality_forms.c.version.desc()).limit(1))
        if not rows:
            raise NotFound(f"no form {name}")
        return _form(rows[0])

    async def add_form(self, name: str, title: str, questions: tuple[Question, ...], by: UserId, at: datetime) -> Form:
        """Add a form's next version. Raises Invalid, Conflict where somebody else was first."""
        check_form(title, questions)
        encoded = msgspec.json.encode(questions).decode()
        try:
            async with asking(self._database.writing()) as connection:
                newest = select(func.max(quality_forms.c.version)).where(quality_forms.c.id == harmless(name))
                version = (await connection.scalar(newest) or 0) + 1
                row = FormRow(id=name, version=version, name=title, questions=encoded, by=by, made_at=at)
                await connection.execute(insert(quality_forms), [to_row(row)])
        except IntegrityError as error:
            raise Conflict(f"somebody else has just changed {name}: look again") from error
        return Form(id=name, version=version, name=title, questions=questions)

    async def draw(
        self,
        criteria: Criteria,
        size: int,
        seed: str,
        by: UserId,
        at: datetime,
        *,
        agents: Sequence[str] | None = None,
        tenant: str = "",
    ) -> Sample:
        """Draw a sample and keep it; `agents`: of the team that is meant. The same seed draws the same."""
        rows = await self._rows(_candidates(criteria, agents, tenant))
        candidates = {ContactId(row.contact) for row in rows if _talked_s(row) >= criteria.min_talk_s}
        sample = Sample(
            sample=f"s{secrets.token_hex(8)}",
            by=by,
            drawn_at=at,
            seed=seed,
            size=size,
            among=len(candidates),
            criteria=msgspec.json.encode(criteria).decode(),
            contacts=msgspec.json.encode(drawn(candidates, size, seed)).decode(),
            tenant=tenant,
        )
        async with asking(self._database.writing()) as connection:
            await connection.execute(insert(quality_samples), [to_row(sample)])
        return sample

    async def sample(self, name: str) -> Sample:
        """Return a sample. Raises NotFound."""
        rows = await self._rows(select(quality_samples).where(quality_samples.c.sample == harmless(name)))
        if not rows:
            raise NotFound(f"no sample {name}")
        return _of(rows[0], Sample)

    async def add(self, review: Review) -> None:
        """Keep a review that is begun."""
        async with asking(self._database.writing()) as connection:
            await connection.execute(insert(quality_reviews), [to_row(review)])

    async def review(self, name: str) -> Review:
        """Return a review. Raises NotFound."""
        rows = await self._rows(select(quality_reviews).where(quality_reviews.c.review == harmless(name)))
        if not rows:
            raise NotFound(f"no review {name}")
        return _of(rows[0], Review)

    async def replace(self, old: Review, new: Review) -> None:
        """Write what has become of a review. Raises Conflict where it changed meanwhile.

        What was signed is written by no statement but that of a draft.
        """
        row = to_row(new)
        if old.state is not ReviewState.DRAFT:
            row = {name: row[name] for name in ("state", *_AFTERWARDS)}
        mine = quality_reviews.c.review == old.review
        same = quality_reviews.c.answers == old.answers
        update = quality_reviews.update().where(mine, quality_reviews.c.state == old.state, same).values(row)
        async with asking(self._database.writing()) as connection:
            if not (await connection.execute(update)).rowcount:
                raise Conflict("the review has changed meanwhile: look again")

    async def reviews(
        self,
        *,
        agent: str | None = None,
        team: str | None = None,
        contact: str | None = None,
        state: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        tenant: str | None = None,
        limit: int | None = MOST,
    ) -> list[Review]:
        """Return reviews, the newest draft first; since and until are of the signing."""
        query = select(quality_reviews).order_by(quality_reviews.c.drafted_at.desc(), quality_reviews.c.review)
        table = quality_reviews.c
        wanted = ((table.agent, agent), (table.team, team), (table.contact, contact), (table.state, state))
        for column, value in (*wanted, (table.tenant, tenant)):
            if value is not None:
                query = query.where(column == harmless(value))
        if since is not None:
            query = query.where(table.signed_at >= since)
        if until is not None:
            query = query.where(table.signed_at < until)
        return [_of(row, Review) for row in await self._rows(query.limit(limit) if limit else query)]

    async def _rows(self, query: Select[Any]) -> Sequence[Any]:
        async with asking(self._database.looking()) as connection:
            rows: Sequence[Any] = (await connection.execute(query)).all()
            return rows


_AFTERWARDS = ("appeal", "appealed_at", "decision", "decided_by", "decided_at")


def _candidates(criteria: Criteria, agents: Sequence[str] | None, tenant: str) -> Select[Any]:
    """Return the contacts with a recorded talk that fits."""
    query = (
        select(legs.c.contact, legs.c.answered_at, legs.c.ended_at)
        .join(recordings, (recordings.c.leg == legs.c.leg) & (recordings.c.failed == ""))
        .where(legs.c.answered_at >= criteria.since, legs.c.answered_at < criteria.until, legs.c.agent.is_not(None))
        .where(recordings.c.ended_at.is_not(None))
    )
    if criteria.agent:
        query = query.where(legs.c.agent == harmless(criteria.agent))
    if agents is not None:
        query = query.where(legs.c.agent.in_(agents))
    if criteria.queue:
        query = query.where(legs.c.queue == harmless(criteria.queue))
    if criteria.transferred:
        query = query.where(legs.c.transferred_to != "")
    if criteria.dissatisfied:
        said = select(surveys.c.contact).where(surveys.c.satisfied.is_(False))
        query = query.where(legs.c.contact.in_(said))
    if tenant:
        ours = select(contacts.c.contact).where(contacts.c.tenant == harmless(tenant))
        query = query.where(legs.c.contact.in_(ours))
    return query


def _talked_s(row: Any) -> float:
    return float((row.ended_at - row.answered_at).total_seconds()) if row.ended_at else 0.0


def _form(row: Any) -> Form:
    questions = msgspec.json.decode(row.questions, type=tuple[Question, ...])
    return Form(id=row.id, version=row.version, name=row.name, questions=questions)


def _of(row: Any, kind: type[KeptT]) -> KeptT:
    return msgspec.convert({str(name): value for name, value in row._mapping.items()}, kind)
