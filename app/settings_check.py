"""What a settings file names must be there: one line for each thing that is not, with what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, time, timedelta
from ipaddress import ip_network
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agents.agent import AgentSettings
from alerts.rule import AlertRule
from api.oidc.provider import is_safe
from api.rest.may import MAY, SCOPES
from calendars.hours import unknown_years
from calendars.settings import ALWAYS
from calls.callback import CallbackSettings, can_be_called
from calls.label import NuisanceSettings
from center.settings import CenterSettings
from messages.errors import Invalid
from messages.principal import check_apart
from messages.values import AlertFigure, Need
from notify.http import faults
from notify.settings import ALERTS, NotifySettings
from notify.texts import LANGUAGES, TEXTS
from queueing.settings import Overflow, QueueSettings, Surge
from recording.settings import RecordingSettings
from storage.identity.settings import IdentitySettings

if TYPE_CHECKING:
    from app.settings import Settings

LEVELS = range(1, 11)
SURGES_BY = ("did", "area")
SHORTEST_PASSWORD = 8
HASHES, CODECS = ("sha256", "sm3"), ("opus", "wav")
AREA_DIGITS = range(1, 8)
SOON = timedelta(days=14)
"""How far ahead holidays must be known."""
DAYS = range(1, 366)
LISTENERS = MAY["listening.use"]


def findings(settings: Settings) -> list[str]:
    """Return what is wrong, one line each; nothing where all is well."""
    center = settings.center
    if not center.queues:
        return ["[[center.queues]] names no queue: name one, the first takes the calls that name none"]
    phones = {phone.number for phone in settings.asterisk.phones}
    names = _Names(center)
    return [
        *_twice("[[center.queues]]", (queue.id for queue in center.queues)),
        *_twice("[[center.agents]]", (agent.id for agent in center.agents)),
        *_twice("[[center.tenants]]", (tenant.id for tenant in center.tenants)),
        *_twice("[[center.teams]]", (team.id for team in center.teams)),
        *_twice("[[center.seats]]", (seat.id for seat in center.seats)),
        *_twice("[[center.calendars]]", (calendar.id for calendar in center.calendars)),
        *_twice("[[center.surges]]", (surge.id for surge in center.surges)),
        *_twice("[[center.alerts]]", (rule.id for rule in center.alerts)),
        *(line for queue in center.queues for line in _queue(queue, names)),
        *(line for agent in center.agents for line in _agent(agent, names, phones)),
        *_routes(center, names),
        *_calendars(center),
        *_hours("[center.callbacks]", center.callbacks),
        *_callbacks(center.callbacks),
        *_notify(settings.notify),
        *_recordings(settings.recordings, names),
        *_audit(settings),
        *_identity(settings.identity),
        *_oidc(settings),
        *(
            f"[[accounts]] {account.name} has scope {scope}, which is none: give an action of docs/rights.md, or stream"
            for account in settings.accounts
            for scope in sorted(set(account.scopes or ()) - SCOPES)
        ),
        *_nuisance(center.nuisance, names),
        *_supervision(center),
        *(line for surge in center.surges for line in _surge(surge, names)),
        *(line for rule in center.alerts for line in _alert(rule, names)),
        *(
            f"seat {seat.id} has phone {seat.phone}, which [[asterisk.phones]] does not name: add it there"
            for seat in center.seats
            if seat.phone not in phones
        ),
        *(
            f"[flow] leads to queue {queue}, which [[center.queues]] does not name: add it there, or correct [flow]"
            for queue in (settings.flow.queue, *settings.flow.dids.values())
            if queue not in names.queues
        ),
    ]


def _audit(settings: Settings) -> Iterator[str]:
    wanted = settings.audit
    if wanted.hash not in HASHES:
        yield f"[audit] hash is {wanted.hash}: write {' or '.join(HASHES)}"
    if wanted.days < 0:
        yield f"[audit] days is {wanted.days}: write how many days entries are kept, 0 for ever"
    for account in settings.accounts:
        try:
            check_apart(account.roles)
        except Invalid as error:
            yield f"[[accounts]] {account.name}, {error}"
    for proxy in settings.api.proxies:
        try:
            ip_network(proxy)
        except ValueError as error:
            yield f"[api] proxies: {error}"


def warnings(settings: Settings, today: date) -> list[str]:
    """Return what keeps nobody from starting but should be seen to, one line each."""
    return [
        f"calendar {calendar.id}: the holidays of {year} are not known, only weekends are free; "
        "update the package chinesecalendar, or name the days by hand"
        for calendar in settings.center.calendars
        for year in unknown_years(calendar, today, today + SOON)
    ]


class _Names:
    """What may be named."""

    def __init__(self, center: CenterSettings) -> None:
        self.queues = {queue.id for queue in center.queues}
        self.tenants = {tenant.id for tenant in center.tenants}
        self.teams = {team.id for team in center.teams}

    def tenant(self, whose: str, tenant: str) -> Iterator[str]:
        """Yield a line where tenants are named and this one is not among them."""
        if tenant and self.tenants and tenant not in self.tenants:
            yield f"{whose} is of tenant {tenant}, which [[center.tenants]] does not name: add it there"


def _twice(section: str, ids: Iterable[str]) -> Iterator[str]:
    for name, count in Counter(ids).items():
        if count > 1:
            yield f"{section} names {name} {count} times: ids must differ, take one out or rename it"


def _calendars(center: CenterSettings) -> Iterator[str]:
    known = {ALWAYS, *(calendar.id for calendar in center.calendars)}
    for calendar in center.calendars:
        if calendar.id == ALWAYS:
            yield f"calendar {ALWAYS} is there already and is always open: give yours another id"
        try:
            ZoneInfo(calendar.tz)
        except (ValueError, OSError, ZoneInfoNotFoundError):
            yield f"calendar {calendar.id}: no time zone {calendar.tz!r}: name one such as Asia/Shanghai"
        spans = sorted((day.date, day.until or day.date) for day in calendar.days)
        for begin, end in spans:
            if end < begin:
                yield f"calendar {calendar.id}: the days from {begin} end on {end}: correct `until`"
        for (_, end), (begin, _) in pairwise(spans):
            if begin <= end:
                yield f"calendar {calendar.id} has {begin} twice among its days: take one out, or shorten the other"
    named = [(f"queue {queue.id}", queue.calendar) for queue in center.queues]
    named += [(f"tenant {tenant.id}", tenant.calendar) for tenant in center.tenants]
    for whose, calendar_id in named:
        if calendar_id and calendar_id not in known:
            yield f"{whose} has calendar {calendar_id}, which [[center.calendars]] does not name: add it there"


def _queue(queue: QueueSettings, names: _Names) -> Iterator[str]:
    whose = f"queue {queue.id}"
    yield from names.tenant(whose, queue.tenant)
    yield from _needs(whose, queue.needs)
    ways = queue.overflow
    for why in ways.__struct_fields__:
        yield from _overflow(f"{whose}, overflow.{why}", getattr(ways, why), names, queue.id)


def _overflow(where: str, overflow: Overflow | None, names: _Names, own: str = "") -> Iterator[str]:
    if overflow is None or overflow.to is None:
        return
    if overflow.to == own:
        yield f"{where} leads to the queue itself: name another queue, or leave `to` out"
    elif overflow.to not in names.queues:
        yield f"{where} leads to queue {overflow.to}, which [[center.queues]] does not name: add it there"


def _needs(where: str, needs: Iterable[Need]) -> Iterator[str]:
    for need in needs:
        if need.level not in LEVELS:
            yield f"{where} needs {need.skill} at level {need.level}: levels are 1 to 10"


def _agent(agent: AgentSettings, names: _Names, phones: set[str]) -> Iterator[str]:
    whose = f"agent {agent.id}"
    yield from names.tenant(whose, agent.tenant)
    for queue in agent.queues:
        if queue not in names.queues:
            yield f"{whose} serves queue {queue}, which [[center.queues]] does not name: add it there, or take it out"
    for queue, rank in agent.ranks.items():
        if queue not in agent.queues:
            yield f"{whose} has a rank in queue {queue}, which is not among the agent's queues: add it to `queues`"
        if rank < 1:
            yield f"{whose} has rank {rank} in queue {queue}: ranks begin with 1, which is served first"
    for skill, level in agent.skills.items():
        if level not in LEVELS:
            yield f"{whose} has {skill} at level {level}: levels are 1 to 10"
    if agent.team and names.teams and agent.team not in names.teams:
        yield f"{whose} is in team {agent.team}, which [[center.teams]] does not name: add it there"
    if agent.phone not in phones:
        yield f"{whose} has phone {agent.phone}, which [[asterisk.phones]] does not name: add it there"


def _routes(center: CenterSettings, names: _Names) -> Iterator[str]:
    for route in center.routes:
        where = f"the route of did {route.did or 'any'}, caller {route.caller or 'any'}"
        if route.queue not in names.queues:
            yield f"{where} leads to queue {route.queue}, which [[center.queues]] does not name: add it there"
        yield from names.tenant(where, route.tenant)
        yield from _needs(where, route.needs)


def _recordings(settings: RecordingSettings, names: _Names) -> Iterator[str]:
    if settings.hash not in HASHES:
        yield f"[recordings] hash is {settings.hash}: say {' or '.join(HASHES)}"
    if settings.codec not in CODECS:
        yield f"[recordings] codec is {settings.codec}: say {' or '.join(CODECS)}"
    if settings.jobs < 1:
        yield f"[recordings] jobs is {settings.jobs}: one or more"
    for rule in settings.retention:
        where = f"[[recordings.retention]] of queue {rule.queue or 'any'}, tenant {rule.tenant or 'any'}"
        if rule.days < 1:
            yield f"{where} keeps for {rule.days} days: a day or more"
        if rule.queue and rule.queue not in names.queues:
            yield f"{where} names a queue that [[center.queues]] does not: add it there"
        yield from names.tenant(where, rule.tenant)


def _surge(surge: Surge, names: _Names) -> Iterator[str]:
    whose = f"surge {surge.id}"
    if surge.by not in SURGES_BY:
        yield f"{whose} is by {surge.by}: say {' or '.join(SURGES_BY)}"
    if surge.by == "area" and surge.digits not in AREA_DIGITS:
        yield f"{whose} takes {surge.digits} digits for an area: take 1 to 7, more would be somebody's number"
    if surge.calls < 2:
        yield f"{whose} begins at {surge.calls} calls: a burst has 2 or more"
    yield from _overflow(f"{whose}, overflow", surge.overflow, names)


def _alert(rule: AlertRule, names: _Names) -> Iterator[str]:
    whose = f"alert {rule.id}"
    if rule.queue is not None and rule.queue not in names.queues:
        yield f"{whose} looks at queue {rule.queue}, which [[center.queues]] does not name: add it there"
    if rule.queue is not None and rule.figure is AlertFigure.NODE_DOWN:
        yield f"{whose} is of nodes: leave its queue out"
    if rule.at < 0 or (rule.at == 0 and rule.figure is AlertFigure.WAITING):
        yield f"{whose} is raised at {rule.at:g}: then it always stands"
    if rule.clear_at is not None and not 0 <= rule.clear_at < rule.at:
        yield f"{whose} is cleared at {rule.clear_at:g}: say less than it is raised at, {rule.at:g}"
    if rule.hold_s < 0:
        yield f"{whose} stands {rule.hold_s:g} s at least: say 0 or more"


def _nuisance(settings: NuisanceSettings, names: _Names) -> Iterator[str]:
    if settings.queue is not None and settings.queue not in names.queues:
        yield f"[center.nuisance] leads to queue {settings.queue}, which [[center.queues]] does not name: add it there"
    if not settings.announce:
        yield "[center.nuisance] announces nothing: name a prompt, labelled callers are told and offered a way out"
    if settings.days not in DAYS:
        yield f"[center.nuisance] days is {settings.days}: a label lasts 1 to 365 days"


def _supervision(center: CenterSettings) -> Iterator[str]:
    settings = center.supervision
    known: dict[str, set[str]] = {
        "tenants": {"", *(tenant.id for tenant in center.tenants)},
        "teams": {team.id for team in center.teams},
        "queues": {queue.id for queue in center.queues},
    }
    for n, rule in enumerate(settings.rules, 1):
        where = f"[[center.supervision.rules]] {n}"
        for kind, names in known.items():
            for name in sorted(set(getattr(rule, kind)) - names):
                yield f"{where} names {kind} {name!r}, which [[center.{kind}]] does not: nobody could listen by it"
        if idle := set(rule.roles) - LISTENERS:
            yield f"{where} is for {', '.join(sorted(idle))}: only {', '.join(sorted(LISTENERS))} may ask to listen"
        if rule.limit_s is not None and rule.limit_s <= 0:
            yield f"{where} limit_s is {rule.limit_s}: a session lasts longer, or leave it out"
    for name in ("approval_s", "wait_s"):
        if getattr(settings, name) <= 0:
            yield f"[center.supervision] {name} is {getattr(settings, name)}: give seconds"


def _hours(where: str, settings: CallbackSettings | NotifySettings) -> Iterator[str]:
    """Yield what is wrong about the hours in which citizens may be reached."""
    for name in ("since", "until"):
        try:
            time.fromisoformat(getattr(settings, name))
        except ValueError:
            yield f"{where} {name} is {getattr(settings, name)!r}: give a time of day, such as 08:00"
    try:
        ZoneInfo(settings.tz)
    except (KeyError, ValueError, OSError):
        yield f"{where} tz is {settings.tz!r}: give a zone such as Asia/Shanghai"


def _callbacks(settings: CallbackSettings) -> Iterator[str]:
    if settings.since >= settings.until:
        yield "[center.callbacks] since is not before until: then nobody is ever called back"
    if settings.keypad < 0 or settings.lead_s < 0:
        yield "[center.callbacks] keypad and lead_s must not be less than 0"


def _identity(settings: IdentitySettings) -> Iterator[str]:
    """Yield what would let everybody in, or nobody."""
    lock_out = settings.lock_out
    for name in ("failures", "address_failures", "delay_s", "delay_at_most_s", "forget_s", "recheck_s"):
        if getattr(lock_out, name) <= 0:
            yield f"[identity.lock_out] {name} must be more than 0"
    if settings.passwords.length < SHORTEST_PASSWORD:
        yield f"[identity.passwords] length is {settings.passwords.length}: ask for {SHORTEST_PASSWORD} or more"
    if not 1 <= settings.passwords.kinds <= 4:
        yield f"[identity.passwords] kinds is {settings.passwords.kinds}: there are 4"
    if settings.totp.recovery_codes < 1:
        yield "[identity.totp] recovery_codes must be 1 or more: a phone is lost sooner or later"


def _oidc(settings: Settings) -> Iterator[str]:
    """Yield what would keep a provider's people out, or let others in."""
    yield from _twice("[[oidc]]", (issuer.id for issuer in settings.oidc))
    if settings.oidc and not is_safe(settings.api.public_url):
        yield "[api] public_url is not an https address: [[oidc]] needs one, providers send browsers back there"
    for one in settings.oidc:
        if not (one.id.isascii() and one.id.isalnum()):
            yield f"[[oidc]] id is {one.id!r}: give ASCII letters and digits"
        if not is_safe(one.issuer):
            yield f"[[oidc]] {one.id}: issuer is {one.issuer!r}, which is not https"
        if not one.roles:
            yield f"[[oidc]] {one.id}: roles is empty, so nobody comes in: map values of {one.roles_claim} to roles"
        if "openid" not in one.scopes:
            yield f"[[oidc]] {one.id}: scopes must have openid"
        if one.client_secret_file and not Path(one.client_secret_file).is_file():
            yield f"[[oidc]] {one.id}: client_secret_file {one.client_secret_file} is not there"


def _notify(settings: NotifySettings) -> Iterator[str]:
    """Yield what is wrong about notices; files are looked at by `hotline check`."""
    yield from _hours("[notify]", settings)
    if settings.since >= settings.until:
        yield "[notify] since is not before until: then no citizen is ever sent anything"
    if settings.sender not in ("", "http", "file", "stdout"):
        yield f"[notify] sender is {settings.sender!r}: say http, file or stdout"
    if settings.sender == "http":
        yield from (f"[notify.http] {line}" for line in faults(settings.http))
    if settings.language not in LANGUAGES:
        yield f"[notify] language is {settings.language!r}: say {' or '.join(LANGUAGES)}"
    for name in settings.texts.keys() - TEXTS[LANGUAGES[0]].keys():
        yield f"[notify.texts] there is no notice {name}: name one of {', '.join(TEXTS[LANGUAGES[0]])}"
    if settings.survey and not settings.survey_link:
        yield "[notify] survey is on without survey_link: give the survey's address"
    for name in ("per_day", "per_second", "retry_s", "retry_at_most_s", "keep_trying_s"):
        if getattr(settings, name) <= 0:
            yield f"[notify] {name} must be more than 0"
    for alert in settings.alerts:
        if alert.on not in ALERTS:
            yield f"[[notify.alerts]] on is {alert.on!r}: say one of {', '.join(ALERTS)}"
        if not alert.numbers or not all(map(can_be_called, alert.numbers)):
            yield f"[[notify.alerts]] on {alert.on}: give numbers of 5 digits or more"
