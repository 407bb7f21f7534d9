"""The script of every FastAGI session: which flow a call has, who is held, and what follows when a session breaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

from center.ports import Clock
from ivr.flow import REVISIT, called_back
from ivr.steps import Flow
from messages.facts import Fact, LegEnded
from messages.ids import CallId, LegId, NodeId, QueueId
from telephony.agi.errors import AgiError, AgiHangup
from telephony.agi.held import STEP_S, HeldCall, dialled
from telephony.agi.orders import LetGo
from telephony.agi.session import AgiSession

log = structlog.get_logger()


class Script:
    """What the FastAGI server runs for each session; knows who is held, so that offers find them."""

    def __init__(
        self,
        node: NodeId,
        flow_for: Callable[[str], Flow],
        tell: Callable[[Fact], None],
        clock: Clock,
        prompt_path: Callable[[str], str] = lambda name: name,
        is_open: Callable[[str], bool] = lambda calendar: True,
        recordings: Path | None = None,
    ) -> None:
        self.node = node
        self._recordings = recordings
        self.held: dict[CallId, HeldCall] = {}
        self._flow_for = flow_for
        self._tell = tell
        self._clock = clock
        self._prompt_path = prompt_path
        self._is_open = is_open

    def __repr__(self) -> str:
        return f"<Script on {self.node}: {len(self.held)} held>"

    def let_go(self) -> LetGo:
        """Let every caller who waits go on to the fallback queue, and who dials or listens once they come to wait."""
        order = LetGo()
        for call in self.held.values():
            call.orders.put(order)
        return order

    def seen(self, fact: Fact) -> None:
        """Look at what AMI tells on its way to the centre: a held call wants to know how its talk ended."""
        if isinstance(fact, LegEnded) and (call := self.held.get(fact.call)):
            call.leg_ended(fact.leg, fact.why)

    async def __call__(self, session: AgiSession) -> None:
        """Run one session to its end."""
        script = session.environment.get("agi_network_script", "")
        outbound = LegId(session.environment.get("agi_arg_7", "")) if script == "called" else LegId("")
        flow = self._flow_of(session.environment, script)
        call = HeldCall(
            session, self.node, self._tell, self._clock, self._prompt_path, flow, self._recordings, outbound
        )
        transferred = script == "transfer"
        if not call.call or (transferred and session.environment.get("agi_arg_1") != call.call):
            return  # not a citizen's own channel: the dialplan rings the number that was asked for
        self.held[call.call] = call
        try:
            await session.be_missed_after(STEP_S)
            if script == "back":
                await call.come_back(flow.queue)
            elif transferred:
                await call.be_passed_on()
            else:
                await call.arrive(flow, self._is_open)
        except AgiHangup:
            call.missing()
        except AgiError as error:
            log.warning("a session broke; the dialplan goes on", contact=call.contact, error=str(error))
            call.missing()
        finally:
            if self.held.get(call.call) is call:
                del self.held[call.call]

    def _flow_of(self, environment: Mapping[str, str], script: str) -> Flow:
        """Return the flow of the number that was dialled; of whom we rang, the way to the queue, or the survey."""
        queue = environment.get("agi_arg_6", "")
        if script == "called" and not queue:
            return self._flow_for(REVISIT)
        flow = self._flow_for(dialled(environment))
        return called_back(flow, QueueId(queue)) if script == "called" else flow
