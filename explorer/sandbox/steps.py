"""The steps of a handler, one function each. ``core/catalog/sandbox.py`` documents them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from explorer.core.paging import style_for
from explorer.sandbox import consent
from explorer.sandbox.expressions import compiled
from explorer.sandbox.refusal import make_refusal, quote_value
from explorer.sandbox.templates import compile_sentence, compile_template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from explorer.core.catalog import Endpoint, Vendor
    from explorer.core.catalog.sandbox import FailureKind, HandlerStep
    from explorer.sandbox.accounts import Authority
    from explorer.sandbox.incoming_request import ParsedRequest
    from explorer.sandbox.responses import Reply
    from explorer.sandbox.state import SandboxState


@dataclass
class HandlerRun:
    """One run of a handler."""

    vendor: Vendor
    endpoint: Endpoint
    state: SandboxState
    authority: Authority
    request: ParsedRequest
    scope: dict[str, Any] = field(default_factory=dict)
    """The names that expressions can use."""
    keep_token: bool = True
    """Whether the response includes the headers of the auth scheme."""
    reply: Reply | None = None
    """The response of a step, which replaces that of the handler."""

    def value(self, expression: str) -> Any:
        """Evaluate an expression in the scope."""
        return compiled(expression)(self.scope)


def run_steps(run: HandlerRun, steps: tuple[HandlerStep, ...]) -> None:
    """Run all steps in order.

    Raises:
        Refused: a step refuses the request.
        ExpressionError: a step cannot be parsed or evaluated.
    """
    for step in steps:
        if step.when and not run.value(step.when):
            continue
        if not step.each:
            _STEPS[step.do](run, step)
            continue
        for item in list(run.value(step.each) or ()):
            run.scope["it"] = item
            _STEPS[step.do](run, step)


def _rows(run: HandlerRun, step: HandlerStep) -> list[Any]:
    rows = run.value(step.source) or [] if step.source else run.state.rows(step.collection)
    if not step.where:
        return list(rows)
    matches, inner = compiled(step.where), dict(run.scope)
    selected = []
    for row in rows:
        inner["it"] = row
        if matches(inner):
            selected.append(row)
    return selected


def _refusal(run: HandlerRun, step: HandlerStep, kind: FailureKind, check: str, message: str) -> Exception:
    if step.message:
        message = str(compile_sentence(step.message)(run.scope))
    param = str(compile_sentence(step.param)(run.scope))
    parameter, values = run.endpoint.params.get(param), run.scope["param"]
    got = quote_value(values[param]) if parameter and not parameter.secret and param in values else ""
    return make_refusal(step.refuse or kind, step.check or check, message, param=param, got=got)


def _find(run: HandlerRun, step: HandlerStep) -> None:
    rows = _rows(run, step)
    if not rows:
        raise _refusal(run, step, "no_record", "no_record", f"no such record in {step.collection or 'the source'}")
    run.scope[step.result or "record"] = rows[0]


def _list(run: HandlerRun, step: HandlerStep) -> None:
    rows = _rows(run, step)
    if step.order:
        key, inner = compiled(step.order), dict(run.scope)

        def sort_key(row: Any) -> tuple[int, Any]:
            inner["it"] = row
            return _sortable(key(inner))

        rows.sort(key=sort_key, reverse=bool(step.descending and run.value(step.descending)))
    run.scope["all_records"] = rows
    run.scope["page"], run.scope["paged"] = {}, False
    run.scope[step.result or "records"] = _page(run, step, rows)


def _sortable(value: Any) -> tuple[int, Any]:
    if value is None:
        return (0, 0)
    if isinstance(value, list):
        return (3, [_sortable(item) for item in value])
    return (1, value) if isinstance(value, int | float) else (2, str(value))


def _page(run: HandlerRun, step: HandlerStep, rows: list[Any]) -> list[Any]:
    style = style_for(run.vendor, run.endpoint)
    if style is None:
        return rows
    query = dict(run.request.query)
    if step.paged and run.value(step.paged):
        query = style.opted_in(query)
    page = style.slice(query, rows, run.request.url)
    if page.problem:
        raise make_refusal("invalid", "paging", page.problem, param=page.problem_param)
    run.scope["page"] = dict(page.envelope) if page.wanted else {}
    run.scope["paged"] = page.wanted
    return list(page.records)


def _create(run: HandlerRun, step: HandlerStep) -> None:
    run.scope["id"] = run.state.next_id(step.collection)
    record = compile_template(step.set)(run.scope)
    run.state.add(step.collection, record)
    run.scope["made"] = [*run.scope.get("made", ()), record]
    run.scope[step.result or "record"] = record


def _update(run: HandlerRun, step: HandlerStep) -> None:
    change = compile_template(step.set)
    if not step.where:
        run.scope[step.result or "record"].update(change(run.scope))
        return
    for row in _rows(run, step):
        row.update(change({**run.scope, "it": row}))


def _delete(run: HandlerRun, step: HandlerStep) -> None:
    records = _rows(run, step) if step.where else [run.scope[step.result or "record"]]
    run.state.remove(step.collection, records)
    run.scope["deleted"] = records


def _require(run: HandlerRun, step: HandlerStep) -> None:
    if not run.value(step.that):
        raise _refusal(run, step, "rule", "state", f"{step.param or 'the request'} conflicts with the current state")


def _let(run: HandlerRun, step: HandlerStep) -> None:
    run.scope[step.result] = compile_template(step.value)(run.scope)


def _account(run: HandlerRun, step: HandlerStep) -> None:
    values = {name: str(run.value(text) or "") for name, text in step.match.items()}
    account = run.authority.book.find(values)
    if account is None:
        raise _refusal(run, step, "credentials", "credentials", "no account has these credentials")
    run.scope["account"] = run.authority.template_account(account.id)


def _enrol(run: HandlerRun, step: HandlerStep) -> None:
    data = compile_template(step.set)(run.scope) if step.set else {}
    name = str(data.pop("id", "")) or f"enrolled-{len(run.authority.book.accounts)}"
    run.authority.add_account(name, {key: str(run.value(text)) for key, text in step.match.items()}, data)
    run.scope[step.result or "enrolled"] = run.authority.template_account(name)


def _mint(run: HandlerRun, step: HandlerStep) -> None:
    issuer = run.authority.issuer(step.auth)
    run.scope[step.result or "token"] = issuer.mint(run.scope["account"]["id"])


def _revoke(run: HandlerRun, step: HandlerStep) -> None:
    issuer = run.authority.issuer(step.auth)
    issuer.revoke(issuer.token_of(run.request))
    run.keep_token = False


def _consent(run: HandlerRun, step: HandlerStep) -> None:
    run.reply = consent.consent_page(run.vendor, run.authority, step.auth, run.request)


def _exchange(run: HandlerRun, step: HandlerStep) -> None:
    run.reply = consent.exchange_token(run.authority, step.auth, run.request)


_STEPS: Mapping[str, Callable[[HandlerRun, HandlerStep], None]] = {
    "find": _find,
    "list": _list,
    "create": _create,
    "update": _update,
    "delete": _delete,
    "require": _require,
    "let": _let,
    "account": _account,
    "enrol": _enrol,
    "mint": _mint,
    "revoke": _revoke,
    "consent": _consent,
    "exchange": _exchange,
}
