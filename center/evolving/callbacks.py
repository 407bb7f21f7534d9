"""What events make of calls back."""

from calls.callback import Callback, owed_for
from center.evolving.step import Steps
from center.state import State
from messages import events
from messages.events import Entry
from messages.values import CallbackKind


def _noted(state: State, entry: Entry, event: events.CallbackNoted) -> None:
    callback = state.callbacks.get(event.callback)
    contacts = (event.contact,) if event.contact else ()
    if callback is None:
        callback = state.callbacks[event.callback] = Callback(
            id=event.callback,
            kind=event.cause,
            number=event.number,
            tenant=event.tenant,
            queue=event.queue,
            due_at=event.due_at,
            contacts=contacts,
            place=event.place,
            case_no=event.case_no,
            asker=event.asker,
        )
        state.owed[event.tenant, owed_for(event.number, event.case_no)] = event.callback
    else:
        callback.contacts = tuple(dict.fromkeys((*callback.contacts, *contacts)))
        if event.cause is CallbackKind.REQUESTED:
            callback.kind = event.cause
        callback.due_at, callback.asker = event.due_at, event.asker
        callback.place = min(filter(None, (callback.place, event.place)), default=None)
    callback.confidential = callback.confidential or event.confidential
    if callback.waits:
        state.due_callbacks.join(callback)
    elif callback.operation is None:
        state.deadlines.set(("callback", callback.id), callback.due_at)


def _due(state: State, entry: Entry, event: events.CallbackDue) -> None:
    callback = state.callbacks[event.callback]
    callback.waits = True
    state.due_callbacks.join(callback)
    state.deadlines.clear(("callback", event.callback))


def _offered(state: State, entry: Entry, event: events.CallbackOffered) -> None:
    callback = state.callbacks[event.callback]
    callback.waits, callback.agent, callback.operation, callback.dialled = False, event.agent, event.operation, False
    state.due_callbacks.leave(event.callback)
    state.attempts[event.operation] = event.callback
    state.deadlines.clear(("callback", event.callback))


def _attempted(state: State, entry: Entry, event: events.CallbackAttempted) -> None:
    callback = state.callbacks[event.callback]
    if callback.operation:
        state.attempts.pop(callback.operation, None)
    callback.agent = callback.operation = None
    callback.attempts = event.attempts
    callback.due_at = event.due_at
    callback.waits = False
    state.due_callbacks.leave(event.callback)
    state.deadlines.set(("callback", callback.id), event.due_at)


def _done(state: State, entry: Entry, event: events.CallbackDone) -> None:
    callback = state.callbacks.pop(event.callback)
    state.owed.pop((callback.tenant, owed_for(callback.number, callback.case_no)), None)
    state.due_callbacks.leave(event.callback)
    if callback.operation:
        state.attempts.pop(callback.operation, None)
    state.deadlines.clear(("callback", event.callback))


STEPS: Steps = {
    events.CallbackNoted: _noted,
    events.CallbackDue: _due,
    events.CallbackOffered: _offered,
    events.CallbackAttempted: _attempted,
    events.CallbackDone: _done,
}
