"""What came of a leader's duty: contacts counted once each, by who served them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from messages.duty import AnsweredBy


class DutyFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of contacts, but `missed`: of the leader's phone ringing in vain, and `cases`: of different cases.

    signals = the sum over `outcomes` + `live`; answered = by_leader + by_aide + by_agents. `by_leader`: answered by the
    leader in person, of which `handed_over` the aide went on with. `closed` is null while the case system has reported
    of no case whether it is.
    """

    signals: int = 0
    offered: int = 0
    missed: int = 0
    answered: int = 0
    by_leader: int = 0
    by_aide: int = 0
    by_agents: int = 0
    handed_over: int = 0
    aide_joined: int = 0
    live: int = 0
    outcomes: dict[str, int] = {}
    cases: int = 0
    closed: int | None = None


def figures(calls: Iterable[Mapping[str, Any]]) -> DutyFigures:
    """Return the figures of a duty's contacts, each with its `cases`."""
    kept = list(calls)
    by = Counter(call["answered_by"] for call in kept)
    cases = {case["case_no"]: case["closed"] for call in kept for case in call["cases"]}
    known = [closed for closed in cases.values() if closed is not None]
    return DutyFigures(
        signals=len(kept),
        offered=sum(call["offered"] > 0 for call in kept),
        missed=sum(call["missed"] for call in kept),
        answered=len(kept) - by[None],
        by_leader=by[AnsweredBy.LEADER],
        by_aide=by[AnsweredBy.AIDE],
        by_agents=by[AnsweredBy.AGENT],
        handed_over=sum(call["handed_over"] for call in kept),
        aide_joined=sum(call["aide_joined"] for call in kept),
        live=sum(call["ended_at"] is None for call in kept),
        outcomes=dict(sorted(Counter(str(call["outcome"]) for call in kept if call["outcome"]).items())),
        cases=len(cases),
        closed=sum(known) if known else None,
    )
