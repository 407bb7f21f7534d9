"""REST over HTTP, the health of the service, and the web page."""

from api.rest.app import make_app
from api.rest.services import Services

__all__ = ["Services", "make_app"]
