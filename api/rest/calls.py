"""Call control: hold, transfer, consult and the rest; each sets an operation going, which the answer names."""

from __future__ import annotations

from typing import Any

import msgspec

from api.rest.call_bodies import (
    DialBody,
    DigitsBody,
    EmergencyBody,
    OperationAnswer,
    ReasonBody,
    TakeOverBody,
    TargetBody,
)
from api.rest.contacts import check_there, number_of
from api.rest.endpoint import Answer, Asked, Handler
from api.rest.seats import agent_named, own_seat
from api.rights import OVERSEERS, has_part_in, oversees
from calls.call import Call
from messages import requests
from messages.errors import Forbidden, Invalid, NotFound, Refused
from messages.ids import AgentId, CallId, ContactId, Phone, QueueId
from messages.values import Role, Target, TargetKind, Verb

MAY_DIAL_FOR_OTHERS = OVERSEERS | {Role.CASE_SYSTEM}


class Plain(msgspec.Struct, frozen=True, kw_only=True):
    """A verb that needs no more than its call: the word in its address, and what it does."""

    word: str
    verb: Verb
    says: str


PLAIN = (
    Plain(word="hold", verb=Verb.HOLD, says="Put the citizen on hold."),
    Plain(word="resume", verb=Verb.RESUME, says="Take the citizen back."),
    Plain(word="mute", verb=Verb.MUTE, says="Let the citizen hear nothing of the agent."),
    Plain(word="unmute", verb=Verb.UNMUTE, says="Let the citizen hear the agent again."),
    Plain(word="park", verb=Verb.PARK, says="Put the call aside, to be picked up by anyone of its queue."),
    Plain(word="complete", verb=Verb.COMPLETE, says="Pass the citizen on to whom is consulted."),
    Plain(word="cancel", verb=Verb.CANCEL, says="End the consultation and take the citizen back."),
    Plain(word="swap", verb=Verb.SWAP, says="Change between the citizen and whom is consulted."),
    Plain(
        word="recording/pause",
        verb=Verb.PAUSE_RECORDING,
        says="Record silence while the citizen says what is not for keeping; it ends by itself after a while.",
    ),
    Plain(word="recording/resume", verb=Verb.RESUME_RECORDING, says="Record what is said again."),
    Plain(word="recording/start", verb=Verb.START_RECORDING, says="Record the talk, where the queue does on demand."),
    Plain(word="recording/stop", verb=Verb.STOP_RECORDING, says="End a recording that was asked for."),
    Plain(word="leave", verb=Verb.LEAVE, says="Leave a call of several; the others go on."),
)


def plain(one: Plain) -> Handler:
    """Return the handler of a verb that needs no more than its call."""

    async def handler(asked: Asked) -> Answer:
        body: ReasonBody = asked.body
        return await _control(asked, one.verb, reason=body.reason)

    handler.__name__, handler.__doc__ = f"{one.word.replace('/', '_')}_call", one.says
    return handler


async def dtmf(asked: Asked) -> Answer:
    """Press keys on the agent's behalf."""
    body: DigitsBody = asked.body
    return await _control(asked, Verb.DTMF, digits=body.digits)


async def transfer(asked: Asked) -> Answer:
    """Pass the citizen on, at once, to an agent, a queue or a number."""
    return await _to_somebody(asked, Verb.TRANSFER)


async def consult(asked: Asked) -> Answer:
    """Hold the citizen and call an agent or a number; then complete, cancel or swap."""
    return await _to_somebody(asked, Verb.CONSULT)


async def three_way(asked: Asked) -> Answer:
    """Call an agent or a number into the talk; a leader's aide on duty may come into the leader's by themselves."""
    body: TargetBody = asked.body
    call, target = live_call(asked), body.chosen()
    if (leader := _beside(asked, call, target)) is not None:
        return await _ask(asked, call, Verb.THREE_WAY, leader, target=target, reason=body.reason)
    return await _to_somebody(asked, Verb.THREE_WAY)


async def emergency(asked: Asked) -> Answer:
    """Call an emergency service into the talk."""
    body: EmergencyBody = asked.body
    services = asked.services.mirror.state.settings.emergency
    if body.service not in services:
        raise Invalid(f"service: one of {', '.join(services)}")
    return await _control(asked, Verb.EMERGENCY, digits=body.service)


async def pick_up(asked: Asked) -> Answer:
    """Take a parked call: any of a queue one serves, or any for a supervisor with a seat."""
    call, agent = live_call(asked), own_seat(asked)
    serves = asked.services.mirror.state.roster.get(agent).queues
    if not oversees(asked.principal) and call.queue is not None and call.queue not in serves:
        raise Forbidden(f"you do not serve queue {call.queue}")
    return await _ask(asked, call, Verb.PICK_UP, agent)


async def take_over(asked: Asked) -> Answer:
    """Ring the supervisor's phone; once it is answered, it talks to the citizen in the agent's place."""
    body: TakeOverBody = asked.body
    if not body.reason.strip():
        raise Invalid("reason: say why")
    return await _ask(asked, live_call(asked), Verb.TAKE_OVER, None, phone=Phone(body.phone), reason=body.reason)


async def hang_up(asked: Asked) -> Answer:
    """End a live call: one's own, or any for a supervisor, who says why."""
    body: ReasonBody = asked.body
    call = live_call(asked)
    agent = _on_whose_behalf(asked, call)
    if agent is None and not body.reason.strip():
        raise Invalid("reason: say why you end a call that is not your own")
    return await _ask(asked, call, Verb.HANG_UP, agent, reason=body.reason)


async def dial_out(asked: Asked) -> Answer:
    """Call a number for an agent, at once or after they have been shown it."""
    body: DialBody = asked.body
    agent = AgentId(body.agent) if body.agent else own_seat(asked)
    agent_named(asked, agent)
    if agent != asked.principal.agent and asked.roles.isdisjoint(MAY_DIAL_FOR_OTHERS):
        raise Forbidden("agents dial for themselves; a supervisor may let anybody dial")
    if body.contact:
        await check_there(asked, ContactId(body.contact), own_only=False)
    reply = await asked.decide(
        requests.DialOut(
            by=asked.principal.user,
            agent=agent,
            number=body.number or (await number_of(asked, ContactId(body.contact)) if body.contact else ""),
            purpose=body.purpose,
            contact=ContactId(body.contact) if body.contact else None,
            preview_s=body.preview_s,
            case_no=body.case_no,
            unit=body.unit,
        )
    )
    return started(OperationAnswer(operation=reply.operation, agent=agent))


def has_own_part(asked: Asked) -> bool:
    """Tell whether the address names a call that the asker has a part in, or none that is live."""
    call = asked.services.mirror.state.calls.get(CallId(asked.path["call"]))
    return call is None or has_part_in(asked.principal, call)


def live_call(asked: Asked) -> Call:
    """Return the live call that the address names. Raises NotFound, also for one of another tenant."""
    name = CallId(asked.path["call"])
    call = asked.services.mirror.state.calls.get(name)
    if call is None or not asked.services.scope.has_call(asked.principal, call):
        raise NotFound(f"no live call {name}")
    asked.note(contact=call.contact, tenant=call.tenant)
    return call


def started(answer: OperationAnswer) -> Answer:
    """Return the answer of what has been set going, and where to ask what became of it."""
    where = {"Location": f"/api/v1/operations/{answer.operation}"} if answer.operation else {}
    return Answer(answer, 202, where)


async def _to_somebody(asked: Asked, verb: Verb) -> Answer:
    body: TargetBody = asked.body
    target = body.chosen()
    _check_reach(asked, target)
    return await _control(asked, verb, target=target, reason=body.reason)


def _check_reach(asked: Asked, target: Target) -> None:
    """Raise Forbidden for another tenant's queue or agent; what does not exist is the centre's to say."""
    state, tenant = asked.services.mirror.state, ""
    if target.kind is TargetKind.QUEUE:
        tenant = state.tenant_of(QueueId(target.to))
    elif target.kind is TargetKind.AGENT and (agent := state.roster.by_id.get(AgentId(target.to))):
        tenant = agent.tenant
    if not asked.services.scope.may_reach(asked.principal, tenant):
        raise Forbidden("calls may be passed within your own line, and to the city's")


def _beside(asked: Asked, call: Call, target: Target) -> AgentId | None:
    """Return the leader who talks and beside whom the asker, who would join, is the aide on duty; else None."""
    duty, own = asked.services.mirror.state.duty_of(call), asked.principal.agent
    if duty is None or own is None or own != duty.plan.aide or target != Target(TargetKind.AGENT, own):
        return None
    leader = duty.plan.leader
    return leader if any(leg.agent == leader for leg in call.talking_legs()) else None


async def _control(asked: Asked, verb: Verb, **more: Any) -> Answer:
    call = live_call(asked)
    return await _ask(asked, call, verb, _on_whose_behalf(asked, call), **more)


def _on_whose_behalf(asked: Asked, call: Call) -> AgentId | None:
    """Return the asker's agent where they talk, None for a supervisor's act. Raises Forbidden, Refused."""
    own = asked.principal.agent
    legs = [leg for leg in call.alive_legs() if own is not None and leg.agent == own]
    if any(leg.talks for leg in legs):
        return own
    if oversees(asked.principal):
        return None
    if legs:
        raise Refused("you do not talk on this call")
    raise Forbidden("agents act on calls that they talk on; a supervisor may act on any")


async def _ask(asked: Asked, call: Call, verb: Verb, agent: AgentId | None, **more: Any) -> Answer:
    request = requests.ControlCall(by=asked.principal.user, call=call.id, verb=verb, agent=agent, **more)
    reply = await asked.decide(request)
    return started(OperationAnswer(operation=reply.operation, call=call.id, agent=agent))
