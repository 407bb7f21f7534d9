"""The emergency script as Asterisk runs it: a process with pyst2's real `asterisk.agi`, the caller leaving anywhere."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from telephony.agi.spool import MissedCall, read_spool

SCRIPT = Path(__file__).parents[3] / "telephony" / "agi" / "emergency.py"
ENVIRONMENT = b"agi_request: emergency.py\nagi_uniqueid: n1-1.2\nagi_callerid: %s\nagi_extension: s\n%s\n"
VARIABLES = {"HOTLINE_CONTACT": b"n1-1.2", "HOTLINE_DID": b"12345", "HOTLINE_ARRIVED": b"1795496497.191448"}
STEPS = 7
"""Three variables, ANSWER, our prompt, Asterisk's own, RECORD FILE."""
Leave = Callable[["Call"], None]


class Call:
    """Asterisk's side of one run of the script."""

    def __init__(self, spool: Path, *arguments: str, environ: Mapping[str, str] = {}) -> None:
        self.spool = spool
        self.asked: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), f"spool={spool}", "prompt=our prompt", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **environ},
            bufsize=0,
        )

    def arrive(self, number: bytes) -> None:
        arguments = self.process.args[2:]  # type: ignore[index]
        told = "".join(f"agi_arg_{n}: {argument}\n" for n, argument in enumerate(arguments, 1))
        self.say(ENVIRONMENT % (number, told.encode()))

    def say(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)

    def serve(self, answers: Mapping[str, bytes], leave: Leave | None = None, at: int = -1) -> None:
        """Answer the commands by how they begin, `leave` instead of the one numbered `at`."""
        assert self.process.stdout is not None
        while not self.process.stdout.closed and (line := self.process.stdout.readline().decode().strip()):
            self.asked.append(line)
            if len(self.asked) - 1 == at and leave is not None:
                leave(self)
            elif recording := re.match(r'RECORD FILE "(.*)" wav', line):
                if answers.get("RECORD FILE", b"").startswith(b"200 result=0"):
                    Path(recording[1].replace('\\"', '"').replace("\\\\", "\\") + ".wav").write_bytes(b"R" * 1000)
                self.say(answers.get("RECORD FILE", b"200 result=-1 (hangup) endpos=0\n"))
            else:
                self.say(next(answer for start, answer in answers.items() if line.startswith(start)))

    def missed(self) -> MissedCall:
        """Wait for the script's end and return what it spooled; it has said nothing on stderr."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(20) == 0
        assert self.process.stderr is not None
        assert self.process.stderr.read() == b""
        [(path, missed)] = read_spool(self.spool)
        path.unlink()
        assert not [file for file in self.spool.iterdir() if file.suffix not in {".wav", ".json"}]
        return missed


@pytest.fixture
def call(tmp_path: Path) -> Iterator[Callable[..., Call]]:
    calls: list[Call] = []

    def start(*arguments: str, environ: Mapping[str, str] = {}) -> Call:
        calls.append(Call(tmp_path / "the spool", *arguments, environ=environ))
        return calls[-1]

    yield start
    for one in calls:
        one.process.kill()
        one.process.wait()
        for stream in (one.process.stdin, one.process.stdout, one.process.stderr):
            if stream is not None:
                stream.close()


def _answers(**changes: bytes) -> dict[str, bytes]:
    """Return what Asterisk answers to commands that begin so, the special before the usual."""
    special = {name.replace("_", " "): answer for name, answer in changes.items()}
    usual = {f'GET VARIABLE "{name}"': b"200 result=1 (" + value + b")\n" for name, value in VARIABLES.items()} | {
        "ANSWER": b"200 result=0\n",
        "STREAM FILE": b"200 result=0 endpos=800\n",
        "RECORD FILE": b"200 result=0 (timeout) endpos=9000\n",
    }
    return special | {start: answer for start, answer in usual.items() if start not in special}


def test_a_caller_is_told_and_leaves_a_message(call: Callable[..., Call]) -> None:
    before = datetime.now(UTC)
    one = call("max=60", "silence=5")
    one.arrive(b"13800001234")
    one.serve(_answers())
    missed = one.missed()
    assert one.asked[-3:-1] == ["ANSWER", 'STREAM FILE "our prompt" "" 0']
    assert missed.recording is not None
    assert one.asked[-1] == f'RECORD FILE "{missed.recording.removesuffix(".wav")}" wav "#" 60000 0 beep s=5'
    assert Path(missed.recording).parent == one.spool
    assert (missed.contact, missed.number, missed.did) == ("n1-1.2", "13800001234", "12345")
    assert missed.arrived == datetime(2026, 11, 24, 5, 1, 37, 191448, UTC)
    assert before <= missed.taken <= missed.ended <= datetime.now(UTC)
    assert missed.reason == "message_left"


def test_the_caller_who_comes_twice_is_spooled_twice(call: Callable[..., Call]) -> None:
    recordings = set()
    for _ in range(2):
        one = call()
        one.arrive(b"138")
        one.serve(_answers())
        recordings.add(one.missed().recording)
    assert len(recordings) == 2


def test_a_missing_prompt_costs_the_caller_neither_word_nor_message(call: Callable[..., Call]) -> None:
    one = call("max=soon", "silence=")
    one.arrive(b"138")
    one.serve(_answers(**{'STREAM_FILE_"our': b"200 result=-1 endpos=0\n"}))
    assert one.missed().reason == "message_left"
    assert 'STREAM FILE "vm-nobodyavail" "" 0' in one.asked
    assert one.asked[-1].endswith('wav "#" 120000 0 beep s=8')


def test_no_sound_at_all_still_records(call: Callable[..., Call]) -> None:
    one = call()
    one.arrive(b"138")
    one.serve(_answers(ANSWER=b"200 result=-1\n", STREAM_FILE=b"200 result=-1 endpos=0\n"))
    assert one.missed().reason == "message_left"


def _stream_ends(call: Call) -> None:
    assert call.process.stdin is not None
    call.process.stdin.close()


def _both_streams_end(call: Call) -> None:
    assert call.process.stdout is not None
    call.process.stdout.close()
    _stream_ends(call)


def _output_ends(call: Call) -> None:
    assert call.process.stdout is not None
    call.process.stdout.close()
    _answer_of_a_lost_channel(call)


def _sighup(call: Call) -> None:
    call.process.send_signal(signal.SIGHUP)
    _answer_of_a_lost_channel(call)


def _dead(call: Call) -> None:
    call.say(b"511 Command Not Permitted on a dead channel or intercept routine\n")


def _hangup_line(call: Call) -> None:
    call.say(b"HANGUP\n")
    _answer_of_a_lost_channel(call)


def _answer_of_a_lost_channel(call: Call) -> None:
    command = call.asked[-1].split(" ", 1)[0]
    lost = {"GET": b"200 result=1 (n1-1.2)\n", "RECORD": b"200 result=-1 (hangup) endpos=0\n"}
    call.say(lost.get(command, b"200 result=-1\n"))


@pytest.mark.parametrize("leave", [_stream_ends, _both_streams_end, _output_ends, _sighup, _dead, _hangup_line])
@pytest.mark.parametrize("step", range(STEPS))
def test_a_caller_who_leaves_at_any_step_is_spooled(call: Callable[..., Call], leave: Leave, step: int) -> None:
    one = call()
    one.arrive(b"138")
    gone = {"ANSWER": b"511 Dead\n", "STREAM FILE": b"511 Dead\n", "RECORD FILE": b"511 Dead\n"}
    alive = _answers(**{'STREAM_FILE_"our': b"200 result=-1 endpos=0\n"})

    def hang_up(call: Call) -> None:
        alive.update(gone)
        leave(call)

    one.serve(alive, hang_up, step)
    missed = one.missed()
    assert (missed.contact, missed.number, missed.recording) == ("n1-1.2", "138", None)
    assert missed.reason == "hung_up"


def test_what_was_said_before_the_caller_left_is_kept(call: Callable[..., Call]) -> None:
    one = call()
    one.arrive(b"138")

    def leave_while_recording(call: Call) -> None:
        Path(call.asked[-1].split('"')[1] + ".wav").write_bytes(b"R" * 1000)
        call.say(b"200 result=-1 (hangup) endpos=160\n")

    one.serve(_answers(), leave_while_recording, 5)
    missed = one.missed()
    assert missed.reason == "message_left"
    assert missed.recording is not None


@pytest.mark.parametrize("environment", [b"", b"agi_uniqueid: n1-1.2\nagi_callerid: 138\nagi_ext", b"\n", b"what?\n"])
def test_a_session_cut_in_its_beginning_is_spooled(call: Callable[..., Call], environment: bytes) -> None:
    one = call()
    one.say(environment)
    missed = one.missed()
    assert missed.contact == ("n1-1.2" if environment.startswith(b"agi") else "")
    assert missed.reason == "hung_up"


@pytest.mark.parametrize(
    ("number", "kept"),
    [
        (b'138"; rm -rf \\"$(x)', '138"; rm -rf \\"$(x)'),
        (b"unknown", ""),
        ("市民".encode(), "市民"),
        ("市民".encode("gbk"), "\ufffd\ufffd\ufffd\ufffd"),
        (b"138\nagi_uniqueid: another", "138"),
        (b"138\n\nagi_callerid: another", "138"),
        (b"138\nHANGUP\n\n200 result=-1 (hangup)", "138"),
        (b"138\nagi_extension: x\n\n", "138"),
        (b"9" * 20_000, "9" * 256),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict", "utf-8:surrogateescape"])
def test_a_hostile_number_is_only_data(call: Callable[..., Call], number: bytes, kept: str, encoding: str) -> None:
    one = call(environ={"LC_ALL": "C", "PYTHONIOENCODING": encoding})
    one.arrive(number)
    one.serve(_answers())
    missed = one.missed()
    assert (missed.contact, missed.did) == ("n1-1.2", "12345")
    assert missed.number == kept


def test_a_forged_end_of_the_environment_ends_the_session_and_names_no_other_contact(call: Callable[..., Call]) -> None:
    one = call()
    one.arrive(b"138\nagi_arg_2: x\n\n200 result=1 (another)")
    missed = one.missed()
    assert (missed.contact, missed.number, missed.reason) == ("n1-1.2", "138", "failed:ValueError")


def test_without_pyst2_the_call_is_spooled_all_the_same(call: Callable[..., Call], tmp_path: Path) -> None:
    (tmp_path / "asterisk.py").touch()
    one = call(environ={"PYTHONPATH": str(tmp_path)})
    assert one.missed().reason == "failed:ModuleNotFoundError"


def test_a_spool_that_cannot_be_written_is_said_without_a_word_of_the_caller(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = subprocess.run(
        [sys.executable, str(SCRIPT), f"spool={tmp_path / 'file'}"],
        input=ENVIRONMENT % (b"13800001234", b""),
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == b"emergency: missed call not spooled: FileExistsError\n"
