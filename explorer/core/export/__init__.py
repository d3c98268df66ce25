"""A call as something that can be pasted elsewhere: curl, HTTPie, Python, raw HTTP, HAR.

    call ── recipe_for ──► Recipe: the request with *holes* where secrets, times, tokens and signatures stand
         ── curl, httpie, python ──► text that fills the holes when it runs: from environment variables, by signing in
                                     first, by computing the signature

    request as kept ── raw_http, har ──► what was on the wire, its secrets masked

A recipe is made by the program's own encoder and auth schemes, which are handed marks in place of secrets. So no secret
can be in the text unless it is asked for. Pure: nothing is read, nothing is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explorer.core.export.archive import har
    from explorer.core.export.commands import curl, httpie
    from explorer.core.export.making import recipe_for
    from explorer.core.export.program import python
    from explorer.core.export.raw import raw_http

FORMS = ("curl", "httpie", "python", "http", "har")
"""What a call can be exported as."""
_HOMES = {
    "curl": "commands",
    "httpie": "commands",
    "har": "archive",
    "recipe_for": "making",
    "python": "program",
    "raw_http": "raw",
}
__all__ = ["FORMS", "curl", "har", "httpie", "python", "raw_http", "recipe_for"]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
