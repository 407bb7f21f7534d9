"""Who may listen to whom: the first rule that covers both, by role, tenant, team, queue, mode and confidence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.ids import QueueId, UserId
from messages.values import ListeningMode, Role
from supervision.governance import Heard, Listener, ListeningRule, SupervisionSettings, rule_for

LISTEN, WHISPER, BARGE = ListeningMode
DELIVERED = SupervisionSettings().rules


def who(*roles: Role, tenant: str = "", leads: tuple[str, ...] = ()) -> Listener:
    """Return a listener."""
    return Listener(UserId("somebody"), roles, tenant, frozenset(leads))


def what(*tenants: str, **more: Any) -> Heard:
    """Return a call of the city's, or of tenants."""
    return Heard(frozenset(tenants or ("",)), **more)


@pytest.mark.parametrize("mode", ListeningMode)
def test_as_delivered_supervisors_listen_in_every_way_and_administrators_to_confidential_calls_too(
    mode: ListeningMode,
) -> None:
    assert rule_for(DELIVERED, who(Role.SUPERVISOR), what(), mode)
    assert rule_for(DELIVERED, who(Role.SUPERVISOR), what(confidential=True), mode) is None
    assert rule_for(DELIVERED, who(Role.ADMIN), what(confidential=True), mode)


def test_as_delivered_leaders_only_hear_what_was_approved_for_half_an_hour() -> None:
    rule = rule_for(DELIVERED, who(Role.LEADER), what(), LISTEN)
    assert rule is not None
    assert (rule.approval, rule.limit_s) == (True, 1800)
    assert rule_for(DELIVERED, who(Role.LEADER), what(), WHISPER) is None
    assert rule_for(DELIVERED, who(Role.LEADER), what(confidential=True), LISTEN) is None


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMIN, Role.SUPERVISOR, Role.LEADER}))
def test_as_delivered_nobody_else_listens(role: Role) -> None:
    assert all(rule_for(DELIVERED, who(role), what(), mode) is None for mode in ListeningMode)


def test_who_has_a_tenant_hears_its_calls_and_no_others() -> None:
    north = who(Role.SUPERVISOR, tenant="north")
    assert rule_for(DELIVERED, north, what("north"), LISTEN)
    assert rule_for(DELIVERED, north, what("", "north"), LISTEN), "a city's call that north's agent took"
    assert rule_for(DELIVERED, north, what(""), LISTEN) is None
    assert rule_for(DELIVERED, north, what("south"), LISTEN) is None


def test_a_rule_may_name_teams_queues_and_tenants() -> None:
    rules = [
        ListeningRule(roles=(Role.LEADER,), teams=("t1",)),
        ListeningRule(roles=(Role.LEADER,), queues=(QueueId("complaints"),)),
        ListeningRule(roles=(Role.LEADER,), tenants=("north",)),
    ]
    leader = who(Role.LEADER)
    assert rule_for(rules, leader, what(team="t1"), LISTEN) is rules[0]
    assert rule_for(rules, leader, what(team="t2", queue=QueueId("complaints")), LISTEN) is rules[1]
    assert rule_for(rules, leader, what("north", team="t2", queue=QueueId("12345")), LISTEN) is rules[2]
    assert rule_for(rules, leader, what(team="t2", queue=QueueId("12345")), LISTEN) is None


def test_who_leads_a_team_hears_its_agents_and_no_others() -> None:
    rules = [ListeningRule(roles=(Role.SUPERVISOR,), own_team=True)]
    head = who(Role.SUPERVISOR, leads=("t1",))
    assert rule_for(rules, head, what(team="t1"), LISTEN)
    assert rule_for(rules, head, what(team="t2"), LISTEN) is None
    assert rule_for(rules, head, what(team=""), LISTEN) is None
    assert rule_for(rules, head, what(team=None), LISTEN), "a queue's next call: whose it will be is asked then"


def test_the_first_rule_that_covers_counts() -> None:
    rules = [
        ListeningRule(roles=(Role.SUPERVISOR,), teams=("t1",), approval=True),
        ListeningRule(roles=(Role.SUPERVISOR,), modes=tuple(ListeningMode)),
    ]
    assert rule_for(rules, who(Role.SUPERVISOR), what(team="t1"), LISTEN) is rules[0]
    assert rule_for(rules, who(Role.SUPERVISOR), what(team="t2"), LISTEN) is rules[1]
    assert rule_for(rules, who(Role.SUPERVISOR), what(team="t1"), BARGE) is rules[1]
    assert rule_for([], who(*Role), what(), LISTEN) is None, "without a rule nobody listens"


HEARD = st.builds(
    Heard,
    st.frozensets(st.sampled_from(["", "north"]), min_size=1),
    st.sampled_from(["", "t1", None]),
    st.sampled_from([None, QueueId("12345"), QueueId("q2")]),
    st.booleans(),
)
RULES = st.builds(
    ListeningRule,
    roles=st.lists(st.sampled_from(Role), max_size=2).map(tuple),
    modes=st.lists(st.sampled_from(ListeningMode), max_size=2).map(tuple),
    teams=st.sampled_from([(), ("t1",)]),
    queues=st.sampled_from([(), (QueueId("q2"),)]),
    own_team=st.booleans(),
    confidential=st.booleans(),
)
LISTENERS = st.builds(
    Listener,
    st.just(UserId("somebody")),
    st.lists(st.sampled_from(Role), max_size=2).map(tuple),
    st.sampled_from(["", "north"]),
    st.sampled_from([frozenset[str](), frozenset({"t1"})]),
)


@given(st.lists(RULES, max_size=4), LISTENERS, HEARD, st.sampled_from(ListeningMode))
def test_whatever_the_rules_nobody_hears_what_no_rule_of_theirs_names(
    rules: list[ListeningRule], listener: Listener, heard: Heard, mode: ListeningMode
) -> None:
    rule = rule_for(rules, listener, heard, mode)
    if rule is None:
        return
    assert rule in rules
    assert mode in rule.modes
    assert set(rule.roles) & set(listener.roles)
    assert rule.confidential or not heard.confidential
    assert not listener.tenant or listener.tenant in heard.tenants
    assert heard.team is None or not rule.own_team or heard.team in listener.leads
