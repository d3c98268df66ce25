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
    """Return the handlers that the vendor's auth options define, by endpoint id."""
    return {
        name: handler
        for key, auth in vendor.auth.items()
        for name, handler in options_of(auth).handlers(key)
        if name in vendor.endpoints
    }


_BODY_TYPES = {"form": FORM, "multipart": MULTIPART, "json": JSON}


class ServedVendor:
    """One vendor with its accounts and state, as long as the server runs."""

    def __init__(
        self,
        documented: Vendor,
        *,
        now: Callable[[], float],
        nonce: Callable[[int], str],
        environ: Mapping[str, str],
        readings: Mapping[str, str],
    ) -> None:
        """Serve *documented*; *readings* maps ``vendor.reading`` and ``vendor.endpoint.reading`` to a choice."""
        self._now, self._nonce = now, nonce
        self._apply_readings(documented, readings)
        self.authority = Authority(self.vendor, environ, now, nonce)
        self.state = SandboxState(self.vendor.id, self.sandbox, now())

    def _apply_readings(self, documented: Vendor, readings: Mapping[str, str]) -> None:
        self.vendor = _vendor_under(documented, readings)
        self.sandbox = self.vendor.sandbox
        self.router = Router(documented, self.vendor, readings)
        self._responder = ErrorResponder(self.sandbox, self._now)
        self._derived = derived_handlers(self.vendor)

    def update(self, documented: Vendor, readings: Mapping[str, str]) -> None:
        """Serve under other readings; accounts, tokens and records are unchanged."""
        self._apply_readings(documented, readings)
        self.authority.update(self.vendor)

    # --- one request -------------------------------------------------------------------------------------------------

    def respond(self, request: ParsedRequest) -> Response:
        """Return the response to a request. No request makes it raise."""
        grants: list[Grant] = []
        match: Match | None = None
        try:
            match, values = self._match(request)
            reply = self._serve(request, match, values, grants)
        except Refused as refused:
            reply = self._refuse(refused, match, grants)
        except (ExpressionError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            failure = make_refusal("internal", "catalog", f"error in the catalog's sandbox tables: {error}")
            reply = self._refuse(failure, match, grants)
        return self._response(request, match, reply)

    def _refuse(self, refused: Refused, match: Match | None, grants: list[Grant]) -> Reply:
        handler = self._handler(match.endpoint) if match else None
        return self._responder.reply(refused, handler, tuple(pair for grant in grants for pair in grant.headers))

    def _response(self, request: ParsedRequest, match: Match | None, reply: Reply) -> Response:
        body_format = match.values.get(self.sandbox.format_param, "") if match and self.sandbox.format_param else ""
        if not body_format and self.sandbox.format_param:
            body_format = request.path.rpartition(".")[2]
        root, item = self.sandbox.xml_root, self.sandbox.xml_item
        return response(reply, as_xml=body_format == "xml", root=root, item=item)

    def _serve(self, request: ParsedRequest, match: Match, values: ValidatedValues, grants: list[Grant]) -> Reply:
        endpoint = match.endpoint
        self._check_version(request, endpoint)
        grant = self._authenticate(request, endpoint)
        handler = self._handler(endpoint)
        account: dict[str, Any] = {}
        if grant is not None:
            grants.append(grant)
            account = self.authority.template_account(grant.account)
            if handler is not None and handler.role and handler.role not in account["roles"]:
                raise make_refusal(
                    "forbidden", "role", "the account has no access", expected=f"the role {handler.role}"
                )
        violations = self._violations(handler, values)
        if violations:
            raise Refused(tuple(violations), self._alternatives_hint(request, endpoint, violations))
        if handler is None:
            return self._sample(endpoint, grants)
        run = HandlerRun(
            self.vendor, endpoint, self.state, self.authority, request, self._scope(request, values, account)
        )
        try:
            run_steps(run, handler.steps)
        finally:
            if not run.keep_token:
                grants.clear()
        return self._handler_reply(handler, run, grants)

    def _handler_reply(self, handler: Handler, run: HandlerRun, grants: list[Grant]) -> Reply:
        if run.reply is not None:
            return run.reply
        value = render(handler.respond, run.scope) if handler.respond else None
        headers = [(name, str(compile_sentence(text)(run.scope))) for name, text in handler.headers.items()]
        headers += [pair for grant in grants for pair in grant.headers]
        status = self.sandbox.status_always or handler.status
        return Reply(status, None if value is DROP else value, tuple(headers), handler.media_type)

    def _handler(self, endpoint: Endpoint) -> Handler | None:
        handler = self.sandbox.handlers.get(endpoint.id) or self._derived.get(endpoint.id)
        if handler is None or not handler.like:
            return handler
        base = self.sandbox.handlers[handler.like]
        return msgspec.structs.replace(
            handler, steps=handler.steps or base.steps, respond=handler.respond or base.respond
        )

    def _violations(self, handler: Handler | None, values: ValidatedValues) -> list[Violation]:
        """Return the violations that the vendor reports. An invalid value that it ignores counts as not sent."""
        if handler is None:
            return values.violations
        if handler.own_checks:
            return [violation for violation in values.violations if violation.kind == "body"]
        ignored = [
            violation
            for violation in values.violations
            if violation.kind == "invalid" and violation.param in handler.ignore_wrong
        ]
        for violation in ignored:
            values.param.pop(violation.param, None)
        return [violation for violation in values.violations if violation not in ignored]

    def _sample(self, endpoint: Endpoint, grants: list[Grant]) -> Reply:
        headers = tuple(pair for grant in grants for pair in grant.headers)
        sample = next((sample for sample in endpoint.samples if sample.status < 400), None)
        if sample is None:
            return Reply(204, None, headers)
        if essence(sample.media_type).endswith("json"):
            try:
                return Reply(sample.status, msgspec.json.decode(sample.body), headers)
            except msgspec.DecodeError:
                return Reply(sample.status, sample.body, headers, JSON)
        return Reply(sample.status, sample.body, headers, sample.media_type)

    def _scope(self, request: ParsedRequest, values: ValidatedValues, account: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "param": values.param,
            "group": values.group,
            "body": request.json,
            "account": account,
            "url": request.url,
            "query": dict(request.query),
            "words": self.sandbox.words,
            "templates": self.sandbox.templates,
            "drop": DROP,
            "()": {**Clock(self._now()).functions(), **self.state.functions(), "nonce": self._nonce},
        }

    # --- routing and decoding ----------------------------------------------------------------------------------------

    def _match(self, request: ParsedRequest) -> tuple[Match, ValidatedValues]:
        """Return the endpoint that matches best, and its validated values.

        Raises:
            Refused: no endpoint has the path and method.
        """
        method = self._method(request)
        matches = self.router.candidates(method, request.segments)
        if not matches:
            raise self._no_route(method, request)
        candidates = [(match, self._values(match.endpoint, match.values, request)) for match in matches]
        return min(candidates, key=lambda candidate: _mismatch_score(candidate[1]))

    def _method(self, request: ParsedRequest) -> str:
        if request.method == "POST" and self.sandbox.method_override:
            override = dict(request.form).get(self.sandbox.method_override, "").upper()
            return override if override in ("PUT", "PATCH", "DELETE") else request.method
        return request.method

    def _no_route(self, method: str, request: ParsedRequest) -> Refused:
        methods = self.router.methods(request.segments)
        if methods:
            refused = make_refusal(
                "method", "method", "the path does not allow the method", expected=" or ".join(methods), got=method
            )
            refused.headers = (("Allow", ", ".join(methods)),)
        else:
            refused = make_refusal("not_found", "path", "no endpoint has this path", got=request.path or "/")
        refused.hint = alternatives_hint(self.router.readings_matching(method, request.segments))
        return refused

    def _values(self, endpoint: Endpoint, path_values: Mapping[str, str], request: ParsedRequest) -> ValidatedValues:
        auth_params = {*self.authority.params(endpoint.auth), *self.authority.params(self.sandbox.optional_auth)}
        values = validate(endpoint, decode(endpoint, path_values, request, auth_params - set(endpoint.params)))
        body_violation = _body_violation(endpoint, request, auth_params)
        if body_violation is not None:
            values.violations.insert(0, body_violation)
        return values

    def _check_version(self, request: ParsedRequest, endpoint: Endpoint) -> None:
        """Check the Accept header: a version must match exactly, a media type as in RFC 9110, 12.5.1."""
        expected = endpoint.accept or self.vendor.version.accept
        accept = request.headers.get("accept", "")
        ranges = [essence(part) for part in accept.split(",")]
        accepted = [essence(expected)]
        if endpoint.accept:
            accepted += ["*/*", essence(expected).partition("/")[0] + "/*", ""]
        if expected and not set(ranges) & set(accepted):
            raise make_refusal(
                "version", "accept", "the Accept header is wrong", expected=expected, got=accept or "none"
            )

    def _authenticate(self, request: ParsedRequest, endpoint: Endpoint) -> Grant | None:
        if endpoint.auth in self.vendor.auth:
            return self.authority.check(endpoint.auth, request)
        optional = self.sandbox.optional_auth
        names = self.authority.params(optional)
        if optional and names and names[0] not in endpoint.params:
            sent = {name for name, _ in (*request.query, *request.form)}
            if names[0] in sent:
                return self.authority.check(optional, request)
        return None

    # --- refusals ----------------------------------------------------------------------------------------------------

    def _alternatives_hint(self, request: ParsedRequest, endpoint: Endpoint, violations: list[Violation]) -> str:
        """Name the readings of the document under which the request would be accepted."""
        if not {violation.kind for violation in violations} & {"unknown", "missing", "body", "invalid", "rule"}:
            return ""
        accepting: list[AlternativeReading] = []
        for alternative in self.router.alternatives_for(endpoint.id):
            match = Route(alternative.endpoint).match(request.segments)
            if match is None or request.method not in alternative.endpoint.methods:
                continue
            if not self._values(alternative.endpoint, match.values, request).violations:
                accepting.append(alternative)
        return alternatives_hint(accepting)


def _mismatch_score(values: ValidatedValues) -> tuple[int, int, int]:
    """Rate how badly a request matches an endpoint: unknown names first, then missing values, then the rest."""
    kinds = [violation.kind for violation in values.violations]
    return (sum(kind in ("unknown", "body") for kind in kinds), kinds.count("missing"), len(kinds))


def _body_violation(endpoint: Endpoint, request: ParsedRequest, auth_params: set[str]) -> Violation | None:
    """Return the violation of the body as a whole, if any."""
    if request.too_large:
        return Violation("body_size", "too_large", "the body is too large")
    if not request.body:
        return None
    if endpoint.body == "none":
        only_auth = request.kind == "form" and {name for name, _ in request.form} <= auth_params
        return (
            None if only_auth else Violation("body", "body", "the endpoint takes no body", "", "no body", request.kind)
        )
    if request.kind != endpoint.body:
        return Violation(
            "content_type",
            "body",
            "the body has the wrong Content-Type",
            "",
            _BODY_TYPES[endpoint.body],
            _BODY_TYPES.get(request.kind, request.kind),
        )
    if request.body_problem:
        return Violation("malformed", "body", request.body_problem)
    if endpoint.body == "json" and not isinstance(request.json, dict):
        kind = {list: "an array", str: "a string", bool: "true or false"}.get(
            type(request.json), json.dumps(request.json)[:40]
        )
        return Violation("malformed", "body", "the JSON body is not an object", "", "a JSON object", kind)
    return None


def _vendor_under(vendor: Vendor, chosen: Mapping[str, str]) -> Vendor:
    """Return *vendor* with the chosen readings applied to all of its endpoints."""
    endpoints: dict[str, Endpoint] = {}
    result = vendor
    for endpoint in vendor.endpoints.values():
        choices = readings_of(vendor, endpoint, chosen)
        if choices or any(
            reading.choices[reading.default].set for reading in (*vendor.readings.values(), *endpoint.readings.values())
        ):
            result, endpoints[endpoint.id] = apply_readings(vendor, endpoint, choices)
        else:
            endpoints[endpoint.id] = endpoint
    return msgspec.structs.replace(result, endpoints=endpoints)
