"""What people and the case system note about a contact."""

from center import callbacks
from center.turn import Turn
from messages import events, requests
from messages.errors import Invalid
from messages.values import CaseStep

MAX_TEXT = 2000
MAX_CASE_NO = 64
CALL = "call"


def check_case_no(text: str) -> str:
    """Return a case's number, trimmed. Raises Invalid."""
    case_no = text.strip()
    if not case_no or len(case_no) > MAX_CASE_NO:
        raise Invalid(f"case_no: 1 to {MAX_CASE_NO} characters")
    return case_no


def link(turn: Turn, request: requests.LinkCase) -> None:
    """Tie a case to a contact."""
    case_no = check_case_no(request.case_no)
    if len(request.summary) > MAX_TEXT:
        raise Invalid(f"summary: at most {MAX_TEXT} characters")
    turn.record(
        events.ContactLinked(
            contact=request.contact,
            case_no=case_no,
            by=request.by,
            valid=request.valid,
            category=request.category,
            area=request.area,
            summary=request.summary,
        )
    )


def note_contact(turn: Turn, request: requests.NoteContact) -> None:
    """Take in a contact that was no call."""
    channel = request.channel.strip().lower()
    if not channel or len(channel) > MAX_CASE_NO or channel == CALL:
        raise Invalid(f"channel: 1 to {MAX_CASE_NO} characters, such as wechat; calls come by telephone")
    turn.record(
        events.ContactNoted(
            contact=request.contact,
            channel=channel,
            number=request.number,
            occurred=request.occurred,
            by=request.by,
            tenant=request.tenant,
        )
    )


def report_case(turn: Turn, request: requests.ReportCase) -> None:
    """Keep a step of a case."""
    case_no, name = check_case_no(request.case_no), request.id.strip()
    if not name or len(name) > MAX_CASE_NO:
        raise Invalid(f"id: 1 to {MAX_CASE_NO} characters")
    if request.step is CaseStep.DISPATCHED and not request.unit:
        raise Invalid("unit: to whom it was dispatched")
    turn.record(
        events.CaseReported(
            case_no=case_no,
            id=name,
            step=request.step,
            occurred=request.occurred,
            by=request.by,
            tenant=request.tenant,
            due_at=request.due_at,
            unit=request.unit,
            unit_kind=request.unit_kind,
            misdirected=request.misdirected,
            satisfied=request.satisfied,
        )
    )


def mark_confidential(turn: Turn, request: requests.MarkConfidential) -> None:
    """Show the number of a contact to nobody from now on, nor that of the call that is owed for it."""
    if turn.state.is_confidential(request.contact):
        return
    live = next((call for call in turn.state.calls.values() if call.contact == request.contact), None)
    talks = live.talking_leg() if live else None
    turn.record(
        events.ContactConfidential(
            contact=request.contact,
            by=request.by,
            call=live.id if live else None,
            agent=talks.agent if talks else None,
        )
    )
    callbacks.keep_confidence(turn, request.contact)


def wrap_up(turn: Turn, request: requests.WriteWrapUp) -> None:
    """Keep the agent's code and note."""
    if len(request.code) > MAX_CASE_NO or len(request.note) > MAX_TEXT:
        raise Invalid(f"code: at most {MAX_CASE_NO} characters; note: at most {MAX_TEXT}")
    turn.record(events.ContactWrappedUp(contact=request.contact, by=request.by, code=request.code, note=request.note))
