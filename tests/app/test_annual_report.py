"""A year with the figures of DOMAIN §3 put in comes out of `hotline report year`."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.__main__ import main
from app.annual import year_before
from center.records import CaseEventRecord, CaseLinkRecord, ContactRecord, Record, RevisitRecord, SurveyRecord
from messages.ids import AgentId, CallbackId, CallId, ContactId, QueueId, UserId
from messages.values import CaseStep, ContactOutcome, UnitKind
from storage.database import Database
from storage.migrations import upgrade
from tests.storage.keeping import keep

SHANGHAI = ZoneInfo("Asia/Shanghai")
BEGIN = datetime(2014, 1, 1, tzinfo=SHANGHAI)
SCALE = 1 if os.environ.get("HOTLINE_PROOF") else 100
BY = UserId("cases")


def _of(count: int) -> int:
    return round(count / SCALE)


RECEIVED, VALID, DISPATCHED, COUNTIES = _of(793_180), _of(647_730), _of(235_577), _of(179_242)
WECHAT, XIAJIN = _of(1_983), _of(15_205)
MISDIRECTED, LATE = round(DISPATCHED * 0.0175), round(DISPATCHED * 0.0227)
SURVEYED, SATISFIED = _of(300_000), round(_of(300_000) * 0.9857)
REVISITED, REVISIT_SATISFIED = _of(100_000), round(_of(100_000) * 0.8808)
BEFORE = round(VALID / 1.1386)


def _year() -> Iterator[Record]:
    for n in range(RECEIVED):
        at = BEGIN + n * (timedelta(days=365) / RECEIVED)
        contact, case = ContactId(f"c{n}"), f"G{n}"
        wechat = n >= RECEIVED - WECHAT
        yield ContactRecord(
            contact=contact,
            channel="wechat" if wechat else "call",
            arrived_at=at,
            queued_at=None if wechat else at + timedelta(seconds=4),
            answered_at=None if wechat else at + timedelta(seconds=12),
            ended_at=at + timedelta(seconds=120),
            outcome=None if wechat else ContactOutcome.ANSWERED,
            number=f"130{n:08}",
            did="3612345" if n < XIAJIN else "12345",
            tenant="xiajin" if n < XIAJIN else "",
        )
        about: dict[str, Any] = {"contact": contact, "case_no": case, "by": BY, "linked_at": at}
        yield CaseLinkRecord(**about, valid=n < VALID, category="供暖" if n % 3 else "噪音", area="德城区")
        if n >= VALID:
            continue
        if n < DISPATCHED:
            yield from _dispatched(n, case, at)
        else:
            yield _step(case, 1, CaseStep.DIRECT_ANSWER, at)
        if n < SURVEYED:
            survey = {"contact": contact, "question": "survey", "call": CallId(contact), "queue": QueueId("12345")}
            yield SurveyRecord(**survey, agent=AgentId("a1"), asked_at=at, answered_at=at, satisfied=n < SATISFIED)  # type: ignore[arg-type]
        if n < REVISITED:
            yield RevisitRecord(
                revisit=CallbackId(f"r{n}"), case_no=case, satisfied=n < REVISIT_SATISFIED, by=BY, answered_at=at
            )
    for n in range(BEFORE):
        at = BEGIN - timedelta(days=200)
        yield ContactRecord(contact=ContactId(f"b{n}"), arrived_at=at, ended_at=at, outcome=ContactOutcome.ANSWERED)
        yield CaseLinkRecord(contact=ContactId(f"b{n}"), case_no=f"B{n}", by=BY, linked_at=at, valid=True)


def _dispatched(n: int, case: str, at: datetime) -> Iterator[Record]:
    kind = UnitKind.COUNTY if n < COUNTIES else UnitKind.DEPARTMENT
    due = min(at + timedelta(days=5), BEGIN + timedelta(days=364, hours=12))
    to = {"unit": f"{kind} {n % 12}", "unit_kind": kind, "due_at": due}
    yield _step(case, 1, CaseStep.DISPATCHED, at, **to)
    if n < MISDIRECTED:
        yield _step(case, 2, CaseStep.RETURNED, at, misdirected=True)
        yield _step(case, 3, CaseStep.DISPATCHED, at + timedelta(microseconds=1), **to)
    yield _step(case, 4, CaseStep.REPLIED, due + timedelta(seconds=1 if n < LATE else 0))
    if n % 10:
        yield _step(case, 5, CaseStep.COMPLETED, due + timedelta(days=3))


def _step(case: str, n: int, step: CaseStep, at: datetime, **more: Any) -> CaseEventRecord:
    return CaseEventRecord(case_no=case, id=f"{case}/{n}", step=step, at=at, by=BY, noted_at=at, **more)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the URL of a database with the year."""
    url = f"sqlite:///{tmp_path_factory.mktemp('year') / 'hotline.db'}"

    async def fill() -> None:
        async with Database(url) as database:
            await upgrade(database)
            records = _year()
            while some := [record for record, _ in zip(records, range(50_000), strict=False)]:
                await keep(database, some)

    asyncio.run(fill())
    return url


def _run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["hotline", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capfd.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err


@pytest.mark.timeout(0)
def test_the_figures_put_in_come_out(
    year: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ("--db", year, "report", "year", "--from", "2014-01-01", "--to", "2015-01-01")
    code, out, _ = _run(monkeypatch, capfd, *words, "--format", "json")
    assert code == 0
    report = json.loads(out)
    office = report["office"]
    expected = {
        "received": RECEIVED,
        "received_calls": RECEIVED - WECHAT,
        "received_otherwise": {"wechat": WECHAT},
        "valid": VALID,
        "invalid": RECEIVED - VALID,
        "direct_answered": VALID - DISPATCHED,
        "dispatched": DISPATCHED,
        "dispatched_cases": DISPATCHED,
        "dispatched_to_counties": COUNTIES,
        "dispatched_to_departments": DISPATCHED - COUNTIES,
        "misdirected": MISDIRECTED,
        "due": DISPATCHED,
        "replied_on_time": DISPATCHED - LATE,
        "completed": DISPATCHED - -(-DISPATCHED // 10),
        "revisited": REVISITED,
        "revisit_satisfied": REVISIT_SATISFIED,
    }
    assert {name: office[name] for name in expected} == expected
    assert office["growth"] == (VALID - BEFORE) / BEFORE
    shares = {
        "valid_rate": "81.66%",
        "direct_answer_rate": "63.63%",
        "dispatch_rate": "36.37%",
        "county_share": "76.09%",
        "department_share": "23.91%",
        "dispatch_accuracy": "98.25%",
        "on_time_rate": "97.73%",
        "service_satisfaction": "98.57%",
        "revisit_satisfaction": "88.08%",
        "growth": "13.86%",
    }
    allowed = 0.0 if SCALE == 1 else 0.0003  # a hundredth of the year rounds
    for name, printed in shares.items():
        assert abs(office[name] - float(printed[:-1]) / 100) <= 0.00005 + allowed, name
    assert office["lines"] == [
        {"tenant": "", "did": "12345", "calls": RECEIVED - WECHAT - XIAJIN},
        {"tenant": "xiajin", "did": "3612345", "calls": XIAJIN},
    ]
    assert len(office["units"]) == 24
    [telephone] = report["rows"]
    assert telephone["arrivals"] == RECEIVED - WECHAT, "WeChat is counted beside calls, never as one"
    assert sum(month["arrivals"] for month in report["months"]) == RECEIVED - WECHAT
    assert len(report["months"]) == 12
    assert set(office) <= set(report["definitions"])


@pytest.mark.timeout(0)
def test_the_page_is_in_chinese_and_needs_nothing_else(
    year: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ("--db", year, "report", "year", "--from", "2014-01-01", "--to", "2015-01-01", "--tenant", "xiajin")
    file = tmp_path / "2014.html"
    assert _run(monkeypatch, capfd, *words, "--format", "html", "-o", str(file))[0] == 0
    page = file.read_text()
    assert "<td>受理诉求总量</td>" in page
    assert f'<td class="n">{XIAJIN:,}</td>' in page
    assert page.count("<svg") == 3
    assert not re.search(r"(src|href)=|https?://(?!www\.w3\.org/2000/svg)", page), "nothing is fetched"
    table = _run(monkeypatch, capfd, *words)[1]
    assert "回访满意率  revisit_satisfaction" in table
    assert "satisfied / revisited" in table
    code, _, error = _run(monkeypatch, capfd, *words, "--weights", "beauty=1")
    assert (code, error.count("\n")) == (1, 1)


def test_a_year_before_the_29th_of_february_is_the_28th() -> None:
    leap = datetime(2024, 2, 29, tzinfo=SHANGHAI)
    assert year_before(leap, SHANGHAI) == datetime(2023, 2, 28, tzinfo=SHANGHAI)
