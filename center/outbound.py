"""Outbound: an agent calls a number, at once or after a preview."""

from datetime import timedelta

from agents.agent import Agent
from agents.transitions import Cause, may
from center import offers, operations, transfers
from center.notes import check_case_no
from center.turn import Turn
from messages import commands, events, requests
from messages.errors import Invalid, Refused
from messages.ids import AgentId, LegId, NodeId, OperationId
from messages.values import AgentState, Target, TargetKind, Verb

MAX_PURPOSE = 500
MAX_PREVIEW_S = 600.0


def dial_out(turn: Turn, request: requests.DialOut) -> None:
    """Ring the agent's phone to dial a number, or show it to the agent first. Raises Refused, Invalid, NotFound."""
    agent = turn.state.roster.get(request.agent)
    if not transfers.is_outside(turn, request.number):
        raise Invalid(f"number: {turn.state.settings.outside_digits} to 20 digits, a leading + allowed")
    if request.case_no:
        check_case_no(request.case_no)
    if len(request.unit) > MAX_PURPOSE:
        raise Invalid(f"unit: at most {MAX_PURPOSE} characters")
    if len(request.purpose) > MAX_PURPOSE:
        raise Invalid(f"purpose: at most {MAX_PURPOSE} characters")
    if not 0 <= request.preview_s <= MAX_PREVIEW_S:
        raise Invalid(f"preview_s: 0 to {MAX_PREVIEW_S:.0f} seconds")
    check_free(turn, agent, previewed=request.preview_s > 0)
    if request.preview_s:
        show(turn, request, agent)
    else:
        dial(turn, request, agent)


def dial(turn: Turn, request: requests.DialOut, agent: Agent) -> OperationId:
    """Ring a free agent's phone to dial a number at once, and return the operation."""
    operation = _start(turn, request, turn.state.settings.party_ring_s)
    offers.engage(turn, agent, None, leg_of(operation))
    _ring(turn, agent, operation, request)
    return operation


def check_free(turn: Turn, agent: Agent, *, previewed: bool) -> None:
    """Raise Refused unless the agent may dial, or be shown what to dial, now."""
    fitting = agent.state is AgentState.READY if previewed else may(agent.state, Cause.ENGAGE)
    if not fitting:
        raise Refused(f"agent {agent.id} is {agent.state}")
    if reason := turn.state.deaf_reason(agent):
        raise Refused(f"agent {agent.id} does not hear us: {reason}")
    if not can_dial(turn):
        raise Refused("no Asterisk is heard now; try again in a moment")


def can_dial(turn: Turn) -> bool:
    """Tell whether there is an Asterisk to dial with."""
    return node_of(turn) is not None


def node_of(turn: Turn) -> NodeId | None:
    """Return the Asterisk to dial with, None where none is heard."""
    return next((node for node, up in turn.state.nodes.items() if up), None)


def leg_of(operation: OperationId) -> LegId:
    """Return the leg that an operation dials for."""
    return LegId(f"{operation}/1")


def _start(turn: Turn, request: requests.DialOut, within_s: float) -> OperationId:
    settings = turn.state.settings
    # The agent's phone rings, then the citizen's.
    until = turn.now + timedelta(seconds=within_s + 2 * settings.party_ring_s + settings.operation_s)
    leg = leg_of(OperationId(turn.new_id("o")))
    return turn.start(
        Verb.DIAL_OUT,
        request.by,
        until=until,
        contact=request.contact,
        agent=request.agent,
        party=leg,
        target=Target(TargetKind.NUMBER, request.number),
        reason=request.purpose,
        confidential=_is_confidential(turn, request),
    )


def show(turn: Turn, request: requests.DialOut, agent: Agent) -> OperationId:
    """Reserve a ready agent and show the number, and return the operation."""
    operation = _start(turn, request, request.preview_s)
    turn.move(agent, Cause.OFFER)
    turn.record(
        events.PreviewShown(
            operation=operation,
            agent=agent.id,
            by=request.by,
            number=request.number,
            until=turn.now + timedelta(seconds=request.preview_s),
            purpose=request.purpose,
            about=request.contact,
            case_no=request.case_no,
            unit=request.unit,
            confidential=_is_confidential(turn, request),
        )
    )
    return operation


def _is_confidential(turn: Turn, request: requests.DialOut) -> bool:
    return request.confidential or turn.state.is_confidential(request.contact)


def answer_preview(turn: Turn, request: requests.AnswerPreview) -> None:
    """Dial what was shown, or decline. Raises Refused where nothing is shown."""
    agent = turn.state.roster.get(request.agent)
    preview = turn.state.previews.get(agent.id)
    if preview is None:
        raise Refused("nothing is shown to dial")
    _end(turn, agent, preview, dial=request.dial and agent.state is AgentState.RESERVED)


def preview_over(turn: Turn, agent_id: str) -> None:
    """The agent let a preview pass."""
    agent = AgentId(agent_id)
    _end(turn, turn.state.roster.get(agent), turn.state.previews[agent], dial=False)


def _end(turn: Turn, agent: Agent, preview: events.PreviewShown, *, dial: bool) -> None:
    shown = agent.state is AgentState.RESERVED and agent.leg is None
    called = any(call.number == preview.number for call in turn.state.calls.values())
    dial = dial and shown and not called
    turn.record(events.PreviewEnded(operation=preview.operation, agent=agent.id, dialled=dial))
    operation = turn.state.operations.get(preview.operation)
    if not shown:  # answered another call meanwhile
        if operation:
            operations.fail(turn, operation, "answered another call")
        return
    turn.id = turn.operation = preview.operation
    if dial:
        turn.move(agent, Cause.KEEP, leg=leg_of(preview.operation))
        request = requests.DialOut(
            by=preview.by,
            agent=agent.id,
            number=preview.number,
            purpose=preview.purpose,
            contact=preview.about,
            case_no=preview.case_no,
            unit=preview.unit,
            confidential=preview.confidential,
        )
        _ring(turn, agent, preview.operation, request)
        return
    offers.give_back(turn, agent)
    if operation:
        operations.fail(turn, operation, "on the line with us" if called else "declined")


def _ring(turn: Turn, agent: Agent, operation: OperationId, request: requests.DialOut) -> None:
    node, leg, ring_s = node_of(turn), leg_of(operation), turn.state.settings.party_ring_s
    shown = offers.caller_id(turn, agent.tenant)
    turn.record(
        events.DialledOut(
            operation=operation,
            leg=leg,
            agent=agent.id,
            by=request.by,
            phone=agent.phone,
            node=node or NodeId(""),
            number=request.number,
            caller_id=shown,
            ring_until=turn.now + timedelta(seconds=ring_s),
            purpose=request.purpose,
            about=request.contact,
            case_no=request.case_no,
            unit=request.unit,
            confidential=_is_confidential(turn, request),
        )
    )
    if node is not None:
        turn.command(
            commands.DialOut,
            node,
            operation=operation,
            leg=leg,
            phone=agent.phone,
            number=request.number,
            caller_id=shown,
            ring_s=ring_s,
            notice=turn.state.settings.outbound_notice,
        )
