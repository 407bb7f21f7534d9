"""The evidence directory holds one run's evidence."""

from pathlib import Path

from simulation.evidence import EvidenceDirectory


def test_an_earlier_runs_frames_are_not_taken_for_this_ones(tmp_path: Path) -> None:
    first = EvidenceDirectory(tmp_path / "evidence")
    (first.sipp / "phones.messages.log").write_text("a REGISTER of the earlier run")
    second = EvidenceDirectory(tmp_path / "evidence")
    assert list(second.sipp.iterdir()) == []
