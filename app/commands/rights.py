"""`hotline rights`: who may do what, as docs/rights.md says it."""

from __future__ import annotations

import typer

from api.rest.rights_page import rights_page


def rights() -> None:
    """Print who may do what, and how far (Markdown)."""
    typer.echo(rights_page(), nl=False)
