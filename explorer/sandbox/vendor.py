"""Serve one vendor: route, verify, validate, run the handler, respond."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from explorer.core.auth import options_of
from explorer.core.catalog.readings import apply_readings
from explorer.core.text.media_type import FORM, JSON, MULTIPART, essence
from explorer.sandbox.accounts import Authority
from explorer.sandbox.decoding import decode
from explorer.sandbox.expressions import Clock, ExpressionError
from explorer.sandbox.refusal import Refused, Violation, make_refusal
from explorer.sandbox.responses import ErrorResponder, Reply, response
from explorer.sandbox.routing import AlternativeReading, Match, Route, Router, alternatives_hint, readings_of
from explorer.sandbox.state import SandboxState
from explorer.sandbox.steps import HandlerRun, run_steps
from explorer.sandbox.templates import DROP, compile_sentence, render
from explorer.sandbox.validation import ValidatedValues, validate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.responses import Response

    from explorer.core.auth.verifier import Grant
    from explorer.core.catalog import Endpoint, Vendor
    from explorer.core.catalog.sandbox import Handler
    from explorer.sandbox.incoming_request import ParsedRequest


def derived_handlers(vendor: Vendor) -> dict[str, Handler]:
    """Return endpoint id → handler, for the endpoints that the vendor's auth options name."""
    return {
        name: handler
        for key, auth in vendor.auth.items()
        for name, handler in options_of(auth).handlers(key)
        if name in vendor.endpoints
    }


_KINDS = {"form": FORM, "multipart": MULTIPART, "json": JSON}


class ServedVendor:
    """One vendor with its accounts and its state, for the life of a server."""

    def __init__(
        self,
        documented: Vendor,
        *,
        now: Callable[[], float],
        nonce: Callable[[int], str],
        environ: Mapping[str, str],
        readings: Mapping[str, str],
    ) -> None:
        """*readings* maps ``vendor.reading`` and ``vendor.endpoint.reading`` to a choice, the others stay."""
        self._now, self._nonce = now, nonce
        self._serve_under(documented, readings)
        self.authority = Authority(self.vendor, environ, now, nonce)
        self.state = SandboxState(self.vendor.id, self.sandbox, now())

    def _serve_under(self, documented: Vendor, readings: Mapping[str, str]) -> None:
        self.vendor = _under_readings(documented, readings)
        self.sandbox = self.vendor.sandbox
        self.router = Router(documented, self.vendor, readings)
        self._refuser = ErrorResponder(self.sandbox, self._now)
        self._derived = derived_handlers(self.vendor)

    def follow(self, documented: Vendor, readings: Mapping[str, str]) -> None:
        """Be served under other readings; accounts, tokens and records stay."""
        self._serve_under(documented, readings)
        self.authority.follow(self.vendor)

    # --- one request -------------------------------------------------------------------------------------------------

    def answer(self, arrival: ParsedRequest) -> Response:
        """The answer to a request; never raises for what a caller did."""
        grants: list[Grant] = []
        match: Match | None = None
        try:
            match, values = self._understand(arrival)
            reply = self._serve(arrival, match, values, grants)
        except Refused as refused:
            reply = self._no(refused, match, grants)
        except (ExpressionError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            fault = make_refusal("internal", "catalog", f"the catalog's sandbox part is at fault: {error}")
            reply = self._no(fault, match, grants)
        return self._response(arrival, match, reply)

    def _no(self, refused: Refused, match: Match | None, grants: list[Grant]) -> Reply:
        handler = self._handler(match.endpoint) if match else None
        return self._refuser.reply(refused, handler, tuple(pair for grant in grants for pair in grant.headers))

    def _response(self, arrival: ParsedRequest, match: Match | None, reply: Reply) -> Response:
        wanted = match.values.get(self.sandbox.format_param, "") if match and self.sandbox.format_param else ""
        if not wanted and self.sandbox.format_param:
            wanted = arrival.path.rpartition(".")[2]
        root, item = self.sandbox.xml_root, self.sandbox.xml_item
        return response(reply, as_xml=wanted == "xml", root=root, item=item)

    def _serve(self, arrival: ParsedRequest, match: Match, values: ValidatedValues, grants: list[Grant]) -> Reply:
        endpoint = match.endpoint
        self._check_version(arrival, endpoint)
        grant = self._authenticate(arrival, endpoint)
        handler = self._handler(endpoint)
        account: dict[str, Any] = {}
        if grant is not None:
            grants.append(grant)
            account = self.authority.template_account(grant.account)
            if handler is not None and handler.role and handler.role not in account["roles"]:
                raise make_refusal(
                    "forbidden", "role", "the account may not call this", expected=f"the role {handler.role}"
                )
        flaws = self._violations(handler, values)
        if flaws:
            raise Refused(tuple(flaws), self._other_reading(arrival, endpoint, flaws))
        if handler is None:
            return self._sample(endpoint, grants)
        run = HandlerRun(
            self.vendor, endpoint, self.state, self.authority, arrival, self._scope(arrival, values, account)
        )
        try:
            run_steps(run, handler.steps)
        finally:
            if not run.keep_token:
                grants.clear()
        return self._made(handler, run, grants)

    def _made(self, handler: Handler, run: HandlerRun, grants: list[Grant]) -> Reply:
        if run.reply is not None:
            return run.reply
        value = render(handler.respond, run.scope) if handler.respond else None
        headers = [(name, str(compile_sentence(text)(run.scope))) for name, text in handler.headers.items()]
        headers += [pair for grant in grants for pair in grant.headers]
        status = self.sandbox.status_always or handler.status
        return Reply(status, None if value is DROP else value, tuple(headers), handler.media_type)

    def _handler(self, endpoint: Endpoint) -> Handler | None:
        own = self.sandbox.handlers.get(endpoint.id) or self._derived.get(endpoint.id)
        if own is None or not own.like:
            return own
        other = self.sandbox.handlers[own.like]
        return msgspec.structs.replace(own, steps=own.steps or other.steps, respond=own.respond or other.respond)

    def _violations(self, handler: Handler | None, values: ValidatedValues) -> list[Violation]:
        """What the vendor minds of all that is wrong; a value that it overlooks counts as not sent."""
        if handler is None:
            return values.violations
        if handler.own_checks:
            return [flaw for flaw in values.violations if flaw.kind == "body"]
        overlooked = [
            flaw for flaw in values.violations if flaw.kind == "invalid" and flaw.param in handler.ignore_wrong
        ]
        for flaw in overlooked:
            values.param.pop(flaw.param, None)
        return [flaw for flaw in values.violations if flaw not in overlooked]

    def _sample(self, endpoint: Endpoint, grants: list[Grant]) -> Reply:
        headers = tuple(pair for grant in grants for pair in grant.headers)
        sample = next((one for one in endpoint.samples if one.status < 400), None)
        if sample is None:
            return Reply(204, None, headers)
        if essence(sample.media_type).endswith("json"):
            try:
                return Reply(sample.status, msgspec.json.decode(sample.body), headers)
            except msgspec.DecodeError:
                return Reply(sample.status, sample.body, headers, JSON)
        return Reply(sample.status, sample.body, headers, sample.media_type)

    def _scope(self, arrival: ParsedRequest, values: ValidatedValues, account: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "param": values.param,
            "group": values.group,
            "body": arrival.json,
            "account": account,
            "url": arrival.url,
            "query": dict(arrival.query),
            "words": self.sandbox.words,
            "templates": self.sandbox.templates,
            "drop": DROP,
            "()": {**Clock(self._now()).functions(), **self.state.functions(), "nonce": self._nonce},
        }

    # --- understanding -----------------------------------------------------------------------------------------------

    def _understand(self, arrival: ParsedRequest) -> tuple[Match, ValidatedValues]:
        """The endpoint that is meant and what was sent for it, with everything that is wrong in it.

        Raises:
            Refused: no such path or method.
        """
        method = self._method(arrival)
        found = self.router.candidates(method, arrival.segments)
        if not found:
            raise self._no_route(method, arrival)
        tried = [(match, self._values(match.endpoint, match.values, arrival)) for match in found]
        return min(tried, key=lambda one: _mismatch_score(one[1]))

    def _method(self, arrival: ParsedRequest) -> str:
        if arrival.method == "POST" and self.sandbox.method_override:
            over = dict(arrival.form).get(self.sandbox.method_override, "").upper()
            return over if over in ("PUT", "PATCH", "DELETE") else arrival.method
        return arrival.method

    def _no_route(self, method: str, arrival: ParsedRequest) -> Refused:
        known = self.router.methods(arrival.segments)
        other = alternatives_hint(self.router.readings_matching(method, arrival.segments))
        if known:
            refused = make_refusal(
                "method", "method", "the path does not know the method", expected=" or ".join(known), got=method
            )
            refused.headers = (("Allow", ", ".join(known)),)
        else:
            refused = make_refusal("not_found", "path", "there is no such path", got=arrival.path or "/")
        refused.hint = other
        return refused

    def _values(self, endpoint: Endpoint, path_values: Mapping[str, str], arrival: ParsedRequest) -> ValidatedValues:
        taken = set(self.authority.params(endpoint.auth)) | set(self.authority.params(self.sandbox.optional_auth))
        decoded = decode(endpoint, path_values, arrival, taken - set(endpoint.params))
        body = _body_violation(endpoint, arrival, taken)
        values = validate(endpoint, decoded)
        if body is not None:
            values.violations.insert(0, body)
        return values

    def _check_version(self, arrival: ParsedRequest, endpoint: Endpoint) -> None:
        """The vendor's version header is wanted as it is; a call's own media type is negotiated (RFC 9110, 12.5.1)."""
        wanted = endpoint.accept or self.vendor.version.accept
        given = arrival.headers.get("accept", "")
        ranges = [essence(part) for part in given.split(",")]
        fitting = [essence(wanted)]
        if endpoint.accept:
            fitting += ["*/*", essence(wanted).partition("/")[0] + "/*", ""]
        if wanted and not set(ranges) & set(fitting):
            raise make_refusal(
                "version", "accept", "the Accept header is not right", expected=wanted, got=given or "none"
            )

    def _authenticate(self, arrival: ParsedRequest, endpoint: Endpoint) -> Grant | None:
        if endpoint.auth in self.vendor.auth:
            return self.authority.check(endpoint.auth, arrival)
        optional = self.sandbox.optional_auth
        names = self.authority.params(optional)
        if optional and names and names[0] not in endpoint.params:
            sent = {name for name, _ in (*arrival.query, *arrival.form)}
            if names[0] in sent:
                return self.authority.check(optional, arrival)
        return None

    # --- refusing ----------------------------------------------------------------------------------------------------

    def _other_reading(self, arrival: ParsedRequest, endpoint: Endpoint, flaws: list[Violation]) -> str:
        """Which other reading of the document would let the request through, in words."""
        if not {flaw.kind for flaw in flaws} & {"unknown", "missing", "body", "invalid", "rule"}:
            return ""
        fitting: list[AlternativeReading] = []
        for other in self.router.alternatives_for(endpoint.id):
            found = Route(other.endpoint).match(arrival.segments)
            fits = found is not None and arrival.method in other.endpoint.methods
            if found is not None and fits and not self._values(other.endpoint, found.values, arrival).violations:
                fitting.append(other)
        return alternatives_hint(fitting)


def _mismatch_score(values: ValidatedValues) -> tuple[int, int, int]:
    """How badly what was sent fits an endpoint: foreign names count first, then what is missing, then the rest."""
    kinds = [flaw.kind for flaw in values.violations]
    return (sum(kind in ("unknown", "body") for kind in kinds), kinds.count("missing"), len(kinds))


def _body_violation(endpoint: Endpoint, arrival: ParsedRequest, taken: set[str]) -> Violation | None:
    """What is wrong with the body as a whole."""
    if arrival.too_large:
        return Violation("body_size", "too_large", "the body is too large")
    if not arrival.body:
        return None
    if endpoint.body == "none":
        only_auth = arrival.kind == "form" and {name for name, _ in arrival.form} <= taken
        return None if only_auth else Violation("body", "body", "the call takes no body", "", "no body", arrival.kind)
    if arrival.kind != endpoint.body:
        return Violation(
            "content_type",
            "body",
            "the body is not in the right encoding",
            "",
            _KINDS[endpoint.body],
            _KINDS.get(arrival.kind, arrival.kind),
        )
    if arrival.body_problem:
        return Violation("malformed", "body", arrival.body_problem)
    if endpoint.body == "json" and not isinstance(arrival.json, dict):
        kind = {list: "an array", str: "a text", bool: "true or false"}.get(
            type(arrival.json), json.dumps(arrival.json)[:40]
        )
        return Violation("malformed", "body", "the JSON body is not an object", "", "a JSON object", kind)
    return None


def _under_readings(vendor: Vendor, chosen: Mapping[str, str]) -> Vendor:
    made: dict[str, Endpoint] = {}
    served = vendor
    for endpoint in vendor.endpoints.values():
        in_force = readings_of(vendor, endpoint, chosen)
        if in_force or any(
            reading.choices[reading.default].set for reading in (*vendor.readings.values(), *endpoint.readings.values())
        ):
            served, made[endpoint.id] = apply_readings(vendor, endpoint, in_force)
        else:
            made[endpoint.id] = endpoint
    return msgspec.structs.replace(served, endpoints=made)
