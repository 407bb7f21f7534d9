"""Plans in local time: stretches as they are typed, and a whole team's file."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.schedule import Activity, Planned, PlanRecord
from app.plans import read_stretch, read_stretches, read_team, row_of
from messages.errors import Invalid
from messages.ids import AgentId, UserId

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
DAY = date(2026, 11, 24)
MIDNIGHT = datetime(2026, 11, 23, 16, tzinfo=UTC)
HOUR = timedelta(hours=1)
HEAD = "agent,day,from,to,activity\n"


def work(begin: float, end: float, activity: str = "working") -> Planned:
    """Return a stretch by hours of the day."""
    return Planned(MIDNIGHT + begin * HOUR, MIDNIGHT + end * HOUR, Activity(activity))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("08:00-12:00=working", work(8, 12)),
        ("8:30-12:00=training", work(8.5, 12, "training")),
        ("22:00-24:00=working", work(22, 24)),
        ("22:00-06:00=working", work(22, 30)),
        ("00:00-24:00=off", work(0, 24, "off")),
        ("12:00:30-12:00:45=break", work(12 + 30 / 3600, 12 + 45 / 3600, "break")),
    ],
)
def test_a_stretch_is_typed_in_local_time(text: str, expected: Planned) -> None:
    assert read_stretches(DAY, [text], SHANGHAI) == (expected,)


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["08:00"], "no stretch such as"),
        (["08:00-12:00"], "no stretch such as"),
        (["08:00=working"], "no stretch such as"),
        (["08:00-12:00=sleeping"], "'sleeping' is none of working, break"),
        (["8-12=working"], "from: '8' is no time"),
        (["08:00-25:00=working"], "to: '25:00' is no time"),
        (["08:00-24:01=working"], "to: '24:01' is no time"),
        (["08:60-12:00=working"], "from: '08:60' is no time"),
        (["24:00-06:00=working"], "from: 24:00 is the end of a day"),
        (["08:00-08:00=working"], "to: 08:00 is also where it begins"),
        (["08:00-12:00=working", "11:00-13:00=meal"], "overlaps"),
    ],
)
def test_a_wrong_stretch_is_named(texts: list[str], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        read_stretches(DAY, texts, SHANGHAI)


@pytest.mark.parametrize(
    ("day", "begin", "end", "hours"),
    [
        ("2026-03-28", "22:00", "06:00", 7),  # the night the clocks are put forward
        ("2026-10-24", "22:00", "06:00", 9),  # and back
        ("2026-03-29", "02:30", "04:00", 1),  # 02:30 is skipped: it means 03:00
        ("2026-10-25", "02:30", "03:00", 1.5),  # 02:30 comes twice: the first
        ("2026-10-25", "00:00", "24:00", 25),
    ],
)
def test_where_clocks_are_changed_a_stretch_is_as_long_as_it_is(day: str, begin: str, end: str, hours: float) -> None:
    planned = read_stretch(date.fromisoformat(day), begin, end, "working", BERLIN)
    assert planned.end - planned.begin == timedelta(hours=hours)


def test_a_stretch_that_is_skipped_whole_is_refused() -> None:
    with pytest.raises(Invalid, match="end is not after"):
        read_stretch(date(2026, 3, 29), "02:10", "02:50", "break", BERLIN)


def test_stretches_that_meet_in_a_repeated_hour_still_meet() -> None:
    one, other = read_stretches(date(2026, 10, 25), ["02:30-04:00=working", "01:00-02:30=break"], BERLIN)
    assert one.end == other.begin


def test_a_file_has_a_whole_team(tmp_path: Path) -> None:
    file = tmp_path / "team.csv"
    lines = ["a1,2026-11-24,08:00,12:00,working\r", "", " a2 , 2026-11-24 ,22:00,06:00,working"]
    text = HEAD + "\n".join([*lines, "a1,2026-11-24,12:00,13:00,meal"])
    file.write_text("\ufeff" + text, encoding="utf-8")
    team = read_team(file, {"a1", "a2"}, SHANGHAI)
    assert [(day.agent, day.since, day.until, day.planned) for day in team.days] == [
        ("a1", MIDNIGHT, MIDNIGHT + 24 * HOUR, (work(8, 12), work(12, 13, "meal"))),
        ("a2", MIDNIGHT, MIDNIGHT + 24 * HOUR, (work(22, 30),)),
    ]
    assert sorted(team.lines.values()) == [2, 4, 5]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "1: the first line must be agent,day,from,to,activity"),
        ("day,agent,from,to,activity\n", "1: the first line must be"),
        (HEAD + "a1,2026-11-24,08:00,12:00\n", "2: 4 columns in the place of 5"),
        (HEAD + "a1,2026-11-24,08:00,12:00,working,x\n", "2: 6 columns"),
        (HEAD + "a9,2026-11-24,08:00,12:00,working\n", "2: no agent 'a9' in the settings"),
        (HEAD + "a1,24.11.2026,08:00,12:00,working\n", "2: day: '24.11.2026'"),
        (HEAD + "a1,2026-11-24,8 Uhr,12:00,working\n", "2: from: '8 Uhr'"),
        (HEAD + "a1,2026-11-24,08:00,12:00,Working\n", "2: activity: 'Working'"),
        (HEAD + "a1,2026-11-24,08:00,12:00,working\n\na1,2026-11-24,11:00,13:00,meal\n", "4: overlaps line 2"),
        (HEAD + "a1,2026-11-25,05:00,13:00,meal\na1,2026-11-24,22:00,06:00,working\n", "3: overlaps line 2"),
        (HEAD + 'a1,2026-11-24,08:00,"12:00,working\n', "2: unexpected end of data"),
    ],
)
def test_a_wrong_file_is_refused_with_the_line(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "team.csv"
    file.write_text(text)
    with pytest.raises(Invalid) as refused:
        read_team(file, {"a1", "a2"}, SHANGHAI)
    assert str(refused.value).startswith(f"{file}:{says}")


def test_each_mistake_of_a_file_has_its_line_up_to_a_number(tmp_path: Path) -> None:
    file = tmp_path / "team.csv"
    file.write_text(HEAD + "a1,2026-11-24,08:00,12:00,working\n" + "a9,x,y,z,w\n" * 25)
    with pytest.raises(Invalid) as refused:
        read_team(file, {"a1"}, SHANGHAI)
    told = str(refused.value).splitlines()
    assert (len(told), told[0].startswith(f"{file}:3: "), told[-1]) == (21, True, "and 5 more")


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"none\.csv: No such file"):
        read_team(tmp_path / "none.csv", set(), SHANGHAI)
    (tmp_path / "gbk.csv").write_bytes((HEAD + "话务员").encode("gbk"))
    with pytest.raises(Invalid, match=r"gbk\.csv: is not UTF-8"):
        read_team(tmp_path / "gbk.csv", set(), SHANGHAI)


@given(st.integers(0, 86399), st.integers(1, 86399), st.sampled_from(Activity))
def test_what_is_shown_can_be_read_again(begin: int, length: int, activity: Activity) -> None:
    at = MIDNIGHT + timedelta(seconds=begin)
    planned = Planned(at, at + timedelta(seconds=length), activity)
    record = PlanRecord(
        agent=AgentId("a1"),
        begin=planned.begin,
        end=planned.end,
        activity=activity,
        planned_by=UserId("wang"),
        planned_at=MIDNIGHT,
    )
    row = row_of(record, SHANGHAI)
    assert read_stretch(date.fromisoformat(row["day"]), row["from"], row["to"], row["activity"], SHANGHAI) == planned
