"""Seats: agents log in and out and say whether they take calls; supervisors may say so for them."""

from datetime import timedelta

from agents.agent import Agent
from agents.transitions import IN_CALL, IN_OFFER, Cause
from center.settings import SecondLogin
from center.turn import Turn
from messages import commands, events, facts, requests
from messages.errors import Conflict, Invalid, NotFound, Refused
from messages.ids import AgentId, NodeId, Phone
from messages.values import AgentState, Reason

MAX_REASON = 100
_BUSY = IN_CALL | IN_OFFER
_DEAF = frozenset({Reason.DEAF_PHONE, Reason.DEAF_DESKTOP})


def log_in(turn: Turn, request: requests.LogIn) -> None:
    """Take a seat. Again at the same phone: no change; elsewhere, or where somebody else sits: as the settings say."""
    agent = turn.state.roster.get(request.agent)
    phone = request.phone or _phone_of(turn, request.seat) or agent.usual_phone
    in_the_way: list[Agent] = []
    if agent.state is not AgentState.LOGGED_OUT:
        if agent.phone == phone:
            return
        _may_take_over(turn, agent, f"agent {agent.id} is logged in at phone {agent.phone}")
        in_the_way.append(agent)
    holder = turn.state.roster.at(phone)
    if holder is not None and holder is not agent:
        _may_take_over(turn, holder, f"phone {phone} is taken by agent {holder.id}")
        in_the_way.append(holder)
    for other in in_the_way:
        turn.move(other, Cause.LOG_OUT, reason=f"taken over by {agent.id}", by=request.by)
    turn.move(agent, Cause.LOG_IN, reason=Reason.LOGGED_IN, by=request.by, phone=phone, seat=request.seat)


def _phone_of(turn: Turn, seat: str) -> Phone:
    if not seat:
        return Phone("")
    for known in turn.state.settings.seats:
        if known.id == seat:
            return known.phone
    raise NotFound(f"no seat {seat}")


def _may_take_over(turn: Turn, holder: Agent, what: str) -> None:
    """Raise Conflict where whoever is in the way may not be logged out."""
    if turn.state.settings.second_login is SecondLogin.REFUSE:
        raise Conflict(f"{what}; log out there first")
    if holder.state in _BUSY:
        raise Conflict(f"{what} and is {holder.state}")


def log_out(turn: Turn, request: requests.LogOut) -> None:
    """Leave the seat; not possible during an offer or a call."""
    agent = turn.state.roster.get(request.agent)
    if agent.state is not AgentState.LOGGED_OUT:
        turn.move(agent, Cause.LOG_OUT, by=request.by)


def go_ready(turn: Turn, request: requests.GoReady) -> None:
    """Take calls; ends wrap-up early; during a call, takes back a planned not-ready. Refused to a deaf seat."""
    agent = turn.state.roster.get(request.agent)
    if agent.state in _BUSY:
        _plan(turn, agent, "")
    elif agent.state is not AgentState.READY:
        _check_hears(turn, agent)
        turn.move(agent, Cause.GO_READY, by=request.by)


def _check_hears(turn: Turn, agent: Agent) -> None:
    match turn.state.deaf_reason(agent):
        case Reason.DEAF_PHONE:
            raise Refused(f"phone {agent.phone} does not answer; see that it is registered, then go ready")
        case Reason.DEAF_DESKTOP:
            raise Refused(f"the desktop of agent {agent.id} is not connected; open it, then go ready")


def go_not_ready(turn: Turn, request: requests.GoNotReady) -> None:
    """Take no calls, for a reason; during an offer or a call, after it."""
    agent = turn.state.roster.get(request.agent)
    reason = _reason(request.reason)
    if agent.state in _BUSY:
        _plan(turn, agent, reason)
    elif agent.state is not AgentState.NOT_READY or agent.reason != reason:
        turn.move(agent, Cause.GO_NOT_READY, reason=reason, by=request.by)


def force(turn: Turn, request: requests.ForceState) -> None:
    """A supervisor brings an agent to a state, for a reason; during a call only what follows it can be said."""
    agent = turn.state.roster.get(request.agent)
    reason = _reason(request.reason)
    cause = _FORCED.get(request.state)
    if cause is None:
        raise Invalid("state: ready, not_ready or logged_out")
    if agent.state in _BUSY and cause is not Cause.LOG_OUT:
        _plan(turn, agent, reason if cause is Cause.GO_NOT_READY else "")
        return
    if cause is Cause.GO_READY:
        _check_hears(turn, agent)
    if agent.state is not request.state or cause is Cause.GO_NOT_READY:
        turn.move(agent, cause, reason=reason, by=request.by, forced=True)


_FORCED = {
    AgentState.READY: Cause.GO_READY,
    AgentState.NOT_READY: Cause.GO_NOT_READY,
    AgentState.LOGGED_OUT: Cause.LOG_OUT,
}


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason or len(reason) > MAX_REASON:
        raise Invalid(f"reason: give one, of at most {MAX_REASON} characters")
    return reason


def _plan(turn: Turn, agent: Agent, reason: str) -> None:
    if agent.planned != reason:
        turn.record(events.AgentPlanned(agent=agent.id, reason=reason))


def extend_wrap_up(turn: Turn, request: requests.ExtendWrapUp) -> None:
    """Wrap up for longer, up to the queue's maximum. Raises Refused, Invalid."""
    agent = turn.state.roster.get(request.agent)
    if agent.state is not AgentState.WRAP_UP or agent.since is None or agent.until is None:
        raise Refused(f"agent {agent.id} is {agent.state}")
    if not 0 < request.seconds <= 3600:
        raise Invalid("seconds: more than 0, at most 3600")
    queue = turn.state.queues.get(agent.queue) if agent.queue else None
    longest_s = (queue or turn.state.settings.queues[0]).wrap_up_max_s
    latest = agent.since + timedelta(seconds=longest_s)
    if agent.until >= latest:
        raise Refused(f"wrap-up lasts at most {longest_s:.0f} s here")
    until = min(agent.until + timedelta(seconds=request.seconds), latest)
    turn.record(events.WrapUpExtended(agent=agent.id, until=until))


def phone_seen(turn: Turn, fact: facts.PhoneSeen) -> None:
    """A phone answers Asterisk, or no longer does."""
    if (fact.phone not in turn.state.deaf) is fact.reachable:
        return
    turn.record(events.PhoneChanged(phone=fact.phone, reachable=fact.reachable))
    if agent := turn.state.roster.at(fact.phone):
        _follow_hearing(turn, agent)


def desktop_seen(turn: Turn, fact: facts.DesktopSeen) -> None:
    """An agent's desktop is there, or is gone."""
    agent = turn.state.roster.by_id.get(fact.agent)
    if agent is None or agent.desktop is fact.connected:
        return
    turn.record(events.DesktopChanged(agent=agent.id, connected=fact.connected))
    _follow_hearing(turn, agent)


def _follow_hearing(turn: Turn, agent: Agent) -> None:
    """Take a deaf seat out of the free, with the reason; give it back once it hears again."""
    reason = turn.state.deaf_reason(agent)
    if reason and agent.state is AgentState.READY:
        turn.move(agent, Cause.GO_NOT_READY, reason=reason)
    elif agent.state is AgentState.NOT_READY and agent.reason in _DEAF:
        if not reason:
            turn.move(agent, Cause.GO_READY)
        elif agent.reason != reason:
            turn.move(agent, Cause.GO_NOT_READY, reason=reason)


def mirror(turn: Turn) -> None:
    """Tell every node's fallback queue which agents came, went, or take no calls since this turn.

    Who talks stays in line: Asterisk sees that the phone is in use, and nobody could tell it of the end if we died now.
    """
    for entry in turn.entries:
        event = entry.event
        if type(event) is not events.AgentStateChanged or not _serves(turn, event.agent):
            continue
        if _shown(event.before) != _shown(event.after):
            for node, up in turn.state.nodes.items():
                if up:
                    mirror_agent(turn, node, event.agent, event.phone, event.after)


def mirror_agent(turn: Turn, node: NodeId, agent: AgentId, phone: Phone, state: AgentState) -> None:
    """Put one agent's membership in step on one node; who serves no queue, as a leader, is in none of Asterisk's."""
    present, ready = _shown(state)
    present = present and _serves(turn, agent)
    turn.command(commands.MirrorAgent, node, agent=agent, phone=phone, present=present, ready=ready)


def _serves(turn: Turn, agent: AgentId) -> bool:
    known = turn.state.roster.by_id.get(agent)
    return known is None or bool(known.queues)


def _shown(state: AgentState) -> tuple[bool, bool]:
    return state is not AgentState.LOGGED_OUT, state not in (AgentState.LOGGED_OUT, AgentState.NOT_READY)
