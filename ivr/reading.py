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
        raise FlowWrong([Finding(line, f"not YAML: {error.problem}; mend the indentation or the quotes")]) from error
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
    mend = ""
    if what.startswith("Expected `str`, got `int`"):
        mend = "; write it in quotes"
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
