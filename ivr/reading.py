"""Reads a flow's YAML: plain values, keys twice found out, and the line of everything, for whoever must mend it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import yaml

from ivr.steps import KINDS, Flow

_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")
_BROKEN = re.compile(r"-?[0-9]+\.[0-9]+")
_WORDS: dict[str, object] = {"true": True, "false": False, "null": None, "~": None, "": None}
_PLACE = re.compile(r"(?P<what>.*?)(?: - at (?:`[a-z]+` in )?`(?P<path>[^`]*)`)?", re.DOTALL)
_PART = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[([0-9]+|\.\.\.)\]")
_MENDS = (
    (r"Expected `object`, got `null`$", "the file is empty: it needs steps:, see docs/flows.md"),
    (
        r"Expected `object`, got `(array|str)`$",
        "a flow is names with values, such as steps:, a line each",
    ),
    (r"Expected `array`, got `object`", "begin each step with a dash: - {do: …}"),
    (r"\^\[0-9\*#\]\$", "a key is one of 0 to 9, * and #"),
    (r"\^\[A-Za-z0-9\]\[", "a prompt's name has letters, digits, - and _ only, and no folder or ending"),
    (r"\^\\\\?\+\?", "write a number without spaces, a phone or a queue"),
    (r"Expected `object`, got `array`.*keys", "write keys with where each leads: {1: label, 2: other}"),
    (r"Expected `(float|int)`.*, got `str`", "write the number alone, seconds without a unit"),
    (r"Expected `(float|int)` [<>]", "write a number within these bounds"),
    (r"Expected `bool`", "write true or false"),
    (r"Invalid enum value .*language", "the languages are zh and en"),
)
"""What to do about what msgspec says, for whoever knows YAML but not msgspec."""
MOST_NODES = 20_000

Path = tuple[str | int, ...]


class Finding(msgspec.Struct, frozen=True, order=True):
    """Something wrong in a flow's file, and its mend."""

    line: int
    says: str


class FlowWrong(ValueError):
    """A file is no flow; `findings` say why."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = sorted(findings)
        super().__init__("; ".join(f"line {one.line}: {one.says}" for one in self.findings))


class Source:
    """A flow and the lines its parts stand on."""

    def __init__(self, flow: Flow, lines: dict[Path, int]) -> None:
        self.flow = flow
        self._lines = lines

    def line(self, *path: str | int) -> int:
        """Return the line of a part, or of the nearest part around it that has one."""
        return _nearest(self._lines, path)


def read(text: str) -> Source:
    """Return the flow that a YAML text holds. Raises FlowWrong."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        says = f"not YAML: {str(error.problem).replace(chr(9), 'tab')}; {_yaml_mend(text, line)}"
        raise FlowWrong([Finding(line, says)]) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise FlowWrong([Finding(1, f"not YAML: {str(error).splitlines()[0]}")]) from error
    reader = _Reader()
    value = reader.value(node, ())
    if reader.wrong:
        raise FlowWrong(reader.wrong)
    try:
        flow = msgspec.convert(value, Flow)
    except msgspec.ValidationError as error:
        raise FlowWrong([_finding(str(error), value, reader.lines)]) from error
    return Source(flow, reader.lines)


def _yaml_mend(text: str, line: int) -> str:
    """Return what to do about a line that YAML stumbled over; the fault is often in the one before."""
    near = "\n".join(text.splitlines()[max(0, line - 2) : line])
    if found := next((mark for mark in "：，｛｝［］“”" if mark in near), ""):
        return f"the sign {found!r} is a Chinese one: write the ASCII one"
    if "\t" in near:
        return "indent by spaces, not by tabs"
    if any(one.count("{") > one.count("}") or one.count("[") > one.count("]") for one in near.splitlines()):
        return "a bracket is not closed here or in the line before"
    return "mend the colons, the indentation or the quotes here or in the line before"


class _Reader:
    """Turns nodes into values. Keys and digits stay text where YAML would make octal numbers or booleans of them."""

    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self.wrong: list[Finding] = []
        self._nodes = 0

    def value(self, node: yaml.Node | None, path: Path) -> Any:
        self._nodes += 1
        if node is None:
            return None
        line = node.start_mark.line + 1
        self.lines[path] = line
        if self._nodes > MOST_NODES or len(path) > 20:
            self.wrong = self.wrong or [Finding(line, "too long or too deep: split the flow, take out anchors")]
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, n)) for n, item in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.wrong.append(Finding(line, "a key is no plain text: write it in quotes"))
                continue
            key = str(key_node.value)
            if key in found:
                self.wrong.append(Finding(line, f"{key!r} stands twice in one place: take one out"))
            found[key] = self.value(value_node, (*path, key))
            self.lines[*path, key] = line
        return found


def _scalar(node: yaml.ScalarNode) -> object:
    text = str(node.value)
    if node.style is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text) if len(text) < 18 else text
    return float(text) if _BROKEN.fullmatch(text) else text


def _nearest(lines: dict[Path, int], path: Sequence[str | int]) -> int:
    for length in range(len(path), -1, -1):
        if (line := lines.get(tuple(path[:length]))) is not None:
            return line
    return 1


def _finding(message: str, value: Any, lines: dict[Path, int]) -> Finding:
    """Return msgspec's complaint with its line and what to do."""
    match = _PLACE.fullmatch(message)
    what, where = (match["what"], match["path"] or "") if match else (message, "")
    path: list[str | int] = []
    for name, index in _PART.findall(where):
        if index == "...":  # somewhere among a mapping's keys or values: msgspec does not say which
            break
        path.append(name or int(index))
    mend = next((f"; {tells}" for pattern, tells in _MENDS if re.search(pattern, message)), "")
    if what.startswith("Expected `str`, got `int`"):
        mend = "; write it in quotes"
    elif missing := re.search("missing required field `(?!do`)([a-z_]+)`", what):
        mend = f"; add {missing[1]}: … to this step" if "steps" in path or "flows" in path else f"; add {missing[1]}:"
    elif "missing required field `do`" in what:
        mend = "; say which kind of step it is: do: say, menu, queue, …"
    elif where.endswith(".do"):
        mend = f"; the kinds are {', '.join(KINDS)}"
    elif "unknown field" in what:
        name = what.rpartition("unknown field ")[2].strip("`")
        path.append(name)
        mend = "; take it out or correct its spelling (docs/flows.md names them all)"
    place = ".".join(str(part) for part in path)
    return Finding(_nearest(lines, path), f"{what}{f' at {place}' if place else ''}{mend}")
