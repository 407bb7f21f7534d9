"""Takes a flow without a telephone: what a caller hears who presses these keys, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ivr import actions as do
from ivr.run import Context, Run
from ivr.steps import Flow, Language
from ivr.texts import TEXTS

SILENCE = "-"
HANGS_UP = "x"


def try_out(flow: Flow, context: Context, keys: Iterable[str]) -> Iterator[str]:
    """Yield what happens; `keys`: for each question what is pressed, `-` nothing, `x` the caller hangs up."""
    left = iter(keys)
    run = Run(flow, context)
    while not run.over:
        action = run.action
        match action:
            case do.Play(prompt, language):
                yield f"hears   {_text(flow, prompt, language)}"
                run.take(do.Heard())
            case do.Ask(prompt, language):
                yield f"asked   {_text(flow, prompt, language)}"
                keyed = next(left, SILENCE)
                yield _answer(keyed, action)
                run.take(_result(keyed), action.seconds if keyed == SILENCE else 0.0)
            case do.TakeMessage(prompt, language, most_s):
                yield f"hears   {_text(flow, prompt, language)}"
                yield f"speaks  a message of at most {most_s:g} s"
                run.take(do.Heard())
            case do.Surveyed(question, key, satisfied):
                if key:
                    said = {True: ", satisfied", False: ", not satisfied", None: ""}[satisfied]
                    yield f"noted   {question}: {key}{said}"
                run.take(do.Heard())
            case _:
                yield "noted   a call back is wanted"
                run.take(do.Heard())
    yield _last(run)
    yield from _chosen(run)


def _text(flow: Flow, prompt: str, language: Language) -> str:
    text = flow.prompts.get(prompt, {}).get(language) or TEXTS.get(prompt, {}).get(language)
    return f"{prompt} ({language})" + (f": {text}" if text else "")


def _result(keyed: str) -> do.Result:
    if keyed in ("", SILENCE):
        return do.Silence()
    return do.Gone() if keyed == HANGS_UP else do.Keys(keyed)


def _answer(keyed: str, ask: do.Ask) -> str:
    if keyed in ("", SILENCE):
        return f"presses nothing for {ask.seconds:g} s"
    return "hangs up" if keyed == HANGS_UP else f"presses {keyed}"


def _last(run: Run) -> str:
    match run.action:
        case do.Queue(queue):
            return f"waits   in queue {queue}"
        case do.PassOn(to):
            return f"passed  on to {to}"
        case do.End(gone=True):
            return "ends    the caller hung up"
        case _:
            return "ends    we hang up"


def _chosen(run: Run) -> Iterator[str]:
    chosen = run.chosen
    if chosen.path:
        yield f"path    {' → '.join(chosen.path)}"
    for need in chosen.needs:
        yield f"needs   {need.skill} at level {need.level} or above"
    if chosen.priority:
        yield f"priority {chosen.priority}"
    if chosen.confidential:
        yield "confidential"
    yield f"{'heard' if chosen.noticed else 'did not hear'} the recording notice; {chosen.menu_s:g} s waiting for keys"
