"""The steps of a handler, one function each. The vocabulary is described in ``core/catalog/sandbox.py``."""

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
    """One call on its way through its handler. ``scope`` is what expressions see; ``keep_token``: whether the answer
    still carries what the auth scheme put into it."""

    vendor: Vendor
    endpoint: Endpoint
    state: SandboxState
    authority: Authority
    arrival: ParsedRequest
    scope: dict[str, Any] = field(default_factory=dict)
    keep_token: bool = True
    reply: Reply | None = None
    """An answer that a step made itself."""

    def value(self, expression: str) -> Any:
        """What an expression gives here."""
        return compiled(expression)(self.scope)


def run_steps(run: HandlerRun, steps: tuple[HandlerStep, ...]) -> None:
    """Do all steps in order.

    Raises:
        Refused: a step says no.
        ExpressionError: a step cannot be read or worked out.
    """
    for step in steps:
        if step.when and not run.value(step.when):
            continue
        if not step.each:
            _STEPS[step.do](run, step)
            continue
        for entry in list(run.value(step.each) or ()):
            run.scope["it"] = entry
            _STEPS[step.do](run, step)


def _rows(run: HandlerRun, step: HandlerStep) -> list[Any]:
    rows = run.value(step.source) or [] if step.source else run.state.rows(step.collection)
    if not step.where:
        return list(rows)
    fits, inner = compiled(step.where), dict(run.scope)
    kept = []
    for row in rows:
        inner["it"] = row
        if fits(inner):
            kept.append(row)
    return kept


def _refusal(run: HandlerRun, step: HandlerStep, kind: FailureKind, check: str, message: str) -> Exception:
    if step.message:
        message = str(compile_sentence(step.message)(run.scope))
    param = str(compile_sentence(step.param)(run.scope))
    known = run.endpoint.params.get(param)
    got = (
        quote_value(run.scope["param"].get(param)) if known and not known.secret and param in run.scope["param"] else ""
    )
    return make_refusal(step.refuse or kind, step.check or check, message, param=param, got=got)


def _find(run: HandlerRun, step: HandlerStep) -> None:
    found = _rows(run, step)
    if not found:
        name = step.collection or "record"
        raise _refusal(run, step, "no_record", "no_record", f"there is no such entry among the {name}")
    run.scope[step.result or "record"] = found[0]


def _list(run: HandlerRun, step: HandlerStep) -> None:
    rows = _rows(run, step)
    if step.order:
        key, inner = compiled(step.order), dict(run.scope)

        def by(row: Any) -> tuple[int, Any]:
            inner["it"] = row
            return _sortable(key(inner))

        rows.sort(key=by, reverse=bool(step.descending and run.value(step.descending)))
    run.scope["all_records"] = rows
    run.scope["page"], run.scope["paged"] = {}, False
    run.scope[step.result or "records"] = _page(run, step, rows)


def _sortable(value: Any) -> tuple[int, Any]:
    if value is None:
        return (0, 0)
    if isinstance(value, list):
        return (3, [_sortable(one) for one in value])
    return (1, value) if isinstance(value, int | float) else (2, str(value))


def _page(run: HandlerRun, step: HandlerStep, rows: list[Any]) -> list[Any]:
    style = style_for(run.vendor, run.endpoint)
    if style is None:
        return rows
    query = dict(run.arrival.query)
    if step.paged and run.value(step.paged):
        query = style.opted_in(query)
    cut = style.slice(query, rows, run.arrival.url)
    if cut.problem:
        raise make_refusal("invalid", "paging", cut.problem, param=cut.problem_param)
    run.scope["page"] = dict(cut.envelope) if cut.wanted else {}
    run.scope["paged"] = cut.wanted
    return list(cut.records)


def _create(run: HandlerRun, step: HandlerStep) -> None:
    run.scope["id"] = run.state.next_id(step.collection)
    made = compile_template(step.set)(run.scope)
    run.state.add(step.collection, made)
    run.scope["made"] = [*run.scope.get("made", ()), made]
    run.scope[step.result or "record"] = made


def _update(run: HandlerRun, step: HandlerStep) -> None:
    change = compile_template(step.set)
    if not step.where:
        run.scope[step.result or "record"].update(change(run.scope))
        return
    for row in _rows(run, step):
        row.update(change({**run.scope, "it": row}))


def _delete(run: HandlerRun, step: HandlerStep) -> None:
    doomed = _rows(run, step) if step.where else [run.scope[step.result or "record"]]
    run.state.remove(step.collection, doomed)
    run.scope["deleted"] = doomed


def _require(run: HandlerRun, step: HandlerStep) -> None:
    if not run.value(step.that):
        raise _refusal(run, step, "rule", "state", f"{step.param or 'the call'} does not fit what is there")


def _let(run: HandlerRun, step: HandlerStep) -> None:
    run.scope[step.result] = compile_template(step.value)(run.scope)


def _account(run: HandlerRun, step: HandlerStep) -> None:
    values = {name: str(run.value(text) or "") for name, text in step.match.items()}
    found = run.authority.book.find(values)
    if found is None:
        raise _refusal(run, step, "credentials", "credentials", "no account has these credentials")
    run.scope["account"] = run.authority.template_account(found.id)


def _enrol(run: HandlerRun, step: HandlerStep) -> None:
    about = compile_template(step.set)(run.scope) if step.set else {}
    name = str(about.pop("id", "")) or f"enrolled-{len(run.authority.book.accounts)}"
    run.authority.add_account(name, {key: str(run.value(text)) for key, text in step.match.items()}, about)
    run.scope[step.result or "enrolled"] = run.authority.template_account(name)


def _mint(run: HandlerRun, step: HandlerStep) -> None:
    issuer = run.authority.issuer(step.auth)
    run.scope[step.result or "token"] = issuer.mint(run.scope["account"]["id"])


def _revoke(run: HandlerRun, step: HandlerStep) -> None:
    issuer = run.authority.issuer(step.auth)
    issuer.revoke(issuer.token_of(run.arrival))
    run.keep_token = False


def _consent(run: HandlerRun, step: HandlerStep) -> None:
    run.reply = consent.consent_page(run.vendor, run.authority, step.auth, run.arrival)


def _exchange(run: HandlerRun, step: HandlerStep) -> None:
    run.reply = consent.exchange_token(run.authority, step.auth, run.arrival)


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
