"""What people and the case system note about a contact."""

from center import callbacks
from center.turn import Turn
from messages import events, requests
from messages.errors import Invalid

MAX_TEXT = 2000
MAX_CASE_NO = 64


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
