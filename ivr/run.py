"""The interpreter: takes one caller through a flow, action by action, and knows no telephone.

Whatever a flow says and a caller does, it ends: in a queue, with the call passed on, or with a hang-up.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

import msgspec

from ivr import actions as do
from ivr.actions import Action, Chosen, Result
from ivr.steps import (
    AnyStep,
    Callback,
    Collect,
    Condition,
    Enter,
    Flow,
    HangUp,
    Hours,
    Language,
    Menu,
    Message,
    Notice,
    Say,
    Set,
    SetLanguage,
    Steps,
    SubFlow,
    Survey,
    Transfer,
    ways_out,
)
from messages.ids import QueueId

MOST_UNANSWERED = 30
"""Prompts a caller hears who presses no key; then a human is the better answer."""
MOST_STEPS = 500
MOST_DEEP = 8

_Doing = Generator[Action, Result, str | None]
"""Gives the label to go to, empty for the next step; None ends the flow."""


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a call before it is asked anything. `queue`: where a flow that leads nowhere leads."""

    queue: QueueId
    number: str = ""
    did: str = ""
    is_open: Callable[[str], bool] = lambda calendar: True


class _LedNowhere(Exception):
    """The flow goes round and round."""


class Run:
    """One caller in a flow: `action` is what to do now, `take` tells how it went."""

    def __init__(self, flow: Flow, context: Context, language: Language | None = None) -> None:
        """Begin; `language`: the one already spoken with the caller."""
        self.chosen = Chosen(language=language or flow.language)
        self.values = {"number": context.number, "did": context.did, "language": str(self.chosen.language)}
        self._flow = flow
        self._context = context
        self._queue = flow.queue or context.queue
        self._steps = self._unanswered = 0
        self._way = self._go()
        self.action = next(self._way)

    def __repr__(self) -> str:
        return f"<Run after {self._steps} steps: {self.action}>"

    @property
    def over(self) -> bool:
        """Whether the flow has said its last."""
        return isinstance(self.action, do.LAST)

    def take(self, result: Result, seconds: float = 0.0) -> Action:
        """Take how the present action went and how long it took; return the next one. The last one stays."""
        if self.over:
            return self.action
        if isinstance(result, do.Gone):
            self._count(seconds)
            self.action = do.End(gone=True)
            self._way.close()
            return self.action
        self._count(seconds)
        if isinstance(result, do.Keys):
            self._unanswered = 0
        self.action = self._way.send(result)
        return self.action

    def _count(self, seconds: float) -> None:
        if isinstance(self.action, do.Ask):
            self._choose(menu_s=self.chosen.menu_s + max(0.0, seconds))

    def _choose(self, **changes: object) -> None:
        self.chosen = msgspec.structs.replace(self.chosen, **changes)

    def _go(self) -> Generator[Action, Result, None]:
        """Take the steps; whoever they lead nowhere is queued. Never returns before an action that is the last."""
        try:
            over = yield from self._through(self._flow.steps, 0)
        except _LedNowhere:
            over = False
        if not over:
            yield do.Queue(self._queue)

    def _through(self, steps: Steps, depth: int) -> Generator[Action, Result, bool]:
        """Take a list of steps; tell whether the flow is over, and not only this list."""
        labels = {step.label: n for n, step in enumerate(steps) if step.label}
        n = 0
        while n < len(steps):
            self._steps += 1
            if self._steps > MOST_STEPS:
                raise _LedNowhere
            step = steps[n]
            if isinstance(step, SubFlow):
                if depth < MOST_DEEP and (yield from self._through(self._flow.flows.get(step.flow, ()), depth + 1)):
                    return True
                target: str | None = step.goto
            else:
                target = yield from self._do(step)
            if target is None:
                return True
            n = labels.get(target, len(steps)) if target else n + 1
        return False

    def _do(self, step: AnyStep) -> _Doing:
        match step:
            case Say() | Notice():
                heard = yield from self._play(step.prompt)
                if isinstance(step, Notice) and heard:
                    self._choose(noticed=True)
                return step.goto
            case Menu():
                return (yield from self._menu(step))
            case Collect():
                return (yield from self._collect(step))
            case Survey():
                return (yield from self._survey(step))
            case Callback():
                return (yield from self._callback(step))
            case Message():
                return (yield from self._message(step))
            case Enter():
                yield do.Queue(step.queue)
                return None
            case Transfer():
                yield do.PassOn(step.to)
                return None
            case HangUp():
                yield from self._play(step.prompt)
                yield do.End()
                return None
            case _:
                return self._at_once(step)

    def _at_once(self, step: AnyStep) -> str:
        """Take a step the caller does not notice."""
        match step:
            case SetLanguage():
                self.values["language"] = step.language
                self._choose(language=step.language)
            case Set():
                self._set(step)
            case Hours():
                return step.open if self._context.is_open(step.calendar) else step.closed
            case Condition():
                value = self.values.get(step.value, "")
                return next((to for text, to in step.begins.items() if value.startswith(text)), step.otherwise)
        return ways_out(step).get("", "")

    def _set(self, step: Set) -> None:
        chosen = self.chosen
        self._choose(
            priority=chosen.priority if step.priority is None else step.priority,
            confidential=chosen.confidential if step.confidential is None else step.confidential,
            needs=(*chosen.needs, *(need for need in step.needs if need not in chosen.needs)),
        )

    def _prompted(self) -> None:
        self._unanswered += 1
        if self._unanswered > MOST_UNANSWERED:
            raise _LedNowhere

    def _play(self, prompt: str) -> Generator[Action, Result, bool]:
        """Play a prompt; tell whether it was heard."""
        self._prompted()
        result = yield do.Play(prompt, self.chosen.language)
        return not isinstance(result, do.Missing)

    def _ask(self, ask: do.Ask) -> Generator[Action, Result, Result]:
        self._prompted()
        return (yield ask)

    def _keyed(self, step: AnyStep, keys: str) -> None:
        self._choose(path=(*self.chosen.path, f"{step.label or getattr(step, 'prompt', '')}={keys}"))

    def _menu(self, step: Menu) -> _Doing:
        for attempt in range(1, step.attempts + 1):
            ask = do.Ask(
                step.prompt,
                self.chosen.language,
                step.seconds,
                keys="".join(step.keys),
                barge_in=step.barge_in,
                attempt=attempt,
            )
            result = yield from self._ask(ask)
            if isinstance(result, do.Missing):
                break  # nobody can know what to press
            if isinstance(result, do.Keys) and result.keys in step.keys:
                self._keyed(step, result.keys)
                return step.keys[result.keys]
            if attempt < step.attempts:
                yield from self._play(step.invalid if isinstance(result, do.Keys) else step.silent)
        return step.otherwise

    def _collect(self, step: Collect) -> _Doing:
        for attempt in range(1, step.attempts + 1):
            result = yield from self._ask(
                do.Ask(step.prompt, self.chosen.language, step.seconds, most=step.most, attempt=attempt)
            )
            if isinstance(result, do.Missing):
                break
            digits = result.keys.rstrip("#") if isinstance(result, do.Keys) else ""
            if digits.isascii() and digits.isdecimal() and step.least <= len(digits) <= step.most:
                self.values[step.into] = digits
                self._keyed(step, digits)
                return step.goto
            if attempt < step.attempts:
                yield from self._play(step.invalid if isinstance(result, do.Keys) else step.silent)
        return step.otherwise

    def _survey(self, step: Survey) -> _Doing:
        yield do.Surveyed(step.into)
        result = yield from self._ask(do.Ask(step.prompt, self.chosen.language, step.seconds, keys="".join(step.keys)))
        if isinstance(result, do.Keys) and result.keys in step.keys:
            self.values[step.into] = result.keys
            self._keyed(step, result.keys)
            satisfied = None if step.satisfied is None else result.keys in step.satisfied
            yield do.Surveyed(step.into, result.keys, satisfied)
        return step.goto

    def _callback(self, step: Callback) -> _Doing:
        result = yield from self._ask(do.Ask(step.prompt, self.chosen.language, step.seconds, keys=step.key))
        if not (isinstance(result, do.Keys) and result.keys == step.key):
            return step.goto
        self._keyed(step, step.key)
        self._choose(callback=True)
        yield do.CallBack()
        yield from self._play(step.taken)
        yield do.End()
        return None

    def _message(self, step: Message) -> _Doing:
        self._prompted()
        result = yield do.TakeMessage(step.prompt, self.chosen.language, step.most_s)
        if isinstance(result, do.Missing):
            yield do.Queue(self._queue)
            return None
        yield from self._play(step.goodbye)
        yield do.End()
        return None
