"""Which flow a number dialled has. The default asks nothing: greeting, notice, human."""

from collections.abc import Mapping

import msgspec

from ivr.steps import AnyStep, Enter, Flow, HangUp, Notice, Say, Steps, Survey
from messages.ids import QueueId

REVISIT = "revisit"
"""Under which name, among the numbers dialled, the flow of revisits by keypad is kept."""


class FlowSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Prompts by name, and which queue each DID leads to; the rest goes to `queue`.

    `files`: the flow's file of each DID; "" is for every number that has none of its own. `survey`: ask how satisfied
    they are those whose flow does not say what follows the talk. `revisit`: the file of what citizens are asked by
    keypad about their case.
    """

    greeting: str = "greeting"
    notice: str = "notice"
    queue: QueueId = QueueId("12345")
    dids: dict[str, QueueId] = {}
    files: dict[str, str] = {}
    survey: bool = False
    revisit: str = ""


def queue_for(did: str, settings: FlowSettings) -> QueueId:
    """Return the queue that a number leads to if its flow names none."""
    return settings.dids.get(did, settings.queue)


def flow_for(did: str, settings: FlowSettings, flows: Mapping[str, Flow] | None = None) -> Flow:
    """Return the flow of a caller who dialled `did`: its own, else the one for all, else the default; REVISIT's."""
    if did == REVISIT:
        return _revisit(flows or {})
    for key in (did, ""):
        if flows and key in flows:
            flow = flows[key]
            queue, after = flow.queue or queue_for(did, settings), flow.after or _after(settings)
            return msgspec.structs.replace(flow, queue=queue, after=after)
    steps: list[AnyStep] = []
    if settings.greeting:
        steps.append(Say(prompt=settings.greeting))
    if settings.notice:
        steps.append(Notice(prompt=settings.notice))
    queue = queue_for(did, settings)
    return Flow(steps=(*steps, Enter(queue=queue)), queue=queue, after=_after(settings))


def called_back(flow: Flow, queue: QueueId) -> Flow:
    """Return what a citizen hears whom we rang to be held for a queue, until the talk is over."""
    return msgspec.structs.replace(flow, steps=(Notice(prompt="callback-notice"), Enter(queue=queue)), queue=queue)


def _revisit(flows: Mapping[str, Flow]) -> Flow:
    """Return what a citizen is asked by keypad; its end is the call's."""
    flow = flows.get(REVISIT) or Flow(steps=(Survey(prompt="revisit"),))
    return msgspec.structs.replace(flow, steps=(*flow.steps, HangUp(prompt="revisit-thanks")), after=())


def _after(settings: FlowSettings) -> Steps:
    return (Survey(), HangUp()) if settings.survey else ()


def after_talk(flow: Flow) -> Flow | None:
    """Return what a citizen hears whose agent has hung up, None where that is nothing; its end is the call's."""
    return msgspec.structs.replace(flow, steps=(*flow.after, HangUp()), after=()) if flow.after else None
