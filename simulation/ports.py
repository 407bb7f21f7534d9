"""Ports of 127.0.0.1 that nobody uses now."""

from __future__ import annotations

import random
import socket

_given: set[int] = set()
"""What this process was given before: it may not be bound yet."""


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Return a port that nothing listens on, below the kernel's ephemeral ones: no connection takes it meanwhile."""
    for _ in range(1000):
        port = random.randrange(2_000, 10_000)
        if port not in _given and _is_free(port, kind):
            _given.add(port)
            return port
    raise OSError("no free port")


def free_udp_range(count: int) -> int:
    """Return the first, even, of `count` free UDP ports below the kernel's ephemeral ones. Raises OSError."""
    for _ in range(100):
        first = random.randrange(10_000, 32_000 - count, 2)
        if all(_is_free(port) for port in range(first, first + count)):
            return first
    raise OSError(f"no {count} free UDP ports in a row")


def _is_free(port: int, kind: socket.SocketKind = socket.SOCK_DGRAM) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
