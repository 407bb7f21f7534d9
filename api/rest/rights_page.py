"""docs/rights.md: who may do what, and how far, made from the table of routes."""

from __future__ import annotations

from api.rest.may import MAY, reach
from api.rest.table import ROUTES
from messages.values import Role

HEAD = """# Rights

谁可以做什么、范围多大。本页由路由表生成，请勿手改。

Made by `hotline rights` from `api/rest/may.py`; a test checks that it is current, and another one asks every route as
every role, of one's own line and of another one.

Each cell says how far an action reaches for a role:

- **line**: all that is of one's tenant; for people without a tenant, the city's, everybody's.
- **team**: the agents of the teams one leads.
- **queues**: what waits in the queues one serves.
- **own**: one's own seat, calls, contacts, operations, sessions and exports.
- an empty cell: nothing; the answer is 403.

Without a token the answer is 401, and another tenant's things are not there: 404, or 403 where a request would pass
something on to them. An action's name is at the same time the scope of an API token, beside `stream` for the event
stream: a token does what both its roles and its scopes allow ([identity.md](identity.md)).

Beyond the table: a number is revealed only for a purpose that is audited, a confidential one by auditors and
administrators only; agents play recordings of their own contacts only where `[api] agents_hear_own` is on; leaders
listen, they do not whisper or barge in.
"""


def rights_page() -> str:
    """Return the page, Markdown."""
    return "\n".join((HEAD, *_table(), "", "## Routes", "", *_routes(), ""))


def _table() -> list[str]:
    lines = [f"| action | {' | '.join(Role)} |", "|---" * (len(Role) + 1) + "|"]
    for action, roles in MAY.items():
        cells = [reach(action, role) if role in roles else "" for role in Role]
        lines.append(f"| `{action}` | {' | '.join(cells)} |")
    return lines


def _routes() -> list[str]:
    lines = ["| action | route |", "|---|---|"]
    for action in dict.fromkeys(route.action for route in ROUTES):
        routes = [f"`{route.method} {route.path}`" for route in ROUTES if route.action == action]
        open_to_all = " (nobody need be logged in)" if action not in MAY else ""
        lines.append(f"| `{action}` | {', '.join(routes)}{open_to_all} |")
    return lines
