"""What goes on now: queues, calls, bursts, operations."""

from __future__ import annotations

import msgspec

from api.masking import masked_target, sees_numbers
from api.queue_views import queue_views
from api.rest.bodies import (
    CallsAnswer,
    OpenBody,
    QueuesAnswer,
    SurgesAnswer,
)
from api.rest.endpoint import Answer, Asked
from api.rest.recall import Noted
from api.rights import SEE_ALL_CALLS, has_part_in, oversees
from api.views import call_view, surge_views
from calls.call import Call
from calls.transitions import CallState
from messages import requests
from messages.errors import Forbidden, NotFound
from messages.ids import QueueId
from queueing.settings import QueueSettings


async def list_queues(asked: Asked) -> Answer:
    """Return the queues as they are now."""
    state, scope = asked.services.mirror.state, asked.services.scope
    queues = [queue for queue in state.settings.queues if scope.has_queue(asked.principal, queue)]
    return Answer(QueuesAnswer(items=queue_views(state, queues, asked.services.clock(), asked.services.rolling)))


async def get_queue(asked: Asked) -> Answer:
    """Return one queue as it is now."""
    return _shown(asked, _queue(asked))


async def open_queue(asked: Asked) -> Answer:
    """Open or close a queue; whoever waits in it stays."""
    queue, body = _queue(asked), asked.body
    wish: OpenBody = body
    request = requests.OpenQueue(by=asked.principal.user, queue=queue.id, open=wish.open, reason=wish.reason)
    await asked.decide(request)
    return _shown(asked, queue)


async def list_surges(asked: Asked) -> Answer:
    """Return the bursts of calls that go on, with how many callers each has deflected."""
    state = asked.services.mirror.state
    return Answer(SurgesAnswer(items=surge_views(state, asked.services.scope, asked.principal)))


async def list_calls(asked: Asked) -> Answer:
    """Return the live calls: all, or an agent's own and the parked ones that they may pick up."""
    state = asked.services.mirror.state
    seen = [call for call in state.calls.values() if _sees(asked, call)]
    return Answer(CallsAnswer(items=[call_view(state, call, asked.principal) for call in seen]))


def _sees(asked: Asked, call: Call) -> bool:
    if not asked.roles.isdisjoint(SEE_ALL_CALLS):
        return asked.services.scope.has_call(asked.principal, call)
    if has_part_in(asked.principal, call):
        return True
    own = asked.services.mirror.state.roster.by_id.get(asked.principal.agent) if asked.principal.agent else None
    return own is not None and call.state is CallState.PARKED and call.queue in own.queues


async def get_operation(asked: Asked) -> Answer:
    """Return how far an operation is: one's own, one about one's own seat, or any for a supervisor."""
    noted = asked.services.recall.operation(asked.path["operation"])
    if noted is None or not _is_ours(asked, noted):
        raise NotFound(f"no operation {asked.path['operation']}, or it is long over")
    operation, principal = noted.operation, asked.principal
    own = operation.by == principal.user
    about_own = principal.agent is not None and operation.agent == principal.agent and operation.verb != "listen"
    if not (own or about_own or oversees(principal)):
        raise Forbidden("that operation is somebody else's")
    hidden = noted.confidential or asked.services.mirror.state.is_confidential(noted.contact)
    if hidden or not (sees_numbers(principal) or own or (about_own and operation.verb == "dial_out")):
        operation = msgspec.structs.replace(operation, target=masked_target(operation.target))
    return Answer(operation)


def _is_ours(asked: Asked, noted: Noted) -> bool:
    principal = asked.principal
    return not principal.tenant or noted.operation.by == principal.user or principal.tenant in noted.tenants


def _queue(asked: Asked) -> QueueSettings:
    queue = asked.services.mirror.state.queues.get(QueueId(asked.path["queue"]))
    if queue is None or not asked.services.scope.has_queue(asked.principal, queue):
        raise NotFound(f"no queue {asked.path['queue']}")
    asked.note(tenant=queue.tenant)
    return queue


def _shown(asked: Asked, queue: QueueSettings) -> Answer:
    [view] = queue_views(asked.services.mirror.state, [queue], asked.services.clock(), asked.services.rolling)
    return Answer(view)
