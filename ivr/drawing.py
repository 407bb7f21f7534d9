"""Draws a flow as a Mermaid flowchart."""

from __future__ import annotations

from ivr.steps import (
    AnyStep,
    Callback,
    Collect,
    Condition,
    Enter,
    Flow,
    HangUp,
    Hours,
    Menu,
    Message,
    Set,
    SetLanguage,
    Steps,
    SubFlow,
    Survey,
    Transfer,
    ways_out,
)

_ASKS = (Menu, Collect, Survey, Callback)
_FORKS = (Hours, Condition)
_ENDS = (Enter, HangUp, Message, Transfer)


def draw(flow: Flow) -> str:
    """Return the flow as Mermaid text, each sub-flow in a frame of its own."""
    lines = ["flowchart TD", *_list(flow.steps, "s")]
    for n, (name, steps) in enumerate(flow.flows.items()):
        lines += [f'  subgraph f{n}["{_plain(name)}"]', *_list(steps, f"f{n}s"), "  end"]
    return "\n".join(lines) + "\n"


def _list(steps: Steps, prefix: str) -> list[str]:
    places = {step.label: n for n, step in enumerate(steps) if step.label}
    nodes = [f"  {prefix}{n}{_shape(step)}" for n, step in enumerate(steps)]
    edges: list[str] = []
    ended = False
    for n, step in enumerate(steps):
        for way, label in ways_out(step).items():
            at = places.get(label, len(steps)) if label else n + 1
            ended = ended or at == len(steps)
            target = f"{prefix}{at}" if at < len(steps) else f"{prefix}end"
            edges.append(f'  {prefix}{n} -->|"{_plain(way)}"| {target}' if way else f"  {prefix}{n} --> {target}")
    return [*nodes, *([f"  {prefix}end((end))"] if ended else []), *edges]


def _shape(step: AnyStep) -> str:
    text = _plain(_says(step))
    if isinstance(step, _ASKS):
        return f'[/"{text}"/]'
    if isinstance(step, _FORKS):
        return f'{{"{text}"}}'
    return f'(["{text}"])' if isinstance(step, _ENDS) else f'["{text}"]'


def _says(step: AnyStep) -> str:
    kind = str(type(step).__struct_config__.tag)
    what: str
    match step:
        case Enter():
            what = step.queue
        case Transfer():
            what = step.to
        case Hours():
            what = step.calendar
        case Condition():
            what = step.value
        case SubFlow():
            what = step.flow
        case SetLanguage():
            what = step.language
        case Set():
            what = ", ".join(_set(step))
        case _:
            what = str(getattr(step, "prompt", ""))
    return f"{f'{step.label}: ' if step.label else ''}{kind.replace('_', ' ')} {what}".strip()


def _set(step: Set) -> list[str]:
    says = [f"needs {need.skill} {need.level}" for need in step.needs]
    if step.priority is not None:
        says.append(f"priority {step.priority}")
    if step.confidential is not None:
        says.append("confidential" if step.confidential else "not confidential")
    return says


def _plain(text: str) -> str:
    """Return a text that ends no Mermaid string."""
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace("\n", " ")
