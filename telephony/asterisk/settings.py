"""What one Asterisk instance is to be: its names, directories, ports, trunks, numbers and phones."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from msgspec import Struct

from queueing.settings import Announcements

PhoneKind = Literal["udp", "webrtc", "both"]
WEB_SUFFIX = "-web"

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_PHONE_NUMBER = re.compile(r"[0-9]{2,15}")
_DID = re.compile(r"\+?[0-9]{2,20}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,253}[A-Za-z0-9])?")


class Trunk(Struct, frozen=True, kw_only=True):
    """A carrier's line: whoever calls from `match` (default: `host`) reaches the DIDs, unauthenticated."""

    name: str
    host: str
    port: int = 5060
    match: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require(_NAME.fullmatch(self.name), f"trunk name {self.name!r}: letters, digits, - and _ only")
        for host in (self.host, *self.match):
            _require(_is_host_or_network(host), f"trunk {self.name}: {host!r} is no host, address or network")
        _check_ports({f"trunk {self.name}": self.port})

    @property
    def sources(self) -> tuple[str, ...]:
        """Return the addresses and networks whose calls are this trunk's."""
        return self.match or (self.host,)


class Phone(Struct, frozen=True, kw_only=True):
    """A softphone or desk phone of a seat; "both" gives it a UDP endpoint and a WebRTC one."""

    number: str
    secret: str
    kind: PhoneKind = "udp"
    contact: str = ""
    """A fixed SIP URI for a phone that does not register."""
    auto_answer: bool = False
    """Its offers ask it to answer by itself (Call-Info and Alert-Info headers)."""

    def __post_init__(self) -> None:
        _require(_PHONE_NUMBER.fullmatch(self.number), f"phone number {self.number!r}: 2 to 15 digits")
        _require(len(self.secret) >= 8, f"phone {self.number}: a secret of at least 8 characters is needed")

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Return the PJSIP endpoints (and SIP user names) that ring for this phone."""
        return (self.number, self.number + WEB_SUFFIX) if self.kind == "both" else (self.number,)

    def is_webrtc(self, endpoint: str) -> bool:
        """Say whether this endpoint of the phone speaks WebRTC."""
        return self.kind == "webrtc" or endpoint.endswith(WEB_SUFFIX)


class AsteriskSettings(Struct, frozen=True, kw_only=True):
    """Everything the rendered configuration depends on; ports are all settable so that instances coexist.

    Raises ValueError on construction when a value is malformed, twice used or missing.
    """

    systemname: str
    directory: str
    """The instance directory: configuration, run files, logs, prompts, AGI scripts (absolute)."""
    ami_secret: str
    root: str = ""
    """The development root to run in; empty: this machine's own Asterisk."""
    binary: str = "asterisk"
    user: str = ""
    """Whom Asterisk runs as; empty: `asterisk` in a root, the current user otherwise."""
    host: str = "127.0.0.1"
    """Where SIP, RTP and HTTP listen; AMI and AGI stay on `control_host`."""
    control_host: str = "127.0.0.1"
    sip_udp: int = 5060
    http: int = 8088
    sip_url: str = ""
    """Where browsers speak SIP over WebSocket, such as wss://pbx.example/ws; empty: `http` at the page's own host."""
    ami: int = 5038
    ami_username: str = "hotline"
    agi_host: str = "127.0.0.1"
    agi: int = 4573
    rtp_start: int = 10000
    rtp_end: int = 19999
    trunks: tuple[Trunk, ...] = ()
    dids: tuple[str, ...] = ("12345",)
    phones: tuple[Phone, ...] = ()
    prompts_dir: str = ""
    """The operator's own recordings (greeting.wav, notice.wav, emergency.wav), which win over ours."""
    speech_command: tuple[str, ...] = ()
    """A program that speaks instead of espeak-ng, 16 bit mono WAV: `{text}`, `{language}`, `{file}` are filled in."""
    spool_dir: str = ""
    """Where the emergency script leaves missed calls; empty: `directory`/spool/missed."""
    recordings_dir: str = ""
    """Empty: `directory`/recordings."""
    music_class: str = "default"
    music_dir: str = "/usr/share/asterisk/moh"
    ring_seconds: int = 20
    fallback_seconds: int = 120
    announcements: Announcements | None = None
    """What callers in the fallback queue hear beside music: what our first queue's callers hear, where left out."""
    emergency_message_seconds: int = 120
    qualify_seconds: int = 30
    rtp_keepalive_seconds: int = 5
    rtp_timeout_seconds: int = 30
    """How long a phone of ours may send nothing in mid-talk before it is dead; 0: for ever (silence suppression)."""

    def __post_init__(self) -> None:
        _require(_NAME.fullmatch(self.systemname), f"systemname {self.systemname!r}: letters, digits, - and _")
        _require(_NAME.fullmatch(self.ami_username), f"ami_username {self.ami_username!r}: letters, digits, - and _")
        _require(_NAME.fullmatch(self.music_class), f"music_class {self.music_class!r}: letters, digits, - and _")
        _require(len(self.ami_secret) >= 8, "ami_secret: at least 8 characters are needed")
        for name in ("directory", "root", "prompts_dir", "spool_dir", "recordings_dir", "music_dir"):
            value = getattr(self, name)
            _require(not value or Path(value).is_absolute(), f"{name}: {value!r} is not an absolute path")
        _require(self.directory, "directory: the instance directory is needed")
        for name in ("host", "control_host", "agi_host"):
            _require(_HOST.fullmatch(getattr(self, name)), f"{name}: {getattr(self, name)!r} is no host")
        for did in self.dids:
            _require(_DID.fullmatch(did), f"DID {did!r}: 2 to 20 digits, a leading + allowed")
        _check_ports({"sip_udp": self.sip_udp, "http": self.http, "ami": self.ami, "agi": self.agi})
        _check_ports({"rtp_start": self.rtp_start, "rtp_end": self.rtp_end})
        _require(self.rtp_end - self.rtp_start >= 3, "rtp_end: the RTP range needs at least four ports")
        _require(len({self.http, self.ami}) == 2, "http and ami need ports of their own")
        _check_unique("DID", self.dids)
        _check_unique("phone or trunk", [p.number for p in self.phones] + [t.name for t in self.trunks])
        for name in ("ring_seconds", "fallback_seconds", "emergency_message_seconds"):
            _require(getattr(self, name) > 0, f"{name}: must be positive")

    @property
    def instance(self) -> Path:
        """Return the instance directory."""
        return Path(self.directory)

    @property
    def spool(self) -> Path:
        """Return where the emergency script leaves missed calls."""
        return Path(self.spool_dir) if self.spool_dir else self.instance / "spool" / "missed"

    @property
    def recordings(self) -> Path:
        """Return where MixMonitor writes."""
        return Path(self.recordings_dir) if self.recordings_dir else self.instance / "recordings"

    @property
    def config_file(self) -> Path:
        """Return the rendered asterisk.conf."""
        return self.instance / "etc" / "asterisk.conf"

    @property
    def cel_file(self) -> Path:
        """Return the channel event log, columns as in the stock csv mapping, instants in epoch seconds."""
        return self.instance / "log" / "cel-custom" / "cel.csv"

    @property
    def cdr_file(self) -> Path:
        """Return the call detail records (stock csv, UTC)."""
        return self.instance / "log" / "cdr-csv" / "Master.csv"

    @property
    def queue_log_file(self) -> Path:
        """Return app_queue's own log."""
        return self.instance / "log" / "queue_log"

    def prompt(self, name: str) -> str:
        """Return a prompt (greeting, notice, emergency) as Playback and STREAM FILE want it: no suffix."""
        return str(self.instance / "prompts" / name)

    def trunk_may_share_an_address_with_phones(self) -> bool:
        """Say whether a trunk sits on loopback, where address alone cannot tell it from a local phone."""
        return any(_is_loopback(source) for trunk in self.trunks for source in trunk.sources)


def _require(condition: object, complaint: str) -> None:
    if not condition:
        raise ValueError(complaint)


def _check_ports(ports: dict[str, int]) -> None:
    for name, port in ports.items():
        _require(1 <= port <= 65535, f"{name}: {port} is no port")


def _check_unique(what: str, names: Iterable[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    _require(not twice, f"{what} given twice: {', '.join(twice)}")


def _is_host_or_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return _HOST.fullmatch(text) is not None
    return True


def _is_loopback(text: str) -> bool:
    try:
        return ipaddress.ip_network(text, strict=False).is_loopback
    except ValueError:
        return text == "localhost"
