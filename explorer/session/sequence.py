"""Run saved requests in order, each after the requests whose responses it uses.

names ── plan (chains, missing values, confirmations) ──► SequenceRunner.run
                                                            │ step by step
  dependencies ── rerun rule: missing, never, always, older ── fill ── send ── check expectations ──► RunStep
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from explorer.core.model import SANDBOX
from explorer.core.saved.expectations import ResponsePicker, check_expectations, filled_expectations
from explorer.core.saved.filling import call_uses, fill_call, placeholder_uses, references
from explorer.core.saved.naming import check_chain, direct_dependencies, folder_of, match_name
from explorer.core.saved.placeholders import (
    CredentialPlaceholder,
    Placeholder,
    PlaceholderValue,
    ResponsePlaceholder,
    VariablePlaceholder,
)
from explorer.core.saved.report import RunReport, RunStep
from explorer.core.text.secret import MASK
from explorer.errors import ExplorerError, FormError, UsageError
from explorer.session.history import annotate_entry, past_exchange, recent_entries
from explorer.session.prepare import auth_scheme, check_call, confirmation_for, read_text_files, redact, redactor_for
from explorer.session.request_files import outside_warning
from explorer.session.saved import MissingValue, SavedRequestStore, SavedResponse, VariableScope
from explorer.session.send import send

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.core.model import Call, Exchange
    from explorer.core.saved.model import RerunRule, SavedRequest
    from explorer.core.saved.placeholders import Lookup
    from explorer.errors import CatalogProblem
    from explorer.net.client import OnProgress
    from explorer.session.context import SessionContext


@dataclass(frozen=True)
class RunPlan:
    """What a run would do."""

    names: tuple[str, ...]
    """The requested names, in order."""
    chain: tuple[str, ...]
    """All requests that may be sent: the requested ones and their dependencies."""
    problems: tuple[CatalogProblem, ...] = ()
    """Problems that prevent the run."""
    missing: tuple[tuple[str, MissingValue], ...] = ()
    """Request name → a variable or credential without a value."""
    questions: tuple[tuple[str, str], ...] = ()
    """Request name → what the user must confirm first."""
    files: tuple[tuple[str, str], ...] = ()
    """Request name → a file outside the folder that it reads and the user did not allow."""


@dataclass
class SequenceRunner:
    """Runs saved requests and stores the steps. One run at a time."""

    saved: SavedRequestStore
    scope: VariableScope = field(default_factory=VariableScope)
    go_on: bool | None = None
    """Whether to run independent steps after a failed one; None: as the folder's file says."""
    agreed: bool = False
    """Whether the user confirmed requests that need it."""
    timeout: float | None = None
    tell: Callable[[RunStep | str], None] = lambda _step: None
    """Called with the name of each step before it is sent, and with the step when it has ended."""
    on_progress: OnProgress | None = None
    steps: list[RunStep] = field(default_factory=list)
    exchanges: dict[str, Exchange] = field(default_factory=dict)
    """Name → the exchange of this run, unredacted."""

    @property
    def session(self) -> SessionContext:
        """The session that sends."""
        return self.saved.session

    # --- before ------------------------------------------------------------------------------------------------------

    def plan(self, names: tuple[str, ...]) -> RunPlan:
        """Return what a run of *names* would do. Blocking when it reads the keyring.

        Raises:
            UnknownName, UsageError: a request uses its own response or one of an unknown request; an environment file
            is invalid.
        """
        problems = self._problems(names)
        if problems:
            return RunPlan(names, names, problems)
        requests = self.saved.requests
        chain = tuple(dict.fromkeys(link for name in names for link in check_chain(name, requests)))
        missing: list[tuple[str, MissingValue]] = []
        questions: list[tuple[str, str]] = []
        files: list[tuple[str, str]] = []
        for name in chain:
            known = self.saved.known(self.saved.call(requests[name], self.scope), self.scope)
            files += [(name, path) for path in self.saved.disallowed_files(known)]
            missing += [(name, value) for value in self.saved.missing(requests[name], self.scope)]
            question = self._question(requests[name])
            questions += [(name, question)] if question else []
        return RunPlan(names, chain, (), tuple(missing), tuple(questions), tuple(files))

    def _problems(self, names: tuple[str, ...]) -> tuple[CatalogProblem, ...]:
        """Return the problems of the files of *names* and, if there are several, of their folders' run options."""
        library = self.saved.library
        files = [library.files[name] for name in names if name not in self.saved.formed]
        folders = {folder_of(name) for name in names} if len(names) > 1 else set()
        return (
            *library.problems,
            *(problem for folder in sorted(folders) for problem in library.folder_problems.get(folder, ())),
            *(problem for file in files for problem in file.problems),
        )

    def _question(self, request: SavedRequest) -> str:
        call = self.saved.call(request, self.scope)
        question = confirmation_for(self.session, self.saved.known(call, self.scope))
        if not question and any(isinstance(use.placeholder, ResponsePlaceholder) for use in call_uses(call)):
            return self._strongest_effect(call)
        return question

    def _strongest_effect(self, call: Call) -> str:
        """Return the confirmation needed if a value taken from a response triggers an effect of the call."""
        for when in self.session.operation(call).endpoint.effect_when:
            entries = tuple(
                msgspec.structs.replace(entry, value=when.equals)
                if entry.name == when.param and "${" in entry.value
                else entry
                for entry in call.entries
            )
            question = confirmation_for(self.session, msgspec.structs.replace(call, entries=entries))
            if question:
                return question
        return ""

    # --- running -----------------------------------------------------------------------------------------------------

    async def run(self, title: str, names: tuple[str, ...], folder: str = "") -> RunReport:
        """Run *names* in order and return the report.

        Missing values and missing confirmations raise before anything is sent.

        Raises:
            UsageError: a file is invalid, a value is missing, a confirmation is missing, or a request uses its own
            response.
            asyncio.CancelledError: cancelled; ``steps`` has the steps so far.
        """
        plan = await asyncio.to_thread(self.plan, names)
        require_runnable(plan, agreed=self.agreed)
        options = self.saved.library.options.get(folder)
        go_on = self.go_on if self.go_on is not None else options is None or options.go_on
        started = self.session.now()
        stopped = ""
        for name in names:
            if stopped and not self._done(name):
                self._skip(name, f"not run: {stopped} failed")
            if stopped:
                continue
            step = await self._step_of(name)
            if step.outcome != "passed" and not go_on:
                stopped = step.name
        seconds = max(0.0, self.session.now() - started)
        return RunReport(title=title, started_at=started, seconds=seconds, steps=tuple(self.steps))

    def _done(self, name: str) -> RunStep | None:
        return next((step for step in self.steps if step.name == name), None)

    async def _step_of(self, name: str) -> RunStep:
        """Return the step of *name*, which may have run already as a dependency."""
        return self._done(name) or await self._run(name, "")

    async def _run(self, name: str, needed_by: str) -> RunStep:
        """Send a request after its dependencies and check the response. Raises only on cancellation."""
        request = self.saved.requests[name]
        base = RunStep(name=name, address=request.call.address, needed_by=needed_by)
        try:
            call, lookup = await self.prepared(name)
        except ExplorerError as error:
            return self._end(self._errored(base, error))
        base = msgspec.structs.replace(base, environment=call.environment)
        self.tell(name)
        try:
            question = confirmation_for(self.session, call)
            if question and not self.agreed:
                raise UsageError(question, hint="Pass --yes to confirm.")
            exchange = await send(self.session, call, timeout=self.timeout, on_progress=self.on_progress)
        except ExplorerError as error:
            return self._end(self._errored(base, error))
        return self._end(await self.judged(base, call, exchange, lookup))

    async def judged(self, base: RunStep, call: Call, exchange: Exchange, lookup: Lookup) -> RunStep:
        """Store the response and return the step with all expectations checked."""
        self.exchanges[base.name] = exchange
        self.saved.responses[_key(base.name, call)] = SavedResponse(exchange, self.session.now())
        await self._tag(base.name, exchange)
        return await asyncio.to_thread(self._judged, base, call, exchange, lookup)

    def _judged(self, base: RunStep, call: Call, exchange: Exchange, lookup: Lookup) -> RunStep:
        request = self.saved.requests[base.name]
        shown = redact(self.session, exchange)
        expect = filled_expectations(request.expect, lookup)
        redactor = redactor_for(self.session, call, auth_scheme(self.session, call).secrets())
        results = check_expectations(expect, exchange, shown, redactor.text)
        step = msgspec.structs.replace(base, seconds=exchange.timings.total, exchange=shown, results=results)
        if exchange.failure is not None:
            code, text = exchange.failure.exit_code, f"{exchange.failure.title}: {exchange.failure.message}"
            return msgspec.structs.replace(step, outcome="error", message=redactor.text(text), exit_code=code)
        return msgspec.structs.replace(step, outcome="passed" if all(result.held for result in results) else "failed")

    def _end(self, step: RunStep) -> RunStep:
        self.steps.append(step)
        self.tell(step)
        return step

    def _errored(self, base: RunStep, error: ExplorerError) -> RunStep:
        message = f"{error.title}: {error.message}" + (f" ({error.hint})" if error.hint else "")
        call = self.saved.call(self.saved.requests[base.name], self.scope)
        message = redactor_for(self.session, call).text(message)
        return msgspec.structs.replace(base, outcome="error", message=message, exit_code=error.exit_code)

    def _skip(self, name: str, why: str) -> None:
        address = self.saved.requests[name].call.address
        self._end(RunStep(name=name, address=address, outcome="skipped", message=why))

    async def _tag(self, name: str, exchange: Exchange) -> None:
        if exchange.id:
            try:
                await annotate_entry(self.session, exchange.id, add=(saved_tag(name),))
            except ExplorerError as error:
                self.session.on_warning(error.sentence)

    # --- values ------------------------------------------------------------------------------------------------------

    async def prepared(self, name: str) -> tuple[Call, Lookup]:
        """Return the call of *name* with its placeholders filled, after running its dependencies, and the lookup.

        Raises:
            UsageError: a value is missing, or a response that it uses is missing or lacks the value;
            FormError: the form has errors with these values.
        """
        request = self.saved.requests[name]
        call = self.saved.call(request, self.scope)
        return await self.filled(name, request, call)

    async def filled(self, name: str, request: SavedRequest, call: Call) -> tuple[Call, Lookup]:
        """Fill the placeholders of *call*, which is that of *request* or edited in a form; see ``prepared``."""
        requests = {**self.saved.requests, name: msgspec.structs.replace(request, call=call)}
        check_chain(name, requests)
        picked: dict[Placeholder, PlaceholderValue] = {}
        wanted: dict[str, list[ResponsePlaceholder]] = {}
        for placeholder in references(requests[name]):
            wanted.setdefault(placeholder.request, []).append(placeholder)
        rules = direct_dependencies(name, requests)
        for reference, placeholders in wanted.items():
            target = match_name(reference, requests, name.rpartition("/")[0])
            exchange = await self._response(target, name, rules[target][1])
            picked |= await asyncio.to_thread(self._pick_values, target, exchange, placeholders)
        known = await asyncio.to_thread(self.saved.lookup, call, self.scope)

        def lookup(placeholder: Placeholder) -> PlaceholderValue | None:
            return picked.get(placeholder) or known(placeholder)

        for use in placeholder_uses(requests[name]):
            if (
                isinstance(use.placeholder, VariablePlaceholder | CredentialPlaceholder)
                and lookup(use.placeholder) is None
            ):
                where = f"{use.place} {use.name}".strip()
                raise UsageError(f"{use.placeholder} has no value", hint=f"It is used in {where}.")
            if isinstance(use.placeholder, VariablePlaceholder) and self.saved.is_secret(call, use):
                value = lookup(use.placeholder)
                self.saved.learn(value.text if value else "")
        filled = await asyncio.to_thread(read_text_files, self.session, fill_call(call, lookup))
        errors = check_call(self.session, filled).errors
        if errors and not filled.force:
            raise FormError(errors)
        return filled, lookup

    async def _response(self, target: str, needed_by: str, rule: RerunRule) -> Exchange:
        """Return the exchange of *target*: from this run, stored, or by running it now, according to *rule*."""
        if target in self.exchanges:
            return self.exchanges[target]
        request = self.saved.requests[target]
        call = self.saved.call(request, self.scope)
        stored = None if rule.when == "always" else await self._stored_response(target, call)
        if stored is not None and rule.when == "older" and self.session.now() - stored.at > rule.seconds:
            stored = None
        if stored is not None:
            return stored.exchange
        if rule.when == "never":
            raise UsageError(
                f"{needed_by} uses the response of {target}, which has not run",
                hint=f"Run {target} first, or change its rule.",
            )
        step = self._done(target) or await self._run(target, needed_by)
        if target not in self.exchanges or step.outcome != "passed":
            raise UsageError(f"{target} failed, and {needed_by} uses its response: {step.detail}")
        return self.exchanges[target]

    async def _stored_response(self, target: str, call: Call) -> SavedResponse | None:
        """Return the last OK response of *target* from this process or, outside the sandbox, from the history.

        The sandbox's state does not outlive the process.
        """
        base_url = self.saved.known(call, self.scope).base_url
        response = self.saved.responses.get(_key(target, msgspec.structs.replace(call, base_url=base_url)))
        if response is not None and response.exchange.verdict.outcome == "OK":
            return response
        if call.environment == SANDBOX and not base_url:
            return None
        tag = saved_tag(target)
        for row in await recent_entries(self.session, 20, f"vendor:{call.vendor} verdict:ok tag:{tag}"):
            if row.environment != call.environment or tag not in row.tag_names:
                continue
            past = await past_exchange(self.session, row.id)
            if past.call.address == call.address and past.call.base_url == base_url:
                return SavedResponse(past, row.started_at)
        return None

    def _pick_values(
        self, target: str, exchange: Exchange, placeholders: list[ResponsePlaceholder]
    ) -> dict[Placeholder, PlaceholderValue]:
        if exchange.response is None:
            raise UsageError(f"{target} has no response to take a value from")
        picker, shown = ResponsePicker(exchange.response), redact(self.session, exchange).response
        masked = ResponsePicker(shown) if shown is not None else picker
        values: dict[Placeholder, PlaceholderValue] = {}
        for placeholder in placeholders:
            match = picker.pick(placeholder.path)
            if match.problem or match.json == b"null":
                why = match.problem or "there is no such value"
                raise UsageError(f"{placeholder} has no value: {why}", hint=f"Check the response of {target}.")
            value = values[placeholder] = PlaceholderValue.from_json_value(match.json)
            if masked.pick(placeholder.path).json != match.json:
                self.saved.learn(value.text)
            if MASK in value.text:
                raise UsageError(
                    f"{placeholder} is masked in the stored response",
                    hint=f'Run {target} again each time: [again] "{target}" = "always".',
                )
        return values


def saved_tag(name: str) -> str:
    """Return the history tag of the exchanges of the saved request *name*."""
    return f"saved/{name.lower().replace(' ', '_')}"[:64]


def require_runnable(plan: RunPlan, *, agreed: bool) -> None:
    """Check that a run can start.

    Raises:
        UsageError: a file is invalid, a value is missing, a request reads a file that the user did not allow, or a
        confirmation is missing.
    """
    if plan.problems:
        raise UsageError("\n".join(map(str, plan.problems)), hint="Fix the files. Nothing was sent.")
    if plan.missing:
        lines = [
            f"{name}: {value.placeholder} ({value.place}) has no value: {value.hint}" for name, value in plan.missing
        ]
        raise UsageError("\n".join(lines), hint="Nothing was sent.")
    if plan.files:
        lines = [f"{name}: {outside_warning(path)}" for name, path in plan.files]
        paths = " ".join(f"--allow-file {path}" for path in dict.fromkeys(path for _, path in plan.files))
        raise UsageError("\n".join(lines), hint=f"To upload it, pass {paths}. Nothing was sent.")
    if plan.questions and not agreed:
        text = "\n".join(f"{name}: {question}" for name, question in plan.questions)
        raise UsageError(text, hint="Pass --yes to confirm. Nothing was sent.")


def _key(name: str, call: Call) -> tuple[str, str, str]:
    return (name, call.environment, call.base_url)
