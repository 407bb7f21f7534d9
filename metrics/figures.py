"""A report's rows: every figure of DOMAIN §5 from counts, and from agents' time in state. Pure.

Unknown is None, never 0.
"""

from __future__ import annotations

from typing import Any

import msgspec

from messages.values import AgentState, Reason
from metrics.counts import ARRIVALS, OFFERED, Counts, mean_s, seconds, share
from metrics.service_level import Variant, service_level

OWN_REASONS = frozenset(Reason)
"""Reasons of not-ready that the centre itself gives: they are no pause that somebody took."""
_BUSY = (AgentState.TALKING, AgentState.HOLDING, AgentState.WRAP_UP)
_RINGING = (AgentState.RESERVED, AgentState.RINGING)


class InState(msgspec.Struct, frozen=True):
    """Agents' time (µs) by state; `pause_us`: the part of not_ready for reasons that people gave."""

    us: dict[AgentState, int] = {}
    pause_us: int = 0

    def __add__(self, other: InState) -> InState:
        """Add up the time of several."""
        both = {state: self.us.get(state, 0) + other.us.get(state, 0) for state in self.us | other.us}
        return InState(both, self.pause_us + other.pause_us)

    def total(self, *states: AgentState) -> int:
        """Return the time in some states (µs)."""
        return sum(self.us.get(state, 0) for state in states)

    @property
    def logged_in_us(self) -> int:
        """Return the time in all states but logged out."""
        return sum(self.us.values()) - self.us.get(AgentState.LOGGED_OUT, 0)

    @property
    def occupancy(self) -> float | None:
        """Return (talk + hold + wrap-up) / (the same + ready)."""
        busy = self.total(*_BUSY)
        return share(busy, busy + self.total(AgentState.READY))


def contact_figures(n: Counts, variant: Variant, in_state: InState | None, *, repeats: bool) -> dict[str, Any]:
    """Return the figures of contacts, or of visits to a queue; `in_state`: of all the agents, None where unknown."""
    handling_us = n.talk_us + n.hold_us + n.wrap_up_us
    handled = n.answered
    return {
        "arrivals": n.arrivals,
        **{name: getattr(n, name) for name in ARRIVALS},
        **{name: getattr(n, name) for name in OFFERED},
        "short_abandoned": n.short_abandoned,
        "answered_in": n.answered_in,
        "abandoned_in": n.abandoned_in,
        "transferred": n.transferred,
        "service_level": service_level(n, variant),
        "connection_rate": share(n.answered, n.outcomes),
        "connection_rate_of_arrivals": share(n.answered, n.arrivals - n.still_in_ivr - n.still_waiting),
        "abandonment_rate": share(n.abandoned, n.offered),
        "asa_s": mean_s(n.answer_wait_us, handled),
        "awt_s": mean_s(n.wait_us, n.waited),
        "time_to_human_s": mean_s(n.to_human_us, handled),
        "longest_wait_s": seconds(n.longest_wait_us) if n.waited else None,
        "longest_waiting_s": seconds(n.longest_waiting_us) if n.still_waiting else None,
        "talk_s": seconds(n.talk_us),
        "hold_s": seconds(n.hold_us),
        "wrap_up_s": seconds(n.wrap_up_us),
        "aht_s": mean_s(handling_us, handled),
        "occupancy": in_state.occupancy if in_state else None,
        "transfer_rate": share(n.transferred, handled),
        "repeats": n.repeats if repeats else None,
        "repeat_rate": share(n.repeats, handled) if repeats else None,
        "offers": n.offers,
        "rona": n.rona,
        "rona_rate": share(n.rona, n.offers),
        "survey_asked": n.survey_asked,
        "survey_answered": n.survey_answered,
        "survey_satisfied": n.survey_satisfied,
        "service_satisfaction": share(n.survey_satisfied, n.survey_answered),
        "survey_response_rate": share(n.survey_answered, n.survey_asked),
    }


def agent_figures(n: Counts, in_state: InState) -> dict[str, Any]:
    """Return the figures of an agent: offers made to them, and their own time, cut at the interval's boundaries."""
    whole = contact_figures(Counts(), Variant.OFFERED, None, repeats=False)
    unknown: dict[str, Any] = dict.fromkeys(whole)
    busy_us = in_state.total(*_BUSY)
    return unknown | {
        "offered": n.offers,
        "answered": n.talks,
        "rona": n.rona,
        "rona_rate": share(n.rona, n.offers),
        "offers": n.offers,
        "transferred": n.transferred,
        "transfer_rate": share(n.transferred, n.talks),
        "talk_s": seconds(in_state.total(AgentState.TALKING)),
        "hold_s": seconds(in_state.total(AgentState.HOLDING)),
        "wrap_up_s": seconds(in_state.total(AgentState.WRAP_UP)),
        "aht_s": mean_s(n.talk_us + n.hold_us + n.wrap_up_us, n.talks),
        "occupancy": in_state.occupancy,
        "utilisation": share(busy_us, in_state.logged_in_us),
        "logged_in_s": seconds(in_state.logged_in_us),
        "ready_s": seconds(in_state.total(AgentState.READY)),
        "not_ready_s": seconds(in_state.total(AgentState.NOT_READY)),
        "pause_s": seconds(in_state.pause_us),
        "ringing_s": seconds(in_state.total(*_RINGING)),
        "survey_asked": n.survey_asked,
        "survey_answered": n.survey_answered,
        "survey_satisfied": n.survey_satisfied,
        "service_satisfaction": share(n.survey_satisfied, n.survey_answered),
        "survey_response_rate": share(n.survey_answered, n.survey_asked),
    }
