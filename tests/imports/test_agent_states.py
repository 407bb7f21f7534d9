"""Log-in and pause stretches out of a queue_log: per queue, for all, implied, open at either end."""

from __future__ import annotations

import pytest

from imports.agent_states import fold
from imports.horizon import Horizon
from imports.names import Names, QueueMap
from imports.queue_log import Parser

T = 1_700_000_000


def states(*lines: str, first: int = 0, restarts: tuple[int, ...] = ()) -> list[tuple[object, ...]]:
    """Return state, reason, begin and end in seconds of lines such as `5 q PAUSE tea`."""
    texts = []
    for line in lines:
        at, queue, event, *data = line.split(" ")
        texts.append(f"{T + int(at)}|{'c' if queue == 'c' else 'NONE'}|{queue}|SIP/1001|{event}|{'|'.join(data)}")
    horizon = Horizon((T + first) * 1_000_000, (T + 10_000) * 1_000_000, [(T + at) * 1_000_000 for at in restarts])
    wanted: list[tuple[object, ...]] = []
    for given in (texts, texts[::-1], texts + texts):
        found: list[tuple[object, ...]] = [
            (
                one.state.value,
                one.reason,
                one.started_at.timestamp() - T,
                one.ended_at.timestamp() - T if one.ended_at else None,
            )
            for one in fold(Parser().read(given), horizon, Names())
        ]
        if given is texts:
            wanted = found
        assert found == wanted
    return wanted


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (["0 q ADDMEMBER", "60 q REMOVEMEMBER"], [("ready", "", 0, 60)]),
        (["0 q ADDMEMBER PAUSED", "60 q UNPAUSE"], [("not_ready", "", 0, 60), ("ready", "", 60, None)]),
        (["0 NONE AGENTLOGIN SIP/1", "60 NONE AGENTLOGOFF SIP/1 60"], [("ready", "", 0, 60)]),
        (["0 NONE AGENTCALLBACKLOGIN 1@a", "60 NONE AGENTCALLBACKLOGOFF 1@a 60 x"], [("ready", "", 0, 60)]),
        (
            ["0 q ADDMEMBER", "10 q PAUSE tea", "20 q UNPAUSE"],
            [("ready", "", 0, 10), ("not_ready", "tea", 10, 20), ("ready", "", 20, None)],
        ),
        # Paused in one of two queues only: ready for the other.
        (
            ["0 q ADDMEMBER", "0 r ADDMEMBER", "10 q PAUSE tea", "20 r PAUSE tea", "30 q UNPAUSE"],
            [("ready", "", 0, 20), ("not_ready", "tea", 20, 30), ("ready", "", 30, None)],
        ),
        (
            ["0 q ADDMEMBER", "0 r ADDMEMBER", "10 NONE PAUSEALL lunch", "20 NONE UNPAUSEALL", "30 q REMOVEMEMBER"],
            [("ready", "", 0, 10), ("not_ready", "lunch", 10, 20), ("ready", "", 20, None)],
        ),
        # Overlapping pauses: the newest one's reason.
        (
            ["0 q ADDMEMBER", "10 q PAUSE tea", "15 NONE PAUSEALL lunch", "20 q UNPAUSE", "25 NONE UNPAUSEALL"],
            [
                ("ready", "", 0, 10),
                ("not_ready", "tea", 10, 15),
                ("not_ready", "lunch", 15, 25),
                ("ready", "", 25, None),
            ],
        ),
        # Implied log-ins: from the beginning of the log, where nothing says otherwise.
        (["30 q UNPAUSE", "60 q REMOVEMEMBER"], [("not_ready", "", -100, 30), ("ready", "", 30, 60)]),
        (["30 q PAUSE tea"], [("ready", "", -100, 30), ("not_ready", "tea", 30, None)]),
        (["60 q REMOVEMEMBER"], [("ready", "", -100, 60)]),
        (
            ["0 q ADDMEMBER", "10 q REMOVEMEMBER", "10 r REMOVEMEMBER", "60 q PAUSE tea"],
            [("ready", "", 0, 10), ("not_ready", "tea", 60, None)],
        ),
        (
            ["0 q ADDMEMBER", "10 c CONNECT 1 x 1", "70 c COMPLETEAGENT 1 60 1"],
            [("ready", "", 0, 10), ("talking", "", 10, 70), ("ready", "", 70, None)],
        ),
        # Back and forth within one second is no change, whichever came first.
        (["0 q ADDMEMBER", "10 q PAUSE", "10 q UNPAUSE"], [("ready", "", 0, None)]),
    ],
)
def test_stretches_are_as_the_lines_say(lines: list[str], wanted: list[tuple[object, ...]]) -> None:
    assert states(*lines, first=-100) == wanted


def test_a_restart_ends_what_is_open_and_is_an_edge() -> None:
    assert states("0 q ADDMEMBER", "80 q PAUSE tea", restarts=(50, 99)) == [
        ("ready", "", 0, 80),
        ("not_ready", "tea", 80, 99),
    ]


def test_interface_and_member_name_are_one_agent() -> None:
    names = Names(QueueMap(agents={"1001": "li", "Li Ming": "li"}))
    known = ("PJSIP/1001", "Local/1001@agents/n", "SIP/1001-0000001a", "1001", "Li Ming", "PJSIP/1001-web")
    assert {names.agent(name) for name in known} == {"li"}
    assert Names().agent("李 明") == "李 明"
