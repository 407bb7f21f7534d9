"""Holds whose own events were lost in a gap of the link are told of all the same."""

from __future__ import annotations

import pytest

from messages import facts
from telephony.channels import Channels
from tests.telephony.test_channels import NODE, messages, see


@pytest.mark.parametrize("name", ["control/server_hold", "control/consult_by_verb_cancelled"])
def test_an_agent_who_is_seen_aside_holds_the_citizen_though_no_hold_was_heard(name: str) -> None:
    stream = messages(name)
    unheard = [headers for headers in stream if headers.get("Event") != "Hold"]
    told = [[type(fact) for fact in see(Channels(NODE), heard)] for heard in (stream, unheard)]
    assert told[0].count(facts.LegHeld) == told[1].count(facts.LegHeld) > 0
    assert told[0].count(facts.LegResumed) == told[1].count(facts.LegResumed)
