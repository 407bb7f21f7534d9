"""Which agents have a desktop connected: told to the centre when the first opens and when the last stays away."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from center.ports import Clock
from center.state import State
from messages.facts import DesktopSeen, Fact
from messages.ids import AgentId, NodeId


class Desktops:
    """Counts connections by agent; `grace_s`: how long the last may be gone, for a page is loaded again in less."""

    def __init__(self, tell: Callable[[Fact], None], clock: Clock, grace_s: float) -> None:
        self._tell = tell
        self._clock = clock
        self._grace_s = grace_s
        self._open: Counter[AgentId] = Counter()
        self._leaving: dict[AgentId, asyncio.TimerHandle] = {}
        self._closed = False

    def __repr__(self) -> str:
        return f"<Desktops: {len(self._open)} there, {len(self._leaving)} perhaps gone>"

    def begin(self, state: State) -> None:
        """Expect back, within the grace, the desktops that were there before a restart."""
        for agent in state.roster.by_id.values():
            if agent.desktop and not self._open[agent.id]:
                self._expect(agent.id)

    def opened(self, agent: AgentId) -> None:
        """A desktop of an agent is connected."""
        if (leaving := self._leaving.pop(agent, None)) is not None:
            leaving.cancel()
        self._open[agent] += 1
        if self._open[agent] == 1:
            self._say(agent, connected=True)

    def closed(self, agent: AgentId) -> None:
        """A desktop of an agent is gone; after the last one, the agent's seat is deaf unless one comes back."""
        self._open[agent] -= 1
        if not self._open[agent]:
            del self._open[agent]
            self._expect(agent)

    def close(self) -> None:
        """Say nothing more: it is us who leave, not the desktops."""
        self._closed = True
        for leaving in self._leaving.values():
            leaving.cancel()
        self._leaving.clear()

    def _expect(self, agent: AgentId) -> None:
        if not self._closed:
            self._leaving[agent] = asyncio.get_running_loop().call_later(self._grace_s, self._gone, agent)

    def _gone(self, agent: AgentId) -> None:
        del self._leaving[agent]
        self._say(agent, connected=False)

    def _say(self, agent: AgentId, *, connected: bool) -> None:
        self._tell(DesktopSeen(occurred=self._clock(), node=NodeId(""), agent=agent, connected=connected))
