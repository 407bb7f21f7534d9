"""Looks through a flow before a caller does: one line for each thing that is wrong, with its mend."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import msgspec

from ivr.reading import Finding, Source
from ivr.steps import (
    AnyStep,
    Callback,
    Collect,
    Condition,
    Enter,
    Hours,
    Menu,
    Message,
    Steps,
    SubFlow,
    Survey,
    Transfer,
    ways_out,
    without_input,
)

GIVEN = ("number", "did", "language")
_LEVELS = range(1, 11)
_PROMPTS = ("prompt", "invalid", "silent", "taken", "goodbye")


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a flow may name; None: whatever it likes."""

    queues: Collection[str] | None = None
    prompts: Collection[str] | None = None
    calendars: Collection[str] | None = None


def check(source: Source, known: Known) -> list[Finding]:
    """Return everything that is wrong, by line."""
    return sorted(set(_Check(source, known).findings()))


class _Check:
    def __init__(self, source: Source, known: Known) -> None:
        self._source = source
        self._flow = source.flow
        self._known = known
        self._kept = {
            step.into for steps in self._lists().values() for step in steps if isinstance(step, Collect | Survey)
        }

    def _lists(self) -> dict[tuple[str, ...], Steps]:
        """Return every list of steps by where it stands."""
        lists: dict[tuple[str, ...], Steps] = {("steps",): self._flow.steps}
        if self._flow.after:
            lists["after",] = self._flow.after
        return lists | {("flows", name): steps for name, steps in self._flow.flows.items()}

    def findings(self) -> Iterator[Finding]:
        flow = self._flow
        if flow.queue:
            yield from self._queue(flow.queue, "queue")
        for where, steps in self._lists().items():
            if not steps:
                yield Finding(self._source.line(*where), "no steps: add one, such as {do: queue, queue: …}")
            yield from self._labels(where, steps)
            for n, step in enumerate(steps):
                yield from self._step((*where, n), step)
            yield from self._reached(where, steps)
            yield from self._loops(where, steps)
        yield from self._sub_flows()

    def _labels(self, where: tuple[str, ...], steps: Steps) -> Iterator[Finding]:
        first: dict[str, int] = {}
        for n, step in enumerate(steps):
            if step.label in first:
                other = self._source.line(*where, first[step.label], "label")
                line = self._source.line(*where, n, "label")
                yield Finding(line, f"label {step.label!r} is taken by line {other}: give one another name")
            elif step.label:
                first[step.label] = n
        for n, step in enumerate(steps):
            for way, label in ways_out(step).items():
                if label and label not in first:
                    line = self._source.line(*where, n, *self._place(step, way))
                    yield Finding(line, f"no step here has the label {label!r}: add it or name another")

    @staticmethod
    def _place(step: AnyStep, way: str) -> tuple[str, ...]:
        if isinstance(step, Menu) and way in step.keys:
            return ("keys", way)
        if isinstance(step, Condition) and way in step.begins:
            return ("begins", way)
        return (way,) if way in ("otherwise", "open", "closed") else ("goto",)

    def _step(self, at: tuple[str | int, ...], step: AnyStep) -> Iterator[Finding]:
        for field in _PROMPTS:
            prompt = getattr(step, field, None)
            if prompt and self._known.prompts is not None and prompt not in {*self._known.prompts, *self._flow.prompts}:
                yield Finding(
                    self._source.line(*at, field),
                    f"there is no prompt {prompt!r}: put its text under prompts:, or a {prompt}.wav into prompts_dir",
                )
        match step:
            case Enter() | Callback() | Message() | Transfer() if at[0] == "after":
                says = "the citizen has been served here: use say, survey, menu, condition or hang_up"
                yield Finding(self._source.line(*at), says)
            case Enter():
                yield from self._queue(step.queue, *at, "queue")
            case Menu():
                yield from self._menu(at, step)
            case Collect() if step.least > step.most:
                yield Finding(
                    self._source.line(*at, "least"), f"least {step.least} is more than most {step.most}: lower it"
                )
            case SubFlow() if step.flow not in self._flow.flows:
                yield Finding(self._source.line(*at, "flow"), f"there is no flow {step.flow!r}: add it under flows:")
            case Hours() if self._known.calendars is not None and step.calendar not in self._known.calendars:
                yield Finding(
                    self._source.line(*at, "calendar"),
                    f"there is no calendar {step.calendar!r}: add it to the settings",
                )
            case Condition() if step.value not in {*GIVEN, *self._kept}:
                says = f"nothing is kept as {step.value!r}: say number, did, language, or what a collect keeps (into:)"
                yield Finding(self._source.line(*at, "value"), says)
            case _:
                for need in getattr(step, "needs", ()):
                    if need.level not in _LEVELS:
                        says = f"{need.skill} is needed at level {need.level}: levels are 1 to 10"
                        yield Finding(self._source.line(*at, "needs"), says)

    def _queue(self, queue: str, *at: str | int) -> Iterator[Finding]:
        if self._known.queues is not None and queue not in self._known.queues:
            says = f"there is no queue {queue!r}: add it to [[center.queues]] or name another"
            yield Finding(self._source.line(*at), says)

    def _menu(self, at: tuple[str | int, ...], step: Menu) -> Iterator[Finding]:
        if not step.otherwise:
            yield Finding(self._source.line(*at), "the menu has no exit: say `otherwise`, for who presses nothing")
        if not step.keys:
            yield Finding(self._source.line(*at, "keys"), 'the menu has no keys: add one, such as "1": label')
        if not all(step.keys.values()):
            yield Finding(self._source.line(*at, "keys"), "a key of the menu leads nowhere: give it a label")

    def _reached(self, where: tuple[str, ...], steps: Steps) -> Iterator[Finding]:
        seen = _follow(steps, lambda step: list(ways_out(step).values()))
        for n, step in enumerate(steps):
            if n not in seen:
                says = "nothing leads to this step: name its label somewhere, or take it out"
                yield Finding(self._source.line(*where, n), f"{says} ({step.label})" if step.label else says)

    def _loops(self, where: tuple[str, ...], steps: Steps) -> Iterator[Finding]:
        """Yield the steps that a caller who does nothing comes back to."""
        for n in range(len(steps)):
            if n in _follow(steps, without_input, start=n, include=False) and n in _first_of_loop(steps, n):
                says = "who presses nothing comes round to this step for ever: let `otherwise` or goto lead to a queue"
                yield Finding(self._source.line(*where, n), says)

    def _sub_flows(self) -> Iterator[Finding]:
        flows = self._flow.flows
        used: set[str] = set()
        waiting = _named(self._flow.steps) | _named(self._flow.after)
        while waiting:
            name = waiting.pop()
            if name in flows and name not in used:
                used.add(name)
                waiting |= _named(flows[name])
        for name in flows:
            if name not in used:
                yield Finding(
                    self._source.line("flows", name), f"flow {name!r} is never taken: name it, or take it out"
                )
            if name in _all_within(flows, name):
                yield Finding(self._source.line("flows", name), f"flow {name!r} leads into itself: break the circle")


def _named(steps: Steps) -> set[str]:
    return {step.flow for step in steps if isinstance(step, SubFlow)}


def _all_within(flows: dict[str, Steps], name: str) -> set[str]:
    seen: set[str] = set()
    waiting = _named(flows[name])
    while waiting:
        inner = waiting.pop()
        if inner in flows and inner not in seen:
            seen.add(inner)
            waiting |= _named(flows[inner])
    return seen


def _next(steps: Steps, n: int, labels: list[str]) -> Iterator[int]:
    places = {step.label: at for at, step in enumerate(steps) if step.label}
    for label in labels:
        at = places.get(label) if label else n + 1
        if at is not None and at < len(steps):
            yield at


def _follow(steps: Steps, ways: Callable[[AnyStep], list[str]], start: int = 0, *, include: bool = True) -> set[int]:
    """Return the steps that can be reached from one of them."""
    seen = {start} if include and steps else set()
    waiting = [start] if steps else []
    while waiting:
        n = waiting.pop()
        for at in _next(steps, n, ways(steps[n])):
            if at not in seen:
                seen.add(at)
                waiting.append(at)
    return seen


def _first_of_loop(steps: Steps, n: int) -> set[int]:
    """Return the first step of the loop that `n` is in, so that each loop is named once."""
    loop = {
        at
        for at in _follow(steps, without_input, start=n, include=False)
        if n in _follow(steps, without_input, start=at, include=False)
    }
    return {min(loop)} if loop else set()
