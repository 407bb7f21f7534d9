"""What each figure of a report means, as it was counted: printed with every report. Pure."""

from __future__ import annotations

from metrics.counts import ARRIVALS, OFFERED
from metrics.question import Attribution, By, Question
from metrics.service_level import FORMULAS

_WHAT = {
    "contacts": "each citizen's call once, whatever queues it passed; no calls that we dial, no other channels",
    "visits": "each stay of a call at a queue; a call that passes several counts at each",
    "offers": "each offer of a call to an agent, and agents' own time",
}
_WHEN = {
    "contacts": ("the call arrived", "it was answered, or ended unanswered", "it ended"),
    "visits": ("it asked for the queue", "it was answered or left the queue", "its call ended"),
    "offers": ("the offer was made", "it was answered, or came to nothing", "the agent's part in the call ended"),
}
_COUNTS = {
    "arrivals": f"= {' + '.join(ARRIVALS)}",
    "blocked": "refused at the door: the queue was full, or a burst was turned away",
    "closed": "refused because the hotline, or the queue, was closed",
    "ended_in_ivr": "ended before asking for a human",
    "still_in_ivr": "in the flow now, not yet queued",
    "offered": f"asked for a human = {' + '.join(OFFERED)}",
    "answered": "an agent answered",
    "abandoned": "the citizen hung up while waiting",
    "timed_out": "ended because the wait was too long",
    "left_by_key": "left the queue by a key",
    "no_agents": "ended because no agent was there",
    "withdrawn": "taken out of the queue by a person",
    "callback": "took a call back instead of waiting",
    "overflowed": "went on to another queue",
    "lost": "broken off by a failure of ours, also before it reached a queue",
    "still_waiting": "waits now",
}
_RATES = {
    "connection_rate": "answered / O, O = offered - still_waiting - overflowed",
    "connection_rate_of_arrivals": "answered / (arrivals - still_in_ivr - still_waiting), blocked ones included",
    "abandonment_rate": "abandoned / offered; short ones are in it",
    "asa_s": "wait of the answered / answered; wait = joining the queue to the agent's answer, ringing included",
    "awt_s": "sum of the waits of all offered / their number, those who wait still left out",
    "time_to_human_s": "mean from arriving to the agent's answer, greeting and menus included",
    "longest_wait_s": "the longest wait that is over",
    "longest_waiting_s": "the longest wait of those who wait now; empty where nobody does",
    "talk_s": "sum over agents' parts in the calls, hold left out, of what is over",
    "hold_s": "sum of hold",
    "wrap_up_s": "sum of wrap-up",
    "aht_s": "(talk + hold + wrap-up) / answered",
    "occupancy": "(talk + hold + wrap-up) / (the same + ready) of all agents' time; only of the whole hotline",
    "transferred": "answered calls that an agent passed on",
    "transfer_rate": "transferred / answered; calls, not legs",
    "offers": "offers of calls to agents",
    "rona": "offers that rang and were not answered; no abandon",
    "rona_rate": "rona / offers",
}
_AGENTS = {
    "offered": "offers made to the agent",
    "answered": "offers answered, and calls joined otherwise",
    "talk_s": "time in the state talking, cut at the boundaries of the interval",
    "hold_s": "time in the state holding, cut likewise",
    "wrap_up_s": "time in the state wrap_up, cut likewise",
    "aht_s": "(talk + hold + wrap-up of the calls counted here) / answered: whole calls, not cut",
    "occupancy": "(talk + hold + wrap-up) / (the same + ready)",
    "utilisation": "(talk + hold + wrap-up) / logged in",
    "logged_in_s": "time in all states but logged_out",
    "ready_s": "time in the state ready",
    "not_ready_s": "time in the state not_ready, for whatever reason",
    "pause_s": "the part of not_ready for reasons that people gave",
    "ringing_s": "time reserved or ringing",
}
_SURVEYS = {
    "survey_asked": "citizens asked after the talk how satisfied they were, by when they were asked",
    "survey_answered": "those who pressed a key that means something",
    "survey_satisfied": "those whose key says satisfied",
    "service_satisfaction": "survey_satisfied / survey_answered; silence is never satisfied; not revisit satisfaction",
    "survey_response_rate": "survey_answered / survey_asked",
}


_BY_AGENTS = {By.AGENT: "the agent to whom it was offered", By.TEAM: "that agent's team, as the settings have it now"}


def definitions(question: Question) -> dict[str, str]:
    """Return what was counted, by what, and each figure's meaning."""
    kind = "offers" if question.agents_only else "visits" if question.visits else "contacts"
    when = dict(zip(Attribution, _WHEN[kind], strict=True))[question.attribution]
    found = {
        "counted": _WHAT[kind],
        "attribution": f"{question.attribution}: by when {when}; [from, to)",
        "tz": question.tz,
        "interval": question.interval or "the whole range",
    }
    if question.by is not By.ALL:
        found["by"] = _BY_AGENTS[question.by] if question.agents_only else _by(question.by)
    if question.agents_only:
        rates = {name: _RATES[name] for name in ("transferred", "transfer_rate", "rona", "rona_rate")}
        return found | _AGENTS | rates | _SURVEYS
    formula, _ = FORMULAS[question.variant]
    threshold, short = f"{question.threshold_s:g}", f"{question.short_s:g}"
    found |= {
        "variant": question.variant,
        "threshold_s": threshold,
        "short_s": short,
        **_COUNTS,
        "short_abandoned": f"abandoned after at most {short} s (B_S); in abandoned, too",
        "answered_in": f"answered within {threshold} s, the boundary included (A_T)",
        "abandoned_in": f"abandoned within {threshold} s (B_T)",
        "service_level": f"{question.variant}: {formula} with T = {threshold} s, S = {short} s",
        **_RATES,
        **_SURVEYS,
    }
    if question.counts_repeats:
        found["repeats"] = f"answered calls whose number had called within {question.repeat_s / 86_400:g} days before"
        found["repeat_rate"] = "repeats / answered; withheld numbers never repeat"
    return found


def _by(by: By) -> str:
    match by:
        case By.TEAM:
            return "the team, as the settings have it now, of the first agent who answered"
        case By.AGENT:
            return "the first agent who answered"
        case By.CATEGORY | By.AREA:
            return f"{by} of the contact's newest case; empty where it has none"
    return str(by)
