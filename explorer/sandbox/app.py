"""The ASGI app: every vendor of a catalog below ``/VENDOR``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Mount

from explorer.sandbox.address import CHECK_HEADER, REASON_HEADER, root_path
from explorer.sandbox.answers import Reply, response
from explorer.sandbox.arrival import ParsedRequest, read_request
from explorer.sandbox.consent import DECISION_PATH, decide_consent
from explorer.sandbox.fault_injection import FaultInjector
from explorer.sandbox.following import ServedCatalog
from explorer.sandbox.refusal import Refused, header_text
from explorer.sandbox.vendor import ServedVendor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    from explorer.core.catalog import Catalog, Vendor
    from explorer.sandbox.faults import ActiveFaults


class Sandbox:
    """The vendors of a catalog; each is made when it is first called."""

    def __init__(
        self,
        following: ServedCatalog,
        *,
        now: Callable[[], float],
        nonce: Callable[[int], str],
        accounts_from: Mapping[str, str],
        faults: ActiveFaults | None,
    ) -> None:
        self._following = following
        self._now, self._nonce, self._environ = now, nonce, accounts_from
        self._faults = faults
        self._served: dict[str, tuple[int, ServedVendor]] = {}

    @property
    def _catalog(self) -> Catalog:
        return self._following.catalog

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        app = self._faulty_app(scope) or self._plain_app
        await app(scope, receive, send)

    async def _plain_app(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self._answer(scope, receive)
        await answer(scope, receive, send)

    def _faulty_app(self, scope: Scope) -> ASGIApp | None:
        """What answers in the place of a vendor that was told to go wrong here, or None."""
        if self._faults is None or not self._faults.faults:
            return None
        vendor = self._catalog.vendors.get(scope["path"].split("/")[1])
        root = root_path(vendor) if vendor is not None else ""
        if vendor is None or not scope["path"].startswith(root + "/"):
            return None
        segments = scope["path"][len(root) :].split("/")
        meant = [match.endpoint for match in self.served(vendor).router.candidates(scope["method"], segments)]
        faults = self._faults.take(vendor.id, [endpoint.id for endpoint in meant])
        if not faults:
            return None
        return FaultInjector(faults, self._faults, self._plain_app, vendor, meant[0] if meant else None)

    async def _answer(self, scope: Scope, receive: Receive) -> ASGIApp:
        path: str = scope["path"]
        vendor = self._catalog.vendors.get(path.split("/")[1] if path.startswith("/") else "")
        if vendor is None:
            return self._contents(path)
        if path == f"/{vendor.id}{DECISION_PATH}":
            return self._decide(vendor, await read_request(scope, receive, f"/{vendor.id}"))
        root = root_path(vendor)
        if path != root and not path.startswith(root + "/"):
            reason = f"the vendor is served below {root}; got {path}"
            return JSONResponse(
                {"error": reason}, 404, headers={CHECK_HEADER: "path", REASON_HEADER: header_text(reason)}
            )
        return self.served(vendor).answer(await read_request(scope, receive, root))

    def _decide(self, vendor: Vendor, arrival: ParsedRequest) -> ASGIApp:
        try:
            reply = decide_consent(self.served(vendor).authority, arrival)
        except Refused as refused:
            reply = Reply(400, refused.reason + "\n", ((CHECK_HEADER, refused.first.check),), "text/plain")
        return response(reply, as_xml=False, root="", item="")

    def served(self, vendor: Vendor) -> ServedVendor:
        """The vendor as it is served, with its state; under the readings that are followed now."""
        turn, readings = self._following.turn, self._following.readings
        made, served = self._served.get(vendor.id, (0, None))
        if served is None:
            served = ServedVendor(vendor, now=self._now, nonce=self._nonce, environ=self._environ, readings=readings)
        elif made != turn:
            served.follow(vendor, readings)
        self._served[vendor.id] = (turn, served)
        return served

    def _contents(self, path: str) -> ASGIApp:
        lines = [f"{root_path(vendor)}  {vendor.title}" for vendor in self._catalog.vendors.values()]
        text = "Served here:\n" + "\n".join(lines) + "\n"
        if path == "/":
            return PlainTextResponse(text)
        reason = f"no vendor is served below {path}"
        return PlainTextResponse(text, 404, headers={CHECK_HEADER: "path", REASON_HEADER: header_text(reason)})


def create_app(
    catalog: Catalog,
    *,
    now: Callable[[], float],
    nonce: Callable[[int], str],
    accounts_from: Mapping[str, str] | None = None,
    readings: Mapping[str, str] | None = None,
    faults: ActiveFaults | None = None,
    following: ServedCatalog | None = None,
) -> Starlette:
    """The sandbox as an ASGI app.

    *now* gives Unix seconds, *nonce(n)* URL-safe text from *n* random bytes. *accounts_from* is read like an
    environment: ``API_EXPLORER_<VENDOR>_<NAME>`` makes one more account. *readings* maps ``vendor.reading`` and
    ``vendor.endpoint.reading`` to the choice that the sandbox follows in place of the default. *faults* says what goes
    wrong on purpose, and may be changed while it serves; so may *following*, which stands for catalog and readings.

    Raises:
        UnknownName: a reading or a choice that the catalog has not.
    """
    following = following or ServedCatalog(catalog, readings or {})
    sandbox = Sandbox(following, now=now, nonce=nonce, accounts_from=accounts_from or {}, faults=faults)
    return Starlette(routes=[Mount("/", app=sandbox)])
