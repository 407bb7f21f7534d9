"""`hotline flow`, as it is typed; and flows as the settings name them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.__main__ import main
from app.flows import flows_of, texts_of
from app.settings import decode
from ivr.flow import REVISIT, FlowSettings, flow_for
from messages.errors import SettingsError
from tests.ivr.test_reading_and_checking import GOOD

Hotline = Callable[..., tuple[int, str, str]]
SETTINGS = """
[asterisk]
systemname = "hl1"
directory = "/tmp/asterisk"
ami_secret = "a long secret"
[[center.queues]]
id = "12345"
[[center.queues]]
id = "city"
[flow.files]
"12345" = "{file}"
"""


@pytest.fixture
def hotline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Hotline:
    """Give the command, run in an empty directory."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["hotline", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def test_a_good_flow_is_checked_tried_and_drawn(hotline: Hotline, tmp_path: Path) -> None:
    Path("a.yaml").write_text(GOOD)
    assert hotline("flow", "check", "a.yaml") == (0, "a.yaml: ok, 5 steps, 0 sub-flows\n", "")
    code, out, _ = hotline("flow", "try", "a.yaml", "--keys", "7,1")
    assert (code, out.splitlines()[3:8:4]) == (0, ["presses 7", "waits   in queue city"])
    code, out, _ = hotline("flow", "draw", "a.yaml")
    assert (code, out.splitlines()[0]) == (0, "flowchart TD")


def test_what_is_wrong_is_said_with_file_line_and_mend(hotline: Hotline) -> None:
    Path("a.yaml").write_text(GOOD.replace("1: social", "1: socail"))
    Path("b.yaml").write_text("steps: [")
    code, out, _ = hotline("flow", "check", "a.yaml", "b.yaml", "c.yaml")
    assert code == 1
    assert out.splitlines()[0] == "a.yaml:11: no step here has the label 'socail': add it or name another"
    assert [line.split(": ")[0] for line in out.splitlines()] == ["a.yaml:11", "a.yaml:13", "b.yaml:1", "c.yaml:1"]
    code, _, err = hotline("flow", "try", "a.yaml")
    assert code == 1 and "a.yaml:11" in err


def test_settings_name_queues_prompts_and_calendars(hotline: Hotline, tmp_path: Path) -> None:
    Path("a.yaml").write_text(GOOD.replace("prompt: greeting", "prompt: hymn").replace("queue: city}", "queue: none}"))
    assert hotline("flow", "check", "a.yaml")[0] == 0, "without settings anything may be named"
    Path("hotline.toml").write_text(SETTINGS.format(file="a.yaml"))
    code, out, _ = hotline("flow", "check", "a.yaml")
    assert (code, [line.split(": ")[0] for line in out.splitlines()]) == (1, ["a.yaml:6", "a.yaml:14"])


def test_the_hotlines_flows_are_read_at_its_start(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(GOOD)
    flows = flows_of(decode(SETTINGS.format(file=file).encode()))
    assert list(flows) == ["12345"]
    assert set(texts_of(flows)["main"]) == {"zh", "en"}
    settings = SETTINGS.format(file=file).replace("[flow.files]", f'[flow]\nrevisit = "{file}"\n[flow.files]')
    assert flow_for(REVISIT, FlowSettings(), flows_of(decode(settings.encode()))).steps[:-1] == flows["12345"].steps
    other = flows["12345"].__class__(steps=(), prompts={"main": {"zh": "另一个"}})
    with pytest.raises(SettingsError, match="name the prompts differently"):
        texts_of({**flows, "": other})
    file.write_text("steps: []")
    with pytest.raises(SettingsError, match=r"a\.yaml:1: no steps"):
        flows_of(decode(SETTINGS.format(file=file).encode()))
