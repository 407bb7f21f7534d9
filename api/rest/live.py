"""What goes on now: queues, calls, listening sessions, operations."""

from __future__ import annotations

from api.rest.bodies import CallAnswer, CallsAnswer, ListeningAnswer, ListeningBody, ListeningList, QueuesAnswer
from api.rest.endpoint import Answer, Asked
from api.rest.seats import OVERSEERS
from api.views import call_view, has_part_in, listening_views, queue_view
from messages import requests
from messages.errors import Forbidden, Invalid, NotFound
from messages.ids import CallId, Phone, QueueId, SessionId
from messages.values import ListeningMode, Role

SEE_ALL_CALLS = OVERSEERS | {Role.LEADER, Role.CASE_SYSTEM}


async def list_queues(asked: Asked) -> Answer:
    """Return all queues as they are now."""
    state, now = asked.services.mirror.state, asked.services.clock()
    return Answer(QueuesAnswer(items=[queue_view(state, queue, now) for queue in state.settings.queues]))


async def get_queue(asked: Asked) -> Answer:
    """Return one queue as it is now."""
    state = asked.services.mirror.state
    queue = state.queues.get(QueueId(asked.path["queue"]))
    if queue is None:
        raise NotFound(f"no queue {asked.path['queue']}")
    return Answer(queue_view(state, queue, asked.services.clock()))


async def list_calls(asked: Asked) -> Answer:
    """Return the live calls: all, or an agent's own."""
    everything = not asked.roles.isdisjoint(SEE_ALL_CALLS)
    calls = asked.services.mirror.state.calls.values()
    seen = [call for call in calls if everything or has_part_in(asked.principal, call)]
    return Answer(CallsAnswer(items=[call_view(call, asked.principal) for call in seen]))


async def hang_up(asked: Asked) -> Answer:
    """End a live call: one's own, or any for a supervisor."""
    call_id = CallId(asked.path["call"])
    call = asked.services.mirror.state.calls.get(call_id)
    if call is None:
        raise NotFound(f"no live call {call_id}")
    if asked.roles.isdisjoint(OVERSEERS) and asked.principal.agent not in {leg.agent for leg in call.alive_legs()}:
        raise Forbidden("agents end their own calls; a supervisor may end any")
    await asked.decide(requests.HangUpCall(by=asked.principal.user, call=call_id))
    return Answer(CallAnswer(call=call_id), 202)


async def list_listening(asked: Asked) -> Answer:
    """Return the listening sessions that run or are being set up."""
    return Answer(ListeningList(items=listening_views(asked.services.mirror.state)))


async def start_listening(asked: Asked) -> Answer:
    """Ring the asker's phone and let it hear a call; the operation tells what becomes of it."""
    body: ListeningBody = asked.body
    if body.mode is not ListeningMode.LISTEN:
        raise Invalid("mode: only `listen` so far")
    reply = await asked.decide(
        requests.StartListening(
            by=asked.principal.user,
            call=CallId(body.call),
            phone=Phone(body.phone),
            purpose=body.purpose,
            mode=body.mode,
        )
    )
    where = {"Location": f"/api/v1/operations/{reply.operation}"}
    return Answer(ListeningAnswer(session=reply.id, operation=reply.operation), 202, where)


async def stop_listening(asked: Asked) -> Answer:
    """End a session: one's own, or any for a supervisor."""
    name = SessionId(asked.path["session"])
    session = asked.services.mirror.state.listening.get(name)
    if session is None:
        raise NotFound(f"no listening session {name}")
    if asked.roles.isdisjoint(OVERSEERS) and session.by != asked.principal.user:
        raise Forbidden("that session is somebody else's")
    await asked.decide(requests.StopListening(by=asked.principal.user, session=name))
    return Answer(ListeningAnswer(session=name, operation=session.operation or ""), 202)


async def get_operation(asked: Asked) -> Answer:
    """Return how far an operation is; one's own, or any for a supervisor."""
    operation = asked.services.recall.operation(asked.path["operation"])
    if operation is None:
        raise NotFound(f"no operation {asked.path['operation']}, or it is long over")
    if asked.roles.isdisjoint(OVERSEERS) and operation.by != asked.principal.user:
        raise Forbidden("that operation is somebody else's")
    return Answer(operation)
