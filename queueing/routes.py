"""Which queue a call belongs to, by the number dialled and the number that calls."""

from collections.abc import Iterable

from queueing.settings import Route


def route_for(routes: Iterable[Route], did: str, number: str) -> Route | None:
    """Return the most exact route: the longest beginning of the DID counts, then that of the caller's number."""
    fitting = [route for route in routes if did.startswith(route.did) and number.startswith(route.caller)]
    return max(fitting, key=lambda route: (len(route.did), len(route.caller)), default=None)
