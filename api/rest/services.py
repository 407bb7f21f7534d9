"""What REST works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from api.oidc.entry import Oidc
from api.ports import (
    Audit,
    Duties,
    Evidence,
    Exports,
    History,
    Holds,
    Identity,
    Notices,
    People,
    Quality,
    Recordings,
    Reports,
    Schedules,
    Softphone,
)
from api.rest.jobs import ExportJobs
from api.rest.recall import Recall
from api.rest.repeats import Repeats
from api.rights import Scope
from api.settings import ApiSettings
from center.mirror import Mirror
from center.ports import Clock, Inbox
from metrics.counts import Rolling


class RestCounts(msgspec.Struct):
    """What became of the requests."""

    requests: int = 0
    refused: int = 0
    failed: int = 0


@dataclass(frozen=True, kw_only=True)
class Services:
    """Given by whoever wires. `ready` says why calls cannot be served now, nothing when they can; `metrics`: Prometheus
    text; `web`: the page's directory; `rolling`: each queue's last 24 hours, the whole hotline's without a name."""

    settings: ApiSettings
    mirror: Mirror
    inbox: Inbox
    identity: Identity
    history: History
    clock: Clock
    ready: Callable[[], list[str]]
    metrics: Callable[[], bytes]
    web: Path
    exports: Exports | None = None
    schedules: Schedules | None = None
    audit: Audit | None = None
    recordings: Recordings | None = None
    evidence: Evidence | None = None
    holds: Holds | None = None
    quality: Quality | None = None
    notices: Notices | None = None
    softphones: Mapping[str, Softphone] = field(default_factory=dict)
    """Those that may be a browser, by the phone's number."""
    sip_servers: tuple[str, ...] = ()
    """Where pages may open SIP over WebSocket, `{host}` is the page's own."""
    duties: Duties | None = None
    reports: Reports | None = None
    rolling: Mapping[str, Rolling] = field(default_factory=dict)
    people: People | None = None
    oidc: Oidc | None = None
    recall: Recall = field(default_factory=Recall)
    repeats: Repeats = field(default_factory=Repeats)
    counts: RestCounts = field(default_factory=RestCounts)
    jobs: ExportJobs = field(init=False)
    scope: Scope = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "jobs", ExportJobs(self.exports))
        object.__setattr__(self, "scope", Scope(self.mirror.state))
