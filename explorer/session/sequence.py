"""Running saved requests: one, or a folder in order, each after those whose answers it needs.

names ── planned (whole chains, nothing missing, what must be agreed to) ──► Runner.run
                                                                               │ one step at a time
  answers needed ── rule: missing, never, always, older ── fill ── send ── check expectations ── Step ──► Report
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
    """What a run will do; nothing was sent yet."""

    names: tuple[str, ...]
    """What was asked for, in order."""
    chain: tuple[str, ...]
    """Everything that may be sent: what was asked for, and what that needs."""
    problems: tuple[CatalogProblem, ...] = ()
    """What keeps it from being run."""
    missing: tuple[tuple[str, MissingValue], ...] = ()
    """Name of a request → a variable or credential of it that has no value."""
    questions: tuple[tuple[str, str], ...] = ()
    """Name of a request → what a person must say yes to first."""
    files: tuple[tuple[str, str], ...] = ()
    """Name of a request → a file outside the folder that it reads, and that nobody allowed."""


@dataclass
class SequenceRunner:
    """Runs names of the library, and keeps what came of each. One run at a time."""

    saved: SavedRequestStore
    scope: VariableScope = field(default_factory=VariableScope)
    go_on: bool | None = None
    """Whether to go on after a step that failed with those that do not need it; None: as the folder's file says."""
    agreed: bool = False
    """Whether a person said yes to what asks first."""
    timeout: float | None = None
    tell: Callable[[RunStep | str], None] = lambda _step: None
    """Told of the name of each step before it is sent, and of the step when it has ended."""
    on_progress: OnProgress | None = None
    steps: list[RunStep] = field(default_factory=list)
    exchanges: dict[str, Exchange] = field(default_factory=dict)
    """Name → the exchange of this run, not masked."""

    @property
    def session(self) -> SessionContext:
        """The session that sends."""
        return self.saved.session

    # --- before ------------------------------------------------------------------------------------------------------

    def plan(self, names: tuple[str, ...]) -> RunPlan:
        """What a run of *names* would do. Blocking, where a keyring has to be asked.

        Raises:
            UnknownName, UsageError: a request needs its own answer or one that is not there; an environment file is
            wrong.
        """
        wrong = self._problems(names)
        if wrong:
            return RunPlan(names, names, wrong)
        requests = self.saved.requests
        chain = tuple(dict.fromkeys(one for name in names for one in check_chain(name, requests)))
        missing: list[tuple[str, MissingValue]] = []
        questions: list[tuple[str, str]] = []
        files: list[tuple[str, str]] = []
        for name in chain:
            known = self.saved.known(self.saved.call(requests[name], self.scope), self.scope)
            files += [(name, path) for path in self.saved.disallowed_files(known)]
            missing += [(name, one) for one in self.saved.missing(requests[name], self.scope)]
            question = self._question(requests[name])
            questions += [(name, question)] if question else []
        return RunPlan(names, chain, (), tuple(missing), tuple(questions), tuple(files))

    def _problems(self, names: tuple[str, ...]) -> tuple[CatalogProblem, ...]:
        """What is wrong with the files of *names* and, where there are several, with how their folders are run."""
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
        if not question and any(isinstance(one.placeholder, ResponsePlaceholder) for one in call_uses(call)):
            return self._strongest_effect(call)
        return question

    def _strongest_effect(self, call: Call) -> str:
        """What would be asked if a value that is not known yet were the one that makes the call grave."""
        for when in self.session.operation(call).endpoint.effect_when:
            entries = tuple(
                msgspec.structs.replace(one, value=when.equals) if one.name == when.param and "${" in one.value else one
                for one in call.entries
            )
            question = confirmation_for(self.session, msgspec.structs.replace(call, entries=entries))
            if question:
                return question
        return ""

    # --- running -----------------------------------------------------------------------------------------------------

    async def run(self, title: str, names: tuple[str, ...], folder: str = "") -> RunReport:
        """Run *names* in order and give the report. Variables that have no value, and what must be agreed to, end it
        before anything is sent.

        Raises:
            UsageError: a file is bad, a value is missing, nobody agreed, a request needs its own answer.
            asyncio.CancelledError: stopped; ``steps`` holds what was done.
        """
        plan = await asyncio.to_thread(self.plan, names)
        require_runnable(plan, agreed=self.agreed)
        options = self.saved.library.options.get(folder)
        go_on = self.go_on if self.go_on is not None else options is None or options.go_on
        started = self.session.now()
        stopped = ""
        for name in names:
            if stopped and not self._done(name):
                self._skip(name, f"not run: {stopped} did not pass")
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
        """The step of *name*, which may have been run already because another needed it."""
        return self._done(name) or await self._run(name, "")

    async def _run(self, name: str, needed_by: str) -> RunStep:
        """Send one request, after those that it needs, and check its answer. Nothing but a cancellation is raised."""
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
                raise UsageError(f"{question}, and nobody agreed", hint="Say --yes if that is what you want.")
            exchange = await send(self.session, call, timeout=self.timeout, on_progress=self.on_progress)
        except ExplorerError as error:
            return self._end(self._errored(base, error))
        return self._end(await self.judged(base, call, exchange, lookup))

    async def judged(self, base: RunStep, call: Call, exchange: Exchange, lookup: Lookup) -> RunStep:
        """Keep the answer, and give the step with every expectation checked."""
        self.exchanges[base.name] = exchange
        self.saved.answers[_key(base.name, call)] = SavedResponse(exchange, self.session.now())
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
        return msgspec.structs.replace(step, outcome="passed" if all(one.held for one in results) else "failed")

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
        """The call of *name* with everything filled in, after running what it needs; and what fills its expectations.

        Raises:
            UsageError: a value is missing, or an answer that it needs is not there or does not hold the value;
            FormError: the form is wrong with the values in it.
        """
        request = self.saved.requests[name]
        call = self.saved.call(request, self.scope)
        return await self.filled(name, request, call)

    async def filled(self, name: str, request: SavedRequest, call: Call) -> tuple[Call, Lookup]:
        """*call*, made of *request* (or changed in a form since), with everything filled in; see ``prepared``."""
        requests = {**self.saved.requests, name: msgspec.structs.replace(request, call=call)}
        check_chain(name, requests)
        found: dict[Placeholder, PlaceholderValue] = {}
        wanted: dict[str, list[ResponsePlaceholder]] = {}
        for one in references(requests[name]):
            wanted.setdefault(one.request, []).append(one)
        rules = direct_dependencies(name, requests)
        for said, places in wanted.items():
            target = match_name(said, requests, name.rpartition("/")[0])
            exchange = await self._answer(target, name, rules[target][1])
            found |= await asyncio.to_thread(self._picked, target, exchange, places)
        known = await asyncio.to_thread(self.saved.lookup, call, self.scope)

        def lookup(one: Placeholder) -> PlaceholderValue | None:
            return found.get(one) or known(one)

        for use in placeholder_uses(requests[name]):
            if (
                isinstance(use.placeholder, VariablePlaceholder | CredentialPlaceholder)
                and lookup(use.placeholder) is None
            ):
                where = f"{use.place} {use.name}".strip()
                raise UsageError(f"{use.placeholder} has no value", hint=f"It stands in {where}.")
            if isinstance(use.placeholder, VariablePlaceholder) and self.saved.is_secret(call, use):
                value = lookup(use.placeholder)
                self.saved.learn(value.text if value else "")
        filled = await asyncio.to_thread(read_text_files, self.session, fill_call(call, lookup))
        errors = check_call(self.session, filled).errors
        if errors and not filled.force:
            raise FormError(errors)
        return filled, lookup

    async def _answer(self, target: str, needed_by: str, rule: RerunRule) -> Exchange:
        """The answer to *target*: of this run, kept, or of running it now, as *rule* says."""
        if target in self.exchanges:
            return self.exchanges[target]
        request = self.saved.requests[target]
        call = self.saved.call(request, self.scope)
        kept = None if rule.when == "always" else await self._kept(target, call)
        if kept is not None and rule.when == "older" and self.session.now() - kept.at > rule.seconds:
            kept = None
        if kept is not None:
            return kept.exchange
        if rule.when == "never":
            raise UsageError(
                f"{needed_by} needs the answer to {target}, and there is none", hint="Run it first, or change its rule."
            )
        step = next((one for one in self.steps if one.name == target), None) or await self._run(target, needed_by)
        if target not in self.exchanges or step.outcome != "passed":
            raise UsageError(f"{target}, whose answer is needed, did not pass: {step.detail}")
        return self.exchanges[target]

    async def _kept(self, target: str, call: Call) -> SavedResponse | None:
        """The last good answer to *target* in this run of the program or, for what is no sandbox (which forgets), in
        the history."""
        base_url = self.saved.known(call, self.scope).base_url
        answer = self.saved.answers.get(_key(target, msgspec.structs.replace(call, base_url=base_url)))
        if answer is not None and answer.exchange.verdict.outcome == "OK":
            return answer
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

    def _picked(
        self, target: str, exchange: Exchange, places: list[ResponsePlaceholder]
    ) -> dict[Placeholder, PlaceholderValue]:
        if exchange.response is None:
            raise UsageError(f"{target} has no answer to take a value from")
        picker, shown = ResponsePicker(exchange.response), redact(self.session, exchange).response
        masked = ResponsePicker(shown) if shown is not None else picker
        found: dict[Placeholder, PlaceholderValue] = {}
        for one in places:
            value = picker.pick(one.path)
            if value.problem or value.json == b"null":
                why = value.problem or "nothing is there"
                raise UsageError(f"{one} gives nothing: {why}", hint=f"Look at the answer to {target}.")
            found[one] = PlaceholderValue.from_json_value(value.json)
            if masked.pick(one.path).json != value.json:
                self.saved.learn(found[one].text)
            if MASK in found[one].text:
                raise UsageError(
                    f"{one} was masked when the answer was kept", hint='Let it run again: [again] "NAME" = "always".'
                )
        return found


def saved_tag(name: str) -> str:
    """The tag in the history of every exchange of the saved request *name*."""
    return f"saved/{name.lower().replace(' ', '_')}"[:64]


def require_runnable(plan: RunPlan, *, agreed: bool) -> None:
    """End a run that cannot be begun.

    Raises:
        UsageError: a file is bad, a variable has no value, a request reads a file that nobody allowed, or nobody agreed
        to what asks first.
    """
    if plan.problems:
        raise UsageError("\n".join(map(str, plan.problems)), hint="Mend the files; nothing was sent.")
    if plan.missing:
        lines = [f"{name}: {one.placeholder} ({one.place}) has no value: {one.hint}" for name, one in plan.missing]
        raise UsageError("\n".join(lines), hint="Nothing was sent.")
    if plan.files:
        lines = [f"{name}: {outside_warning(path)}" for name, path in plan.files]
        paths = " ".join(f"--allow-file {path}" for path in dict.fromkeys(path for _, path in plan.files))
        raise UsageError("\n".join(lines), hint=f"If it is to be uploaded, pass {paths}. Nothing was sent.")
    if plan.questions and not agreed:
        text = "\n".join(f"{name}: {question}" for name, question in plan.questions)
        raise UsageError(f"{text}\nNobody agreed to that", hint="Say --yes if that is what you want; nothing was sent.")


def _key(name: str, call: Call) -> tuple[str, str, str]:
    return (name, call.environment, call.base_url)
