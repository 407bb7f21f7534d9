"""Edges of call control and of the ledger that other rooms have run into."""

from __future__ import annotations

import pytest

from center.ledger import Ledger
from messages import requests
from messages.errors import Invalid
from messages.ids import CallId
from messages.values import Verb
from tests.center.world import BY, World


def test_a_verb_that_is_not_of_a_live_call_is_refused() -> None:
    world = World()
    world.arrive("c1")
    with pytest.raises(Invalid, match="dial_out"):
        world.do(requests.ControlCall(by=BY, call=CallId("c1"), verb=Verb.DIAL_OUT))


def test_a_log_read_a_second_time_counts_a_contacts_visits_once() -> None:
    world = World()
    world.arrive("c1")
    world.queue("c1")
    ledger = Ledger()
    for _ in range(2):
        for entry in world.entries:
            ledger.fold(entry)
    assert ledger.contacts["c1"].visits == 1  # type: ignore[index]
