"""The figures counted once more, row by row and without a database: what reports are held against."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from metrics.counts import OFFERED
from metrics.question import Question

Row = dict[str, Any]
Rows = dict[str, list[Row]]
US = timedelta(microseconds=1)
AT = {"arrival": 0, "answer": 1, "end": 2}


def contacts(rows: Rows, question: Question, bounds: list[tuple[datetime, datetime]]) -> list[Row]:
    """Count contacts by interval."""
    found = []
    for since, until in bounds:
        n: Counter[str] = Counter()
        of_interval = set()
        for row in rows["contacts"]:
            left = row["answered_at"] or row["ended_at"]
            at = (row["arrived_at"], left, row["ended_at"])[AT[question.attribution]]
            if row["direction"] != "in" or at is None or not since <= at < until:
                continue
            of_interval.add(row["contact"])
            outcome = row["outcome"] or ("answered" if row["answered_at"] else None)
            if outcome is None:
                outcome = "still_waiting" if row["queued_at"] or row["visits"] else "still_in_ivr"
            begun = row["queued_at"] or (row["arrived_at"] if outcome == "answered" else None)
            wait = (left - begun) // US if left and begun else None
            _one(n, question, outcome, wait)
            n["transferred"] += outcome == "answered" and row["transferred"]
            if outcome == "answered" and row["answered_at"]:
                n["to_human_us"] += (row["answered_at"] - row["arrived_at"]) // US
        _legs(n, (leg for leg in rows["legs"] if leg["contact"] in of_interval))
        _surveys(n, (row for row in rows["surveys"] if since <= row["asked_at"] < until))
        found.append(dict(n))
    return found


def visits(rows: Rows, question: Question, since: datetime, until: datetime) -> dict[str, Row]:
    """Count visits by queue."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    kept = {row["contact"]: row for row in rows["contacts"]}
    for row in rows["visits"]:
        contact = kept[row["contact"]]
        at = (row["asked_at"], row["left_at"], contact["ended_at"])[AT[question.attribution]]
        if contact["direction"] != "in" or at is None or not since <= at < until:
            continue
        n = found[row["queue"]]
        wait = (row["left_at"] - row["asked_at"]) // US if row["left_at"] else None
        _one(n, question, row["outcome"] or "still_waiting", wait)
        its = [leg for leg in rows["legs"] if leg["contact"] == row["contact"] and _newest(rows, leg) is row]
        n["transferred"] += row["outcome"] == "answered" and any(leg["transferred_to"] for leg in its)
        _legs(n, its)
    for queue in {row["queue"] for row in rows["surveys"]} - {None}:
        asked = (row for row in rows["surveys"] if row["queue"] == queue and since <= row["asked_at"] < until)
        _surveys(found[queue], asked)
    return {queue: dict(n) for queue, n in found.items()}


def _surveys(n: Counter[str], asked: Iterable[Row]) -> None:
    for row in asked:
        if row["question"] == "survey":
            n["survey_asked"] += 1
            n["survey_answered"] += row["satisfied"] is not None
            n["survey_satisfied"] += row["satisfied"] is True


def _newest(rows: Rows, leg: Row) -> Row | None:
    its = [
        visit
        for visit in rows["visits"]
        if visit["contact"] == leg["contact"]
        and visit["queue"] == leg["queue"]
        and visit["asked_at"] <= leg["offered_at"]
    ]
    return max(its, key=lambda visit: visit["n"], default=None)


def _one(n: Counter[str], question: Question, outcome: str, wait: int | None) -> None:
    n["arrivals"] += 1
    n[str(outcome)] += 1
    n["offered"] += outcome in OFFERED
    if wait is not None and outcome in OFFERED and outcome != "still_waiting":
        n["waited"] += 1
        n["wait_us"] += wait
        n["longest_wait_us"] = max(n["longest_wait_us"], wait)
        if outcome == "answered":
            n["answer_wait_us"] += wait
    if wait is not None and outcome in ("answered", "abandoned"):
        n[f"{outcome}_in"] += wait <= question.threshold_s * 1e6
        n["short_abandoned"] += outcome == "abandoned" and wait <= question.short_s * 1e6


def _legs(n: Counter[str], legs: Iterable[Row]) -> None:
    for leg in legs:
        offer = leg["role"] == "agent" and leg["agent"] is not None
        n["offers"] += offer
        n["rona"] += offer and leg["end"] == "no_answer"
        if leg["answered_at"] and leg["ended_at"] and leg["agent"]:
            hold = round(leg["hold_s"] * 1e6)
            n["hold_us"] += hold
            n["talk_us"] += max(0, (leg["ended_at"] - leg["answered_at"]) // US - hold)
            n["wrap_up_us"] += round((leg["wrap_up_s"] or 0.0) * 1e6)


def states(rows: Rows, since: datetime, until: datetime, now: datetime) -> dict[str, Counter[str]]:
    """Add up each agent's time in state between two instants (µs), up to now."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows["agent_states"]:
        start, end = max(row["started_at"], since), min(row["ended_at"] or now, now, until)
        if end > start:
            found[row["agent"]][row["state"]] += (end - start) // US
    return found
