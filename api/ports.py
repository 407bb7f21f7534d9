"""What the API needs from others; app/wiring.py gives it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from agents.adherence import Adherence
from agents.schedule import DayPlan, PlanRecord
from messages.audit import AuditEntry
from messages.events import Position
from messages.ids import AgentId, ContactId, DutyId, RecordingId, SessionId, UserId
from messages.notices import Notice
from messages.principal import Origin, Person, Principal, Session, SessionRecord
from metrics.question import Question
from metrics.satisfaction import Satisfaction
from quality.forms import Form
from quality.forms import Question as FormQuestion
from quality.reviews import Review
from quality.samples import Criteria, Sample
from recording.holds import Hold


@dataclass(frozen=True, repr=False)
class Softphone:
    """The SIP account of a phone that may be a browser; `server`: its WebSocket's URL, `{host}` is the page's own."""

    user: str
    secret: str
    server: str


class Identity(Protocol):
    """Who is asking."""

    async def authenticate(self, token: str) -> Session | None:
        """Return the session a token stands for, None if it is unknown, expired or revoked."""

    @property
    def listeners(self) -> list[Callable[[frozenset[str]], None]]:
        """Return who is told the ids of sessions that were ended."""

    async def log_in(self, user: str, password: str, code: str, origin: Origin) -> Session | None:
        """Return a new session, None where name, password or code is wrong or one must wait. Raises TotpRequired."""

    async def refresh(self, token: str) -> Session | None:
        """Return a new session in place of one."""

    async def revoke(self, token: str) -> None:
        """End a session."""


class People(Protocol):
    """Who may log in, and what they may have changed; each act is audited."""

    async def enter(self, principal: Principal, origin: Origin) -> Session | None:
        """Return a session of somebody a provider vouches for, None where they are disabled here."""

    async def refuse_entry(self, provider: str, why: str, origin: Origin) -> None:
        """Audit that a provider's log-in was refused."""

    async def change_password(self, session: Session, old: str, new: str, origin: Origin) -> Session:
        """Change one's own password and return a new session. Raises WrongCredentials, Invalid."""

    async def begin_totp(self, session: Session, password: str, origin: Origin) -> tuple[str, str]:
        """Return a secret and its otpauth URI. Raises WrongCredentials, Invalid."""

    async def confirm_totp(self, session: Session, code: str, origin: Origin) -> tuple[Session, tuple[str, ...]]:
        """Return a new session and the recovery codes. Raises Invalid."""

    async def drop_totp(self, session: Session, password: str, origin: Origin) -> None:
        """Remove one's own second factor. Raises WrongCredentials, Invalid."""

    async def sessions_of(self, user: UserId) -> Sequence[SessionRecord]:
        """Return a user's sessions and tokens that go on."""

    async def session(self, session: str) -> SessionRecord | None:
        """Return a session or token that goes on."""

    async def end_session(self, session: str, by: Principal) -> None:
        """End a session or take back a token."""

    async def end_sessions(self, user: UserId, by: Principal) -> None:
        """End all sessions and tokens of a user. Raises NotFound."""

    async def people(self, tenant: str = "") -> Sequence[Person]:
        """Return who may log in, of a tenant or all."""

    async def person(self, user: UserId) -> Person | None:
        """Return somebody who may log in."""

    async def unlock(self, user: UserId, by: Principal) -> None:
        """Forget a user's failed log-ins. Raises NotFound."""

    async def reset_password(self, user: UserId, by: Principal) -> str:
        """Return a password that must be changed at the first log-in. Raises NotFound."""

    async def reset_totp(self, user: UserId, by: Principal) -> None:
        """Remove a user's second factor. Raises NotFound."""


class History(Protocol):
    """What is kept of past contacts; plain mappings as JSON will show them, numbers unmasked."""

    async def recent_contacts(self, number: str, limit: int = 5) -> Sequence[dict[str, Any]]:
        """Return a number's newest contacts with their cases; none for an empty number."""

    async def contact(self, contact: ContactId) -> dict[str, Any] | None:
        """Return a contact with its legs, queue visits, operations, cases, recordings and all else; None if unknown."""

    async def contacts(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        queue: str | None = None,
        agent: str | None = None,
        outcome: str | None = None,
        tenant: str | None = None,
        case_no: str | None = None,
        cursor: str = "",
        limit: int = 100,
    ) -> tuple[Sequence[dict[str, Any]], str]:
        """Return a page of contacts by arrival, and the cursor of the next, empty at the end."""

    async def listening(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        by: str | None = None,
        tenant: str | None = None,
        cursor: str = "",
        limit: int = 100,
    ) -> tuple[Sequence[dict[str, Any]], str]:
        """Return a page of listening sessions with what each `heard`, newest first, and the cursor of the next."""

    async def listening_session(self, session: SessionId) -> dict[str, Any] | None:
        """Return a listening session; None if it is unknown."""

    async def case_events(self, case_no: str) -> Sequence[dict[str, Any]]:
        """Return what was reported of a case, in order."""

    async def satisfaction(
        self, by: str, since: datetime | None, until: datetime | None, tenant: str
    ) -> Mapping[str, Satisfaction]:
        """Return what citizens said in surveys asked in [since, until): `by` all, queue or agent."""


class Cursors(Protocol):
    """How far named readers have acknowledged."""

    async def load(self, name: str) -> Position | None:
        """Return where a reader is, None if it never acknowledged anything."""

    async def save(self, name: str, position: Position) -> None:
        """Keep where a reader is; never backwards."""


class Exports(Protocol):
    """Writes what is kept to a file."""

    async def write(
        self,
        what: str,
        since: datetime | None,
        until: datetime | None,
        form: str,
        output: Path,
        *,
        full: bool,
        tenant: str,
        hidden: frozenset[ContactId],
        progress: Callable[[int], None],
    ) -> int:
        """Write records of a period as csv or jsonl and return how many. Raises Unavailable, Forbidden.

        `full`: numbers whole, but for those of confidential contacts, also of those in `hidden`, which the rows may not
        know of yet; `tenant`: only of its contacts, of all where empty.
        """


class Schedules(Protocol):
    """What agents are to do, and how well they keep to it; [since, until) each."""

    async def plan(self, agent: AgentId, since: datetime, until: datetime) -> Sequence[PlanRecord]:
        """Return what begins in a range, in order."""

    async def replace(self, days: Iterable[DayPlan], by: UserId) -> None:
        """Put plans in the place of what begins in their ranges, all or none. Raises Refused."""

    async def agents(self, since: datetime, until: datetime) -> frozenset[AgentId]:
        """Return who has a plan or was there in a range."""

    async def adherence(self, agent: AgentId, since: datetime, until: datetime) -> Adherence:
        """Return how well an agent kept to the plan. Raises Invalid where what is kept contradicts itself."""


class Audit(Protocol):
    """What is written down before it is done or shown; nothing is ever changed or taken away."""

    async def append(self, entry: AuditEntry) -> int:
        """Keep an entry and return its seq; it is there for good once this returns. Raises Unavailable."""

    async def entries(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        by: str | None = None,
        action: str | None = None,
        contact: str | None = None,
        tenant: str | None = None,
        cursor: str = "",
        limit: int = 100,
    ) -> tuple[Sequence[dict[str, Any]], str]:
        """Return a page, newest first, and the cursor of the next, empty at the end. Raises Unavailable, Invalid."""


class Reports(Protocol):
    """Figures of what is kept."""

    async def rows(self, question: Question) -> list[dict[str, Any]]:
        """Return a report's rows. Raises Invalid, NotFound, Unavailable."""

    async def ids(self, question: Question, figure: str) -> list[str]:
        """Return the contacts that a figure counts. Raises Invalid for what is no count, NotFound, Unavailable."""


class Sound(Protocol):
    """A recording that is open: its size in bytes, its MIME type, and what changes when it does."""

    size: int
    content_type: str
    etag: str

    def pieces(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """Yield the bytes [start, stop). Raises Unavailable."""


class Waveform(Protocol):
    """How loud each side is over the time: `peaks` from 0 to 100 by channel, the citizen first."""

    @property
    def duration_s(self) -> float:
        """Return how long it plays."""

    @property
    def peaks(self) -> list[list[int]]:
        """Return the loudest of each of equal parts, by channel."""


class Recordings(Protocol):
    """What can be played."""

    async def waveform(self, recording: RecordingId) -> Waveform:
        """Return a recording's waveform. Raises NotFound, Unavailable."""

    async def open(self, recording: RecordingId) -> Sound:
        """Return a recording. Raises NotFound, Unavailable while it is not there yet."""


class Duties(Protocol):
    """Leaders' duty sessions that are kept, and what came of them; plain mappings."""

    async def sessions(
        self, since: datetime | None, until: datetime | None, tenant: str | None
    ) -> Sequence[dict[str, Any]]:
        """Return those whose window begins in [since, until), the latest first, within a bound."""

    async def session(self, duty: DutyId) -> dict[str, Any] | None:
        """Return one, None if it is unknown."""

    async def report(self, duty: DutyId) -> dict[str, Any] | None:
        """Return one with its `calls`, each with its `cases`, and what leaders `listened` to meanwhile."""


class Holds(Protocol):
    """Which contacts' recordings nothing removes."""

    async def hold(self, contact: ContactId, reason: str, by: UserId) -> Hold:
        """Hold a contact's recordings; held already, the first hold stays. Raises Invalid, Unavailable."""

    async def release(self, contact: ContactId, reason: str) -> bool:
        """End a hold; return False where there was none. Raises Invalid, Unavailable."""

    async def of(self, contact: ContactId) -> Hold | None:
        """Return a contact's hold. Raises Unavailable."""


class Quality(Protocol):
    """Forms, samples and reviews. Every method raises Unavailable."""

    async def forms(self) -> list[Form]:
        """Return the newest version of each form."""

    async def form(self, name: str, version: int | None = None) -> Form:
        """Return a version of a form, the newest where none is named. Raises NotFound."""

    async def add_form(
        self, name: str, title: str, questions: tuple[FormQuestion, ...], by: UserId, at: datetime
    ) -> Form:
        """Add a form's next version. Raises Invalid, Conflict."""

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
        """Draw a sample and keep it."""

    async def sample(self, name: str) -> Sample:
        """Return a sample. Raises NotFound."""

    async def add(self, review: Review) -> None:
        """Keep a review that is begun."""

    async def review(self, name: str) -> Review:
        """Return a review. Raises NotFound."""

    async def replace(self, old: Review, new: Review) -> None:
        """Write what has become of a review. Raises Conflict where it changed meanwhile."""

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
        limit: int | None = 500,
    ) -> list[Review]:
        """Return reviews, the newest draft first; since and until are of the signing."""


class Package(Protocol):
    """An archive that is complete: its size in bytes."""

    size: int

    def pieces(self) -> AsyncIterator[bytes]:
        """Yield its bytes, once."""


class Evidence(Protocol):
    """Makes archives of a contact that are verified without us."""

    async def make(
        self, contact: ContactId, *, by: UserId, purpose: str, whole: bool, shown: Callable[[Any], Any]
    ) -> Package:
        """Return an archive; `shown` masks what stands in it. Raises NotFound, Unavailable."""


class Notices(Protocol):
    """What was sent, or is to be."""

    async def page(
        self, *, state: str | None, tenant: str | None, cursor: str, limit: int
    ) -> tuple[Sequence[Notice], str]:
        """Return a page of notices, newest first, and the cursor of the next, empty at the end."""


__all__ = [
    "Audit",
    "Cursors",
    "Duties",
    "Evidence",
    "Exports",
    "History",
    "Holds",
    "Identity",
    "Notices",
    "Package",
    "People",
    "Principal",
    "Quality",
    "Recordings",
    "Reports",
    "Schedules",
    "Session",
    "Sound",
    "Waveform",
]
