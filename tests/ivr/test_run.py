"""The interpreter: ordinary ways through a flow, and that any way through any flow ends."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ivr import actions as do
from ivr.drawing import draw
from ivr.flow import REVISIT, FlowSettings, after_talk, called_back, flow_for
from ivr.reading import read
from ivr.run import MOST_STEPS, MOST_UNANSWERED, Context, Run
from ivr.steps import KINDS, Flow, Survey
from ivr.trying import try_out
from messages.ids import QueueId
from messages.values import Need
from tests.ivr.test_reading_and_checking import GOOD

CONTEXT = Context(queue=QueueId("city"), number="13800001234", did="12345")


def through(flow: Flow, *results: do.Result, context: Context = CONTEXT) -> tuple[Run, list[do.Action]]:
    """Take a flow: prompts are heard, questions get these results in turn and then silence."""
    run, seen, left = Run(flow, context), [], list(results)
    while not run.over:
        seen.append(run.action)
        asked = isinstance(run.action, do.Ask | do.TakeMessage)
        run.take(left.pop(0) if asked and left else do.Silence() if asked else do.Heard(), 2.0)
    return run, [*seen, run.action]


def test_the_default_asks_nothing() -> None:
    run, seen = through(flow_for("12345", FlowSettings()))
    assert seen == [do.Play("greeting", "zh"), do.Play("notice", "zh"), do.Queue(QueueId("12345"))]
    assert run.chosen == do.Chosen(noticed=True)


def test_who_is_called_back_hears_so_and_waits_and_is_asked_after_the_talk_as_everybody_is() -> None:
    flow = called_back(flow_for("12345", FlowSettings(survey=True)), QueueId("city"))
    run, seen = through(flow)
    assert seen == [do.Play("callback-notice", "zh"), do.Queue(QueueId("city"))]
    assert run.chosen.noticed
    assert after_talk(flow) is not None


def test_a_revisit_asks_one_question_where_no_file_says_more_and_ends() -> None:
    flow = flow_for(REVISIT, FlowSettings(survey=True), {"": read(GOOD).flow})
    _, seen = through(flow, do.Keys("3"))
    assert [action.prompt for action in seen if isinstance(action, do.Play | do.Ask)] == ["revisit", "revisit-thanks"]
    assert do.Surveyed("survey", "3", False) in seen
    assert seen[-1] == do.End()
    own = Flow(steps=(Survey(prompt="mine", into="mine"),))
    _, seen = through(flow_for(REVISIT, FlowSettings(), {REVISIT: own}))
    assert do.Surveyed("mine") in seen
    assert seen[-1] == do.End(), "whoever says nothing is hung up, not queued"
    assert after_talk(flow) is None


def test_only_who_heard_the_notice_is_noticed() -> None:
    run = Run(flow_for("12345", FlowSettings()), CONTEXT)
    run.take(do.Heard())
    run.take(do.Missing())
    assert (run.over, run.chosen.noticed) == (True, False)


def test_a_key_chooses_skill_and_priority_and_is_on_the_path() -> None:
    run, seen = through(read(GOOD).flow, do.Keys("1"))
    assert seen[-1] == do.Queue(QueueId("city"))
    assert run.chosen == do.Chosen(noticed=True, priority=5, needs=(Need("social", 2),), path=("main=1",), menu_s=2.0)


def test_invalid_keys_and_silence_are_told_and_end_at_the_exit() -> None:
    run, seen = through(read(GOOD).flow, do.Keys("7"), do.Silence(), do.Silence())
    heard = [action.prompt for action in seen if isinstance(action, do.Play | do.Ask)]
    assert heard == ["greeting", "notice", "main", "invalid-key", "main", "no-key", "main"]
    assert (seen[-1], run.chosen.path, run.chosen.menu_s) == (do.Queue(QueueId("city")), (), 6.0)


def test_a_missing_menu_prompt_leads_to_the_exit_at_once() -> None:
    _, seen = through(read(GOOD).flow, do.Missing())
    assert len(seen) == 4


def test_a_hang_up_ends_it_and_keeps_the_seconds() -> None:
    run, _ = through(read(GOOD).flow, do.Gone())
    assert (run.action, run.chosen.menu_s) == (do.End(gone=True), 2.0)
    assert run.take(do.Keys("1")) == do.End(gone=True)


def test_language_hours_conditions_and_digits_lead_on() -> None:
    flow = read(
        """
steps:
  - {do: language, language: en}
  - {do: hours, calendar: office, closed: night}
  - {do: collect, label: ask, prompt: number, into: id, otherwise: night, least: 2}
  - do: condition
    value: id
    begins: {"31": shanghai}
    otherwise: night
  - {do: flow, label: shanghai, flow: inner}
  - {do: queue, queue: "21"}
  - {do: message, label: night, prompt: night}
flows:
  inner: [{do: say, prompt: inner}]
"""
    ).flow
    run, seen = through(flow, do.Keys("3"), do.Keys("3112#"))
    assert [getattr(action, "language", "en") for action in seen] == ["en"] * len(seen)
    assert seen[-2:] == [do.Play("inner", "en"), do.Queue(QueueId("21"))]
    assert run.chosen.path == ("ask=3112",)
    closed = msgspec.structs.replace(CONTEXT, is_open=lambda calendar: False)
    assert through(flow, do.Heard(), context=closed)[1][0] == do.TakeMessage("night", "en", 120.0)
    assert through(flow, do.Missing(), context=closed)[1][-1] == do.Queue(QueueId("city"))


def test_a_call_back_is_noted_and_the_caller_let_go() -> None:
    flow = read("steps:\n  - {do: callback}\n  - {do: queue, queue: city}").flow
    run, seen = through(flow, do.Keys("1"))
    assert (run.chosen.callback, seen[-3:]) == (True, [do.CallBack(), do.Play("callback-taken", "zh"), do.End()])
    assert through(flow)[1][-1] == do.Queue(QueueId("city"))


LABEL = st.sampled_from(["", "a", "b", "c", "nowhere"])
EXTRAS: dict[str, dict[str, Any]] = {
    "say": {"prompt": "p"},
    "menu": {"prompt": "p", "keys": {"1": "", "2": "", "#": ""}},
    "collect": {"prompt": "p", "into": "x"},
    "language": {"language": "en"},
    "set": {"priority": 3, "needs": [{"skill": "s"}]},
    "hours": {"calendar": "c"},
    "queue": {"queue": "q"},
    "transfer": {"to": "1001"},
    "condition": {"value": "x", "begins": {"1": ""}},
    "flow": {"flow": "f"},
}
WAYS = {
    "menu": ("otherwise",),
    "collect": ("otherwise", "goto"),
    "hours": ("open", "closed"),
    "condition": ("otherwise",),
    **dict.fromkeys(("say", "notice", "language", "set", "callback", "flow", "survey"), ("goto",)),
}


@st.composite
def steps(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw steps of every kind that lead anywhere, right or wrong."""
    drawn = []
    for kind in draw(st.lists(st.sampled_from(KINDS), max_size=8)):
        step = {"do": kind, "label": draw(LABEL), **EXTRAS.get(kind, {})}
        step |= {way: draw(LABEL) for way in WAYS.get(kind, ())}
        for field in ("keys", "begins"):
            if isinstance(step.get(field), dict):
                step[field] = {key: draw(LABEL) for key in step[field]}
        drawn.append(step)
    return drawn


KEYS = st.text("0123456789*#", max_size=20).map(do.Keys)
ANY_RESULT = st.one_of(st.sampled_from([do.Heard(), do.Missing(), do.Silence()]), KEYS, st.just(do.Gone()))


@given(st.data(), steps(), steps(), st.floats(-1, 100))
def test_any_answers_to_any_flow_come_to_an_end(
    data: st.DataObject, main: list[dict[str, Any]], sub: list[dict[str, Any]], seconds: float
) -> None:
    flow = msgspec.convert({"steps": main, "flows": {"f": sub}}, Flow)
    run, unanswered, taken = Run(flow, CONTEXT), 0, 0
    stubborn = data.draw(st.none() | ANY_RESULT)
    while not run.over:
        taken += 1
        assert taken <= 40 * MOST_STEPS
        unanswered += isinstance(run.action, do.Play | do.Ask | do.TakeMessage)
        assert unanswered <= MOST_UNANSWERED
        result = stubborn or data.draw(ANY_RESULT)
        if isinstance(result, do.Keys):
            unanswered = 0
        run.take(result, seconds)
    gone = isinstance(run.action, do.End) and run.action.gone
    assert isinstance(run.action, do.LAST)
    assert gone <= isinstance(result if taken else do.Gone(), do.Gone)
    assert run.chosen.menu_s >= 0
    draw(flow)


@given(steps(), st.lists(st.sampled_from(["1", "2", "-", "x", "31#"])))
def test_trying_any_flow_ends_too(main: list[dict[str, Any]], keys: list[str]) -> None:
    lines = list(try_out(msgspec.convert({"steps": main}, Flow), CONTEXT, keys))
    assert any(line.startswith(("waits", "passed", "ends")) for line in lines)


def test_what_a_caller_hears_is_told_line_by_line() -> None:
    assert list(try_out(read(GOOD).flow, CONTEXT, ["7", "1"])) == [
        "hears   greeting (zh): 您好，这里是一二三四五热线。",
        "hears   notice (zh): 本次通话将被录音。",
        "asked   main (zh): 社保请按一，人工请按零。",
        "presses 7",
        "hears   invalid-key (zh): 按键无效，请重新输入。",
        "asked   main (zh): 社保请按一，人工请按零。",
        "presses 1",
        "waits   in queue city",
        "path    main=1",
        "needs   social at level 2 or above",
        "priority 5",
        "heard the recording notice; 0 s waiting for keys",
    ]


def test_a_flow_is_drawn() -> None:
    text = draw(read(GOOD).flow)
    assert text.startswith("flowchart TD\n")
    assert '  s2[/"main: menu main"/]' in text
    assert '  s2 -->|"1"| s3' in text
    assert '  s2 -->|"otherwise"| s4' in text
    assert "end((end))" not in text


def test_a_survey_notes_that_it_asked_and_what_was_keyed() -> None:
    after = after_talk(flow_for("12345", FlowSettings(survey=True)))
    assert after is not None
    _, seen = through(after, do.Keys("3"))
    assert [action for action in seen if isinstance(action, do.Surveyed)] == [
        do.Surveyed("survey"),
        do.Surveyed("survey", "3", satisfied=False),
    ]
    assert seen[-2:] == [do.Play("goodbye", "zh"), do.End()]
    _, seen = through(after, do.Silence())
    assert [action for action in seen if isinstance(action, do.Surveyed)] == [do.Surveyed("survey")]
    assert after_talk(flow_for("12345", FlowSettings())) is None, "nobody is asked who should not be"


def test_who_is_not_satisfied_is_asked_why_and_that_is_no_satisfaction() -> None:
    flow = read(
        """
steps: [{do: queue, queue: city}]
after:
  - {do: survey}
  - {do: condition, value: survey, begins: {3: why}, otherwise: end}
  - {do: survey, label: why, prompt: why, keys: ["1", "2"], satisfied: null, into: reason}
  - {do: hang_up, label: end}
prompts:
  why: {zh: 因为等待请按一，因为答复请按二。, en: "Waiting: one. The answer: two."}
"""
    ).flow
    after = after_talk(flow_for("12345", FlowSettings(), {"12345": flow}))
    assert after is not None
    _, seen = through(after, do.Keys("3"), do.Keys("2"))
    assert [action for action in seen if isinstance(action, do.Surveyed) and action.key] == [
        do.Surveyed("survey", "3", satisfied=False),
        do.Surveyed("reason", "2", satisfied=None),
    ]
    _, seen = through(after, do.Keys("1"), do.Keys("2"))
    assert "reason" not in [action.question for action in seen if isinstance(action, do.Surveyed)]
