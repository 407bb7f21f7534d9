"""Who and what the settings name, for reports."""

from __future__ import annotations

from center.settings import CenterSettings
from metrics.question import Directory


def directory(center: CenterSettings) -> Directory:
    """Return the queues, tenants and agents of the settings."""
    return Directory(
        queues=frozenset(queue.id for queue in center.queues),
        tenants=frozenset(tenant.id for tenant in center.tenants),
        agents={agent.id: (agent.team, agent.tenant) for agent in center.agents},
    )
