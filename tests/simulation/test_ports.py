"""Ports for what a simulation starts: no two processes are given the same one."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import simulation.ports
from simulation.ports import free_port, free_udp_range

GIVE = "from simulation.ports import free_port; print(*[free_port() for _ in range(300)], flush=True); input()"


def test_a_port_is_given_to_one_process_only() -> None:
    children = [
        subprocess.Popen([sys.executable, "-c", GIVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    given: list[int] = []
    for child in children:
        assert child.stdout is not None
        given += [int(port) for port in child.stdout.readline().split()]
    given += [free_port() for _ in range(100)]
    for child in children:
        child.communicate("\n", timeout=10)
    assert len(given) == len(set(given)) == 1000


def test_ranges_begin_even_and_do_not_overlap() -> None:
    ranges = sorted((free_udp_range(count), count) for count in [100] * 6 + [250] * 2)
    assert all(first % 2 == 0 for first, _ in ranges)
    assert all(after - first >= count for (first, count), (after, _) in pairwise(ranges))


def test_only_so_many_claims_are_held() -> None:
    for _ in range(simulation.ports._MOST_PORTS + 10):
        free_port()
    assert len(simulation.ports._ports) <= simulation.ports._MOST_PORTS
