"""The Prometheus metrics, read from the parts' own counters when they are asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from messages.values import AgentState
from recording.files import FileState

if TYPE_CHECKING:
    from app.wiring import Hotline


class Figures(Collector):
    """One hotline's figures."""

    def __init__(self, hotline: Hotline) -> None:
        self._hotline = hotline
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def text(self) -> bytes:
        """Return the figures in Prometheus' text form."""
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        """Say nothing before the parts are there."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Read the counters."""
        hotline = self._hotline
        state = hotline.mirror.state
        agents = GaugeMetricFamily("hotline_agents", "Agents by state", labels=["state"])
        by_state = Counter(agent.state for agent in state.roster.by_id.values())
        for agent_state in AgentState:
            agents.add_metric([agent_state], by_state.get(agent_state, 0))
        yield agents
        calls = GaugeMetricFamily("hotline_calls", "Live calls by state", labels=["state"])
        for name, count in Counter(str(call.state) for call in state.calls.values()).items():
            calls.add_metric([name], count)
        yield calls
        rates = GaugeMetricFamily(
            "hotline_connection_rate_24h", "Answered of who came in the last 24 hours", labels=["queue"]
        )
        for name, rolling in hotline.rolling.by_queue.items():
            if rolling.connection_rate is not None:
                rates.add_metric([name or "all"], rolling.connection_rate)
        yield rates
        yield from self._gauges()
        yield from self._counters()

    def _gauges(self) -> Iterator[Metric]:
        hotline, at = self._hotline, datetime.now(UTC)
        gauges = {
            "hotline_ami_up": ("Whether the AMI link is up", float(hotline.bridge.link.is_up)),
            "hotline_agi_sessions": ("FastAGI sessions open", float(hotline.bridge.agi.active)),
            "hotline_inbox": ("Messages waiting to be decided", float(hotline.loop.backlog)),
            "hotline_journal_behind_seconds": ("Age of the oldest unwritten decision", hotline.loop.behind_s(at)),
            "hotline_rows_behind_seconds": ("Age of the oldest entry without its rows", hotline.rows.lag_s(at)),
            "hotline_listening_sessions": ("Listening sessions under way", float(len(hotline.mirror.state.listening))),
            "hotline_stream_clients": ("Stream subscriptions", float(hotline.audience.size)),
        }
        keeper = hotline.keeper
        waited = (at - keeper.oldest).total_seconds() if keeper.oldest else 0.0
        gauges |= {
            "hotline_recordings_waiting": ("Recordings on the Asterisk host, not kept yet", float(keeper.waiting)),
            "hotline_recordings_waiting_seconds": ("Age of the oldest recording that is not kept yet", waited),
            "hotline_recordings_store_full": ("Whether the store has no room", float(keeper.full)),
            "hotline_recordings_host_low": ("Whether Asterisk has little room to record", float(keeper.host_low)),
            "hotline_recordings_host_free_bytes": ("Room where Asterisk records", float(keeper.host_free or 0)),
        }
        lost = keeper.states[FileState.MISSING] + keeper.states[FileState.FAILED]
        gauges["hotline_recordings_lost"] = ("Recordings that were not there or cannot be read", float(lost))
        for name, (text, value) in gauges.items():
            yield GaugeMetricFamily(name, text, value=value)

    def _counters(self) -> Iterator[Metric]:
        hotline = self._hotline
        counters: dict[str, float] = {
            "hotline_messages_applied": hotline.loop.applied,
            "hotline_requests_refused": hotline.loop.refused,
            "hotline_pops_late": hotline.pops.late,
            "hotline_commands_void": hotline.bridge.switchboard.void,
        }
        groups: dict[str, msgspec.Struct] = {
            "hotline_agi": hotline.bridge.agi.counts,
            "hotline_ami_link": hotline.bridge.link.counts,
            "hotline_rest": hotline.rest.counts,
            "hotline_stream": hotline.stream.counts,
            "hotline_recordings": hotline.keeper.counts,
            "hotline_audience": hotline.audience.counts,
            "hotline_listening": hotline.listening.counts,
            "hotline_audit": hotline.audit.counts,
        }
        if hotline.outbox is not None:
            groups["hotline_notices"] = hotline.outbox.counts
        for prefix, counts in groups.items():
            counters |= {f"{prefix}_{name}": float(value) for name, value in msgspec.structs.asdict(counts).items()}
        wire = hotline.bridge.link.wire_counts
        for name in ("received", "decoded", "dropped_unread", "malformed", "oversized"):
            counters[f"hotline_ami_wire_{name}"] = float(getattr(wire, name))
        for name, value in counters.items():
            yield CounterMetricFamily(name, name.replace("_", " "), value=value)
