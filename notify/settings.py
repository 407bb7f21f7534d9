"""What is sent, to whom, when and how. Everything is off by default."""

import msgspec

from messages.notices import NoticeKind


class HttpSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A provider that is asked over HTTP.

    `body` holds {number}, {text}, {id} and {token}, `headers` {token}; `content` (`json` or `form`) says how the values
    are escaped. The token, and the secret that bodies are signed with, are read from files. Any status 2xx is a
    success, and where `success_field` names a field of the JSON answer (dots lead deeper) it must be `success_value`.
    """

    url: str = ""
    method: str = "POST"
    headers: dict[str, str] = {}
    content: str = "json"
    body: str = '{"mobile": "{number}", "content": "{text}", "id": "{id}"}'
    token_file: str = ""
    secret_file: str = ""
    """With it, X-Hotline-Signature is `sha256=` and the body's HMAC-SHA256 in hex."""
    success_field: str = ""
    success_value: str = "0"
    connect_s: float = 5.0
    timeout_s: float = 15.0


class AlertSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is told of what. `on`: the kind of event; of bursts and alerts, which (`surge`, `rule`) and of what (`key`
    begins so)."""

    on: str
    numbers: tuple[str, ...]
    surge: str = ""
    rule: str = ""
    key: str = ""


ALERTS = ("surge.started", "surge.ended", "node.down", "node.up", "alert.raised", "alert.cleared")


class NotifySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`sender`: http, file (lines of JSON in `file`), stdout; without one nothing is sent. Seconds otherwise.

    Citizens' notices keep to [`since`, `until`) of the day in `tz` and to `per_day` a number; alerts do not.
    """

    sender: str = ""
    file: str = ""
    http: HttpSettings = HttpSettings()
    language: str = "zh"
    texts: dict[str, str] = {}
    """Other texts than ours, by kind of notice, or by kind of event for alerts."""
    missed: bool = False
    requested: bool = False
    gave_up: bool = False
    survey: bool = False
    survey_link: str = ""
    """What {link} stands for in the survey's text; {contact} in it is the contact's id."""
    confidential: bool = False
    """Whether citizens who asked for confidentiality are sent notices too."""
    alerts: tuple[AlertSettings, ...] = ()
    since: str = "08:00"
    until: str = "21:00"
    tz: str = "Asia/Shanghai"
    per_day: int = 3
    per_second: float = 5.0
    retry_s: float = 5.0
    retry_at_most_s: float = 600.0
    keep_trying_s: float = 86400.0

    @property
    def kinds(self) -> frozenset[NoticeKind]:
        """Return what is sent."""
        on = {
            NoticeKind.MISSED: self.missed,
            NoticeKind.REQUESTED: self.requested,
            NoticeKind.GAVE_UP: self.gave_up,
            NoticeKind.SURVEY: self.survey,
            NoticeKind.ALERT: bool(self.alerts),
        }
        return frozenset(kind for kind, wanted in on.items() if wanted and self.sender)
