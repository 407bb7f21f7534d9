"""Which flow a number dialled has. The default asks nothing: greeting, notice, human."""

from collections.abc import Mapping

import msgspec

from ivr.steps import AnyStep, Enter, Flow, HangUp, Notice, Say, Steps, Survey
from messages.ids import QueueId


class FlowSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Prompts by name, and which queue each DID leads to; the rest goes to `queue`.

    `files`: the flow's file of each DID; "" is for every number that has none of its own. `survey`: ask how satisfied
    they are those whose flow does not say what follows the talk.
    """

    greeting: str = "greeting"
    notice: str = "notice"
    queue: QueueId = QueueId("12345")
    dids: dict[str, QueueId] = {}
    files: dict[str, str] = {}
    survey: bool = False


def queue_for(did: str, settings: FlowSettings) -> QueueId:
    """Return the queue that a number leads to if its flow names none."""
    return settings.dids.get(did, settings.queue)


def flow_for(did: str, settings: FlowSettings, flows: Mapping[str, Flow] | None = None) -> Flow:
    """Return the flow of a caller who dialled `did`: its own, else the one for all, else the default."""
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


def _after(settings: FlowSettings) -> Steps:
    return (Survey(), HangUp()) if settings.survey else ()


def after_talk(flow: Flow) -> Flow | None:
    """Return what a citizen hears whose agent has hung up, None where that is nothing; its end is the call's."""
    return msgspec.structs.replace(flow, steps=(*flow.after, HangUp()), after=()) if flow.after else None
