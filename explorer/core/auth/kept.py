"""A request that is sent as it stands, with whatever it was signed with before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.auth.base import Flow, Scheme, SigningStep

if TYPE_CHECKING:
    import httpx

    from explorer.core.text.secret import Secret


class VerbatimScheme(Scheme):
    """Adds nothing and repeats nothing. ``scheme`` is the one that signed the request then."""

    name = "kept"

    def __init__(self, scheme: Scheme) -> None:
        super().__init__(scheme.options, scheme.context)
        self._scheme = scheme

    def missing(self) -> tuple[str, ...]:
        return ()

    def preview(self, request: httpx.Request, at: float | None = None) -> httpx.Request:  # noqa: ARG002 - the base class's
        return request

    def auth_flow(self, request: httpx.Request) -> Flow:
        yield request

    def strip(self, request: httpx.Request) -> httpx.Request:
        return self._scheme.strip(request)

    def secrets(self) -> tuple[Secret, ...]:
        return self._scheme.secrets()

    def explain(self, request: httpx.Request, at: float | None = None) -> tuple[SigningStep, ...]:  # noqa: ARG002 - the base class's
        return (SigningStep(title="Kept", text="The request is sent as it was kept; nothing is signed anew."),)
