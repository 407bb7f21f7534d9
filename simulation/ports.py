"""Ports of 127.0.0.1 that nobody uses now."""

from __future__ import annotations

import random
import socket


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Return a port that nothing listens on."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_udp_range(count: int) -> int:
    """Return the first, even, of `count` free UDP ports below the kernel's ephemeral ones. Raises OSError."""
    for _ in range(100):
        first = random.randrange(10_000, 32_000 - count, 2)
        if all(_is_free(port) for port in range(first, first + count)):
            return first
    raise OSError(f"no {count} free UDP ports in a row")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
