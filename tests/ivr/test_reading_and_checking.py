"""A flow's file: what it holds, and what is said of one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.checking import Known, check
from ivr.reading import FlowWrong, read
from ivr.schema import schema_text
from ivr.steps import KINDS, Enter, Menu, Say
from ivr.texts import TEXTS
from messages.ids import QueueId

GOOD = """\
language: zh
queue: city
prompts:
  main: {zh: 社保请按一，人工请按零。, en: "Social security: one. A person: zero."}
steps:
  - {do: say, prompt: greeting}
  - {do: notice}
  - do: menu
    label: main
    prompt: main
    keys: {1: social, 0: human, "*": main}
    otherwise: human
  - {do: set, label: social, priority: 5, needs: [{skill: social, level: 2}]}
  - {do: queue, label: human, queue: city}
"""
KNOWN = Known(queues={"city"}, prompts=set(TEXTS), calendars={"office"})


def wrong(text: str) -> list[tuple[int, str]]:
    """Return what is said of a text."""
    try:
        return [(one.line, one.says) for one in check(read(text), KNOWN)]
    except FlowWrong as error:
        return [(one.line, one.says) for one in error.findings]


def test_a_flow_is_read_with_keys_as_text() -> None:
    flow = read(GOOD).flow
    assert flow.steps[0] == Say(prompt="greeting")
    menu = flow.steps[2]
    assert isinstance(menu, Menu) and menu.keys == {"1": "social", "0": "human", "*": "main"}
    assert flow.steps[-1] == Enter(label="human", queue=QueueId("city"))
    assert wrong(GOOD) == []


def test_the_published_schema_is_current() -> None:
    path = Path(__file__).parents[2] / "docs" / "flow.schema.json"
    assert path.read_text() == schema_text(), "write it again: hotline flow schema > docs/flow.schema.json"


def test_the_documentation_names_every_kind_of_step() -> None:
    text = (Path(__file__).parents[2] / "docs" / "flows.md").read_text()
    assert [kind for kind in KINDS if f"`{kind}`" not in text] == []


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "Expected `object`, got `null`"),
        ("steps: [", 1, "not YAML"),
        ("steps:\n  - {do: sing}", 2, "the kinds are say, notice"),
        ("steps:\n  - {prompt: greeting}", 2, "say which kind of step it is"),
        ("steps:\n  - do: say\n    promt: x", 3, "correct its spelling"),
        ("steps:\n  - do: say\n    prompt: 3", 3, "write it in quotes"),
        ("steps:\n  - do: say\n    prompt: ../../etc/passwd", 3, "regex"),
        ("steps:\n  - do: say\n    prompt: a\n    prompt: b", 4, "'prompt' stands twice"),
        ("steps: &a\n  - *a", 1, "anchors"),
        ("", 1, "the file is empty"),
        ("steps:\n\t- {do: notice}", 2, "spaces, not by tabs"),
        ("queue： city\nsteps:\n  - {do: notice}", 2, "write the ASCII one"),
        ("steps:\n  - {do: say， prompt: greeting}", 2, "write the ASCII one"),
        ("queue city\nsteps:\n  - {do: notice}", 2, "mend the colons"),
        ("steps:\n  - {do: say, prompt: a\n  - {do: notice}", 3, "a bracket is not closed"),
        ("steps:\n  do: notice", 1, "begin each step with a dash"),
        ("steps:\n  - {do: say}", 2, "add prompt: … to this step"),
        ("steps:\n  - {do: menu, prompt: a, keys: {1: b}}", 2, "add otherwise: … to this step"),
        ("steps:\n  - {do: menu, prompt: a, keys: [1], otherwise: b}", 2, "with where each leads"),
        ("steps:\n  - {do: menu, prompt: a, keys: {10: b}, otherwise: b}", 2, "a key is one of 0 to 9"),
        ("steps:\n  - {do: menu, prompt: a, keys: {1: b}, otherwise: b, seconds: 5s}", 2, "seconds without a unit"),
        ("steps:\n  - {do: menu, prompt: a, keys: {1: b}, otherwise: b, seconds: 0}", 2, "within these bounds"),
        ("steps:\n  - {do: menu, prompt: a, keys: {1: b}, otherwise: b, barge_in: yes}", 2, "true or false"),
        ("steps:\n  - {do: transfer, to: 029 888}", 2, "a number without spaces"),
        ("steps:\n  - {do: say, prompt: hello.wav}", 2, "no folder or ending"),
        ("language: cn\nsteps:\n  - {do: notice}", 1, "zh and en"),
        ("- {do: notice}", 1, "names with values"),
        (GOOD.replace('"*": main', "1: human"), 11, "'1' stands twice"),
        (GOOD.replace('"*": main', "12: human"), 11, "regex"),
        (GOOD.replace("1: social", "1: socail"), 11, "no step here has the label 'socail'"),
        (GOOD.replace("otherwise: human", 'otherwise: ""'), 8, "the menu has no exit"),
        (GOOD.replace("otherwise: human", "otherwise: main"), 8, "comes round to this step for ever"),
        (GOOD.replace("{1: social, 0: human", "{0: human"), 13, "nothing leads to this step"),
        (GOOD.replace("prompt: greeting", "prompt: hymn"), 6, "there is no prompt 'hymn'"),
        (GOOD.replace("queue: city}", "queue: citty}"), 14, "there is no queue 'citty'"),
        (GOOD.replace("label: social", "label: main"), 13, "taken by line 9"),
        (GOOD.replace("level: 2", "level: 12"), 13, "levels are 1 to 10"),
        ("steps:\n  - {do: flow, flow: other}\n  - {do: queue, queue: city}", 2, "there is no flow 'other'"),
        ("steps:\n  - {do: hours, calendar: moon}\n  - {do: queue, queue: city}", 2, "there is no calendar 'moon'"),
        ("steps:\n  - {do: condition, value: age, begins: {}}\n  - {do: queue, queue: city}", 2, "nothing is kept as"),
        ("steps:\n  - {do: queue, queue: city}\nflows:\n  a:\n    - {do: flow, flow: a}", 4, "leads into itself"),
        ("steps:\n  - {do: say, label: a, prompt: busy}\n  - {do: say, prompt: busy, goto: a}", 2, "for ever"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_mend(text: str, line: int, says: str) -> None:
    found = wrong(text)
    assert any(at == line and says in what for at, what in found), found
    assert all("\n" not in what for _, what in found)


def test_each_loop_is_named_once() -> None:
    text = "steps:\n  - {do: say, label: a, prompt: busy}\n  - {do: say, prompt: busy, goto: a}"
    assert len([1 for _, says in wrong(text) if "for ever" in says]) == 1
