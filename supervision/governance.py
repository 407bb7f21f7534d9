"""Who may listen to whom, and on what terms: the first rule that covers both, else nobody."""

from collections.abc import Iterable

import msgspec

from messages.ids import QueueId, UserId
from messages.values import ListeningMode, Role


class ListeningRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Those with one of `roles` may listen in `modes`, where what is heard is covered.

    `tenants`, `teams`, `queues`: of the call, of its agent; empty: any. `own_team`: only agents of teams that the
    listener leads. `confidential`: calls of citizens who asked for confidence, too. `approval`: once somebody else has
    approved. `limit_s`: seconds after which a session ends by itself. `tell_agent`: the agent's desktop shows it.
    """

    roles: tuple[Role, ...]
    modes: tuple[ListeningMode, ...] = (ListeningMode.LISTEN,)
    tenants: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    queues: tuple[QueueId, ...] = ()
    own_team: bool = False
    confidential: bool = False
    approval: bool = False
    limit_s: float | None = None
    tell_agent: bool = False


class SupervisionSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may listen to whom. As delivered: administrators and supervisors in every way, and only the former to
    confidential calls; leaders may hear, for half an hour, what somebody else has approved.

    `approval_s`: seconds after which a request that nobody decided on lapses; `wait_s`: that a session waits for the
    next call.
    """

    rules: tuple[ListeningRule, ...] = (
        ListeningRule(roles=(Role.ADMIN,), modes=tuple(ListeningMode), confidential=True),
        ListeningRule(roles=(Role.SUPERVISOR,), modes=tuple(ListeningMode)),
        ListeningRule(roles=(Role.LEADER,), approval=True, limit_s=1800.0),
    )
    approval_s: float = 600.0
    wait_s: float = 3600.0


class Listener(msgspec.Struct, frozen=True):
    """Who would listen: `leads`: the teams they lead; `tenant` empty: the city's own, who may hear all tenants."""

    user: UserId
    roles: tuple[Role, ...]
    tenant: str
    leads: frozenset[str] = frozenset()


class Heard(msgspec.Struct, frozen=True):
    """Whom they would hear: a call's tenants, queue and confidence, and its agent's team; None: not known yet."""

    tenants: frozenset[str]
    team: str | None = ""
    queue: QueueId | None = None
    confidential: bool = False


def rule_for(
    rules: Iterable[ListeningRule], listener: Listener, heard: Heard, mode: ListeningMode
) -> ListeningRule | None:
    """Return the rule by which somebody may listen in a mode; None: they may not."""
    if listener.tenant and listener.tenant not in heard.tenants:
        return None
    return next((rule for rule in rules if mode in rule.modes and _covers(rule, listener, heard)), None)


def _covers(rule: ListeningRule, listener: Listener, heard: Heard) -> bool:
    if heard.confidential and not rule.confidential:
        return False
    if heard.team is not None and not _covers_team(rule, listener, heard.team):
        return False
    return (
        not set(rule.roles).isdisjoint(listener.roles)
        and (not rule.tenants or not heard.tenants.isdisjoint(rule.tenants))
        and (not rule.queues or heard.queue is None or heard.queue in rule.queues)
    )


def _covers_team(rule: ListeningRule, listener: Listener, team: str) -> bool:
    return (not rule.teams or team in rule.teams) and (not rule.own_team or team in listener.leads)
