"""docs/stream.md gives one example of every kind, as the types say; numbers are masked wherever they stand."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api.masking import is_own_number, masked_event
from messages import events
from messages.codec import KINDS
from messages.events import Event
from messages.principal import Principal
from messages.values import Role, Target, TargetKind, Verb

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "stream.md").read_text()
NUMBER, MASKED = "13800005678", "138****5678"
AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def test_every_kind_has_its_meaning_and_one_example_with_every_field() -> None:
    found = re.findall(r"^\*\*`([\w.]+)`\*\* — (.+)\n\n```json\n(.+)\n```$", PAGE, re.MULTILINE)
    assert [kind for kind, _, _ in found] == list(KINDS.values())
    for (kind, says, example), cls in zip(found, KINDS, strict=True):
        fields: dict[str, Any] = msgspec.json.decode(example)
        msgspec.json.decode(example, type=cls)
        assert set(fields) >= {"kind", *cls.__struct_fields__}, kind
        assert says == " ".join((cls.__doc__ or "").split()), kind
        assert not re.search(r"\d{11}", re.sub(r"1795\d+", "", example)), kind


def _event(kind: type[Event], **fields: Any) -> Event:
    """Return an event with what it needs made up."""
    made: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        if field.required:
            made[field.name] = AT if field.type is datetime else getattr(field.type, "__members__", {"": "x"})
            if isinstance(made[field.name], dict) or hasattr(made[field.name], "values"):
                made[field.name] = next(iter(made[field.name].values()))
    return kind(**(made | fields))


OUTSIDE = Target(TargetKind.NUMBER, NUMBER)


@pytest.mark.parametrize(
    ("event", "field", "shown"),
    [
        (_event(events.ContactArrived, number=NUMBER), "number", MASKED),
        (_event(events.PreviewShown, number=NUMBER), "number", MASKED),
        (_event(events.DialledOut, number=NUMBER), "number", MASKED),
        (_event(events.CallbackRequested, number=NUMBER), "number", MASKED),
        (_event(events.CallOffered, phone=NUMBER), "phone", MASKED),
        (_event(events.CallOffered, phone="1001"), "phone", "1001"),
        (_event(events.CallRinging, phone=NUMBER), "phone", MASKED),
        (_event(events.CallAnswered, phone=NUMBER), "phone", MASKED),
        (_event(events.CallConsulted, phone=NUMBER), "phone", MASKED),
        (_event(events.LegEnded, phone=NUMBER), "phone", MASKED),
        (_event(events.CallTransferred, to=NUMBER), "to", MASKED),
        (_event(events.CallTransferred, to=f"number:{NUMBER}"), "to", f"number:{MASKED}"),
        (_event(events.CallTransferred, to="queue:complaints"), "to", "queue:complaints"),
        (_event(events.CallTransferred, to="agent:10000001"), "to", "agent:10000001"),
        (_event(events.CallTransferred, to="park"), "to", "park"),
        (_event(events.CallQueued, path=("main=1", f"back={NUMBER}")), "path", ("main=1", f"back={MASKED}")),
        (_event(events.FlowEnded, path=("main=1", f"back={NUMBER}")), "path", ("main=1", f"back={MASKED}")),
        (_event(events.CallRouted, target=OUTSIDE), "target", Target(TargetKind.NUMBER, MASKED)),
        (_event(events.CallRouted, target=None), "target", None),
        (_event(events.OperationStarted, target=OUTSIDE), "target", Target(TargetKind.NUMBER, MASKED)),
        (
            _event(events.OperationStarted, target=Target(TargetKind.NUMBER, "110")),
            "target",
            Target(TargetKind.NUMBER, "110"),
        ),
    ],
)
def test_numbers_outside_are_masked_wherever_they_stand(event: Event, field: str, shown: object) -> None:
    assert getattr(masked_event(event), field) == shown


@pytest.mark.parametrize(
    ("event", "own"),
    [
        (_event(events.PreviewShown, agent="a1"), True),
        (_event(events.DialledOut, agent="a1"), True),
        (_event(events.OperationStarted, agent="a1", verb=Verb.DIAL_OUT), True),
        (_event(events.OperationStarted, agent="a1", verb=Verb.THREE_WAY), False),
        (_event(events.OperationStarted, agent="a2", verb=Verb.THREE_WAY, by="li"), True),
        (_event(events.PreviewShown, agent="a2"), False),
        (_event(events.CallOffered, agent="a1", phone=NUMBER), False),
    ],
)
def test_who_dials_a_number_sees_it(event: Event, own: bool) -> None:
    li = Principal(user="li", roles=(Role.AGENT,), agent="a1")  # type: ignore[arg-type]
    assert is_own_number(event, li) is own
