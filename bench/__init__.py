"""Benchmarks: each prints one JSON object a figure, compared with a peer or a physical limit in the same run."""
