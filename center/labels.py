"""Labels of nuisance callers: proposed, approved by somebody else, refused, revoked, expired; and what they do."""

from datetime import timedelta

from calls.call import Call
from calls.callback import can_be_called
from calls.label import DAY, URGENT_KEY, Label
from center.turn import Turn
from messages import events, requests
from messages.errors import Conflict, Forbidden, Invalid, NotFound
from messages.ids import LabelId
from messages.values import LabelEnd

MAX_REASON = 500
MAX_EVIDENCE = 50


def propose(turn: Turn, request: requests.ProposeLabel) -> None:
    """Note that somebody would have a number labelled. Raises Invalid, Conflict."""
    reason = _reason(request.reason)
    if not can_be_called(request.number):
        raise Invalid("contacts: they came without a number, there is nothing to label")
    evidence = tuple(dict.fromkeys(request.evidence))
    if not 1 <= len(evidence) <= MAX_EVIDENCE:
        raise Invalid(f"contacts: name 1 to {MAX_EVIDENCE} as evidence")
    if known := turn.state.labelled.get((request.tenant, request.number)):
        raise Conflict(f"label {known} of that number is {'in force' if _is_in_force(turn, known) else 'proposed'}")
    name = LabelId(turn.new_id("n"))
    turn.record(
        events.LabelProposed(
            label=name,
            number=request.number,
            tenant=request.tenant,
            what=request.kind,
            reason=reason,
            evidence=evidence,
            by=request.by,
            until=turn.now + timedelta(days=turn.state.settings.nuisance.days),
            confidential=turn.state.is_confidential(*evidence),
        )
    )
    turn.id = name


def approve(turn: Turn, request: requests.ApproveLabel) -> None:
    """Put a label in force. Raises NotFound, Conflict, Forbidden to whoever proposed it, Invalid."""
    label, longest = _label(turn, request.label), turn.state.settings.nuisance.days
    days = longest if request.days is None else request.days
    if label.approved_by is not None:
        raise Conflict(f"{label.approved_by} has approved it already")
    if label.proposed_by == request.by:
        raise Forbidden("somebody else than who proposed a label approves it")
    if not 1 <= days <= longest:
        raise Invalid(f"days: 1 to {longest}")
    turn.record(_about(events.CallerLabelled, label, by=request.by, until=turn.now + days * DAY))


def refuse(turn: Turn, request: requests.RefuseLabel) -> None:
    """Do not label, for a reason. Raises NotFound, Conflict, Forbidden, Invalid."""
    label, reason = _label(turn, request.label), _reason(request.reason)
    if label.approved_by is not None:
        raise Conflict("it is in force: revoke it")
    if label.proposed_by == request.by:
        raise Forbidden("somebody else than who proposed a label refuses it; you may revoke it")
    turn.record(_about(events.LabelEnded, label, by=request.by, end=LabelEnd.REFUSED, reason=reason))


def revoke(turn: Turn, request: requests.RevokeLabel) -> None:
    """Take a label, or the proposal of one, back for a reason. Raises NotFound, Invalid."""
    label, reason = _label(turn, request.label), _reason(request.reason)
    turn.record(_about(events.LabelEnded, label, by=request.by, end=LabelEnd.REVOKED, reason=reason))


def expired(turn: Turn, name: str) -> None:
    """A label's time is over, or that of a proposal that nobody decided on."""
    turn.record(_about(events.LabelEnded, turn.state.labels[LabelId(name)], by=None, end=LabelEnd.EXPIRED))


def label_of(turn: Turn, tenant: str, number: str) -> LabelId | None:
    """Return the label in force of who arrives now."""
    name = turn.state.labelled.get((tenant, number))
    return name if name and _is_in_force(turn, name) else None


def pressed(turn: Turn, call: Call, key: str) -> bool:
    """Tell whether a labelled caller has just pressed the key for emergencies; from then on they are like everybody."""
    if not key or key != key_for(call):
        return False
    turn.record_call(events.CallUrgent, call, turn.now)
    return True


def key_for(call: Call) -> str:
    """Return the key that a caller is to be offered with whatever they are told; none to who is not labelled."""
    return URGENT_KEY if call.restrained else ""


def _is_in_force(turn: Turn, name: LabelId) -> bool:
    return turn.state.labels[name].in_force(turn.now)


def _label(turn: Turn, name: LabelId) -> Label:
    label = turn.state.labels.get(name)
    if label is None:
        raise NotFound(f"no label {name} that is proposed or in force")
    return label


def _about(kind: type[events.LabelEvent], label: Label, **fields: object) -> events.LabelEvent:
    about = {"label": label.id, "number": label.number, "tenant": label.tenant, "confidential": label.confidential}
    return kind(**about, **fields)  # type: ignore[arg-type]


def _reason(reason: str) -> str:
    if not reason.strip() or len(reason) > MAX_REASON:
        raise Invalid(f"reason: give one, of at most {MAX_REASON} characters")
    return reason.strip()
