"""Which notices follow from an entry of the log. Pure: what is known of contacts and calls back is given."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from calls.callback import can_be_called
from messages import events
from messages.events import AnyEvent, Entry
from messages.notices import Known, Notice, NoticeKind
from messages.values import CallbackEnd, CallbackKind, ContactOutcome, Direction
from notify.settings import AlertSettings, NotifySettings
from notify.texts import FIGURES, TEXTS, filled


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """The contact or call back that must be known before it can be said whether there is a notice."""

    contact: str = ""
    callback: str = ""


def subject_of(event: AnyEvent, settings: NotifySettings) -> Subject | None:
    """Return whom a citizen's notice would be about; None where the event is none of which a notice is sent."""
    kind = _kind(event)
    if kind is None or kind not in settings.kinds:
        return None
    match event:
        case events.CallbackNoted(contact=contact, callback=callback):
            return Subject(contact=contact or "", callback=callback)
        case events.CallbackDone(callback=callback):
            return Subject(callback=callback)
        case events.ContactEnded(contact=contact):
            return Subject(contact=contact)
        case _:
            return None


def withdrawn_by(event: AnyEvent) -> str:
    """Return the call back whose notices need no longer be sent, empty where the event ends none."""
    return event.callback if isinstance(event, events.CallbackDone) else ""


def notices_of(entry: Entry, settings: NotifySettings, known: Known | None) -> list[Notice]:
    """Return the notices that follow from an entry."""
    name = f"{entry.epoch}-{entry.seq}"
    if (kind := _kind(entry.event)) is None:
        return list(_alerts(name, entry.event, entry.at, settings))
    subject = subject_of(entry.event, settings)
    if subject is None or known is None or not _may_be_told(known, settings):
        return []
    if kind is NoticeKind.SURVEY and known.surveyed:  # the contact's end is the end of its survey, too
        return []
    contact = known.contact or subject.contact
    link = filled(settings.survey_link, {"contact": contact})
    return [
        Notice(
            id=f"{name}-{kind}",
            kind=kind,
            number=known.number,
            text=_text(kind, settings, link=link),
            created_at=entry.at,
            next_at=entry.at,
            contact=contact,
            callback=subject.callback,
            tenant=known.tenant,
        )
    ]


def _kind(event: AnyEvent) -> NoticeKind | None:
    """Return the kind of a citizen's notice that follows from an event."""
    match event:
        # Once for all of a citizen's contacts, and not where somebody else asks that they be called.
        case events.CallbackNoted(by=None, contacts=contacts, cause=cause) if contacts <= 1:
            return NoticeKind.REQUESTED if cause is CallbackKind.REQUESTED else NoticeKind.MISSED
        case events.CallbackDone(end=CallbackEnd.GAVE_UP):
            return NoticeKind.GAVE_UP
        case events.ContactEnded(outcome=ContactOutcome.ANSWERED):
            return NoticeKind.SURVEY
        case _:
            return None


def _may_be_told(known: Known, settings: NotifySettings) -> bool:
    if known.confidential and not settings.confidential:
        return False
    return known.direction is Direction.IN and can_be_called(known.number)


def _alerts(name: str, event: AnyEvent, at: datetime, settings: NotifySettings) -> Iterator[Notice]:
    on = str(event.__struct_config__.tag)
    if NoticeKind.ALERT not in settings.kinds:
        return
    numbers = dict.fromkeys(
        number for alert in settings.alerts if alert.on == on and _fits(alert, event) for number in alert.numbers
    )
    said = {key: value for key, value in msgspec.structs.asdict(event).items() if value is not None}
    if isinstance(event, events.AlertEvent):
        said["what"] = FIGURES[settings.language][event.figure]
        said |= {name: round(value) for name in ("value", "at") if (value := said.get(name)) is not None}
    for n, number in enumerate(numbers):
        text = _text(on, settings, **said)
        yield Notice(id=f"{name}-alert-{n}", kind=NoticeKind.ALERT, number=number, text=text, created_at=at, next_at=at)


def _fits(alert: AlertSettings, event: AnyEvent) -> bool:
    if isinstance(event, events.SurgeStarted | events.SurgeEnded):
        return alert.surge in ("", event.surge) and event.key.startswith(alert.key)
    if isinstance(event, events.AlertEvent):
        return alert.rule in ("", event.rule) and event.key.startswith(alert.key)
    return True


def _text(name: str, settings: NotifySettings, **values: object) -> str:
    return filled(settings.texts.get(name) or TEXTS[settings.language][name], values)
