"""``readings`` and ``drift``: ambiguities of the documents, and responses that differ from the catalog."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from explorer.cli.catalog_commands import reading_row
from explorer.cli.messages import say
from explorer.cli.output import print_json, print_lines, table
from explorer.cli.parameters import Seconds
from explorer.cli.request_commands import call_options, confirm, make_call, values_argument
from explorer.cli.session_options import json_option, session_of, trust_host_option, yes_option
from explorer.core.text.units import format_local
from explorer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.drift import DriftFinding
    from explorer.session.ambiguity_status import AmbiguityStatus
    from explorer.session.context import SessionContext
    from explorer.session.drift import DriftReport
    from explorer.session.experiments import Experiment, Trial
    from explorer.store.journals import Evidence


class _Group(click.Group):
    """A group in which ``readings VENDOR`` is short for ``readings list VENDOR``."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the named command; any other argument is passed to ``list``."""
        if args and args[0] in self.commands:
            return super().resolve_command(ctx, args)
        return "list", self.commands["list"], args


@click.group("readings", cls=_Group, invoke_without_command=True, context_settings={"ignore_unknown_options": True})
@click.pass_context
def readings_command(ctx: click.Context) -> int:
    """List, try and adopt readings of ambiguous documents.

    `readings VENDOR` is short for `readings list VENDOR`.
    """
    if ctx.invoked_subcommand is None:
        result = ctx.invoke(list_command, address=None, every=False, as_json=False)
        return int(result or 0)
    return 0


@readings_command.command("list")
@click.argument("address", required=False, metavar="[VENDOR[.ENDPOINT]]")
@click.option("--all", "every", is_flag=True, help="Include those that do not change requests.")
@json_option
@click.pass_context
def list_command(ctx: click.Context, address: str | None, every: bool, as_json: bool) -> int:
    """List ambiguities, their readings and evidence."""
    session = session_of(ctx, keep_history=False)
    ambiguities = list(_ambiguities(session, address))
    if as_json:
        print_json([_row(ambiguity) for ambiguity in ambiguities])
        return 0
    shown = [
        ambiguity
        for ambiguity in ambiguities
        if every or ambiguity.reading.changes_request or ambiguity.tried or ambiguity.adopted
    ]
    for ambiguity in shown:
        print_lines("\n".join(_lines(ambiguity)))
    tried = sum(ambiguity.tried for ambiguity in ambiguities)
    hidden = " (--all includes those that do not change requests)" if len(shown) < len(ambiguities) else ""
    say(f"{len(shown)} of {len(ambiguities)} ambiguities, {tried} tried{hidden}")
    return 0


def _ambiguities(session: SessionContext, address: str | None) -> Iterator[AmbiguityStatus]:
    from explorer.session.ambiguity_status import ambiguities

    if address is None:
        for vendor_id in session.catalog.vendors:
            yield from ambiguities(session, vendor_id)
    else:
        vendor_id, _, endpoint_id = address.partition(".")
        yield from ambiguities(session, vendor_id, endpoint_id or None)


def _lines(ambiguity: AmbiguityStatus) -> Iterator[str]:
    adopted = "  (adopted)" if ambiguity.adopted else ""
    kind = "◆" if ambiguity.reading.changes_request else "◇"
    yield f"{kind} {ambiguity.address}{adopted}\n    {ambiguity.reading.about}"
    for name, choice in ambiguity.reading.choices.items():
        mark = "*" if name == ambiguity.reading.default else " "
        lines = f" [{ambiguity.vendor.cite(choice.lines)}]" if choice.lines else ""
        yield f"  {mark} {name}: {choice.title}{lines}"
        for evidence in ambiguity.evidence.get(name, ()):
            yield f"      {_evidence_text(evidence)}"
    yield f"    why: {ambiguity.reading.why}"


def _evidence_text(evidence: Evidence) -> str:
    from explorer.session.ambiguity_status import evidence_words

    return evidence_words(evidence, format_local(evidence.at, "%Y-%m-%d"))


def _row(ambiguity: AmbiguityStatus) -> dict[str, Any]:
    return {
        "vendor": ambiguity.vendor.id,
        "endpoint": ambiguity.endpoint or None,
        **reading_row(ambiguity.vendor, ambiguity.key, ambiguity.reading),
        "adopted": ambiguity.adopted,
        "evidence": [_evidence_row(item) for items in ambiguity.evidence.values() for item in items],
    }


def _evidence_row(evidence: Evidence) -> dict[str, Any]:
    return {
        "choice": evidence.choice,
        "environment": evidence.environment,
        "verdict": evidence.verdict,
        "at": evidence.at,
        "status": evidence.status,
        "outcome": evidence.outcome,
        "history": evidence.number or None,
        "endpoint": evidence.endpoint,
    }


@readings_command.command("try")
@click.argument("address", metavar="VENDOR.ENDPOINT")
@click.argument("key")
@values_argument
@call_options
@click.option("--only", "choices", multiple=True, metavar="CHOICE", help="Try only this choice; repeatable.")
@click.option("-t", "--timeout", type=Seconds(), help="Time limit of each exchange.")
@yes_option
@json_option
@trust_host_option
@click.pass_context
def try_command(
    ctx: click.Context,
    /,
    address: str,
    key: str,
    values: tuple[str, ...],
    choices: tuple[str, ...],
    timeout: float | None,
    yes: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Send a call under each reading of the ambiguity KEY.

    What the server accepted is printed and stored as evidence.
    """
    from explorer.core.form import validate_form
    from explorer.errors import FormError
    from explorer.session.variants import plan_experiment

    session = session_of(ctx)
    call = make_call(session, address, values, options)
    plan = plan_experiment(session, call, key)
    errors = validate_form(session.operation(plan.variant(plan.reading.default).call).endpoint, call.entries).errors
    if errors and not call.force:
        raise FormError(errors)
    for choice in choices:
        plan.variant(choice)
    if plan.question and not yes:
        confirm(plan.question)
    experiment = asyncio.run(_run(session, plan, choices, timeout))
    if as_json:
        print_json(_experiment_row(experiment))
        return 0
    rows = [
        (
            trial.variant.choice,
            trial.verdict,
            trial.variant.line,
            trial.why,
            f"#{trial.exchange.id}" if trial.exchange else "",
        )
        for trial in experiment.trials
    ]
    print_lines(table([("choice", "verdict", "request", "response", "history"), *rows]))
    print_lines(experiment.conclusion)
    return 0


async def _run(session: SessionContext, plan: Any, choices: tuple[str, ...], timeout: float | None) -> Experiment:
    from explorer.session.experiments import run_experiment

    def report(trial: Trial) -> None:
        notes = f" ({'; '.join(trial.variant.notes)})" if trial.variant.notes else ""
        say(f"{trial.variant.choice}{notes}: {trial.verdict}, {trial.why}")

    try:
        return await run_experiment(session, plan, choices, agreed=True, timeout=timeout, tell=report)
    finally:
        await session.close()


def _experiment_row(experiment: Experiment) -> dict[str, Any]:
    from explorer.cli.output import exchange_table

    plan = experiment.plan
    return {
        "vendor": plan.call.vendor,
        "endpoint": plan.call.endpoint,
        "key": plan.key,
        "environment": plan.call.environment,
        "follows": experiment.followed_choice or None,
        "conclusion": experiment.conclusion,
        "same_request": plan.all_same,
        "trials": [
            {
                "choice": trial.variant.choice,
                "verdict": trial.verdict,
                "why": trial.why,
                "request": trial.variant.line,
                "notes": list(trial.variant.notes),
                "told_apart": trial.variant.is_distinct,
                "history": trial.exchange.id if trial.exchange else None,
                "exchange": exchange_table(trial.exchange) if trial.exchange else None,
            }
            for trial in experiment.trials
        ],
    }


@readings_command.command("adopt")
@click.argument("address", metavar="VENDOR[.ENDPOINT]")
@click.argument("key")
@click.argument("choice")
@click.pass_context
def adopt_command(ctx: click.Context, address: str, key: str, choice: str) -> int:
    """Make CHOICE the default reading of the ambiguity KEY.

    It is written to your overlay, which catalog updates do not change.
    """
    from explorer.session.ambiguity_status import adopt_choice, find_ambiguity
    from explorer.store.overlay import overlay_path

    session = session_of(ctx, keep_history=False)
    ambiguity = find_ambiguity(session, address, key)
    if not ambiguity.endpoint and "." in address:
        say(f"note: {key} applies to every call of {ambiguity.vendor.id}")
    previous = ambiguity.reading.default
    for note in adopt_choice(session, ambiguity, choice):
        say(note)
    print_lines(f"{ambiguity.address}: default changed from {previous} to {choice}")
    say(f"written to {overlay_path(session.folders, ambiguity.vendor.id)}")
    return 0


@readings_command.command("forget")
@click.argument("address", metavar="VENDOR[.ENDPOINT]")
@click.argument("key")
@click.pass_context
def forget_command(ctx: click.Context, address: str, key: str) -> int:
    """Restore the default reading of KEY; delete its evidence."""
    from explorer.session.ambiguity_status import find_ambiguity, reset_ambiguity

    session = session_of(ctx, keep_history=False)
    ambiguity = find_ambiguity(session, address, key)
    trials, was_adopted = reset_ambiguity(session, ambiguity)
    if not trials and not was_adopted:
        raise UsageError(
            f"{ambiguity.address} has no evidence and no adopted reading",
            hint="`api-explorer readings list` shows those that have.",
        )
    restored = f"; default is {find_ambiguity(session, address, key).reading.default} again" if was_adopted else ""
    print_lines(f"{ambiguity.address}: {trials} trial{'' if trials == 1 else 's'} deleted{restored}")
    return 0


@click.command("drift")
@click.argument("vendor_id", metavar="[VENDOR]", required=False)
@click.option(
    "--accept", "accepted", multiple=True, type=click.IntRange(1), metavar="N", help="Write finding N to your overlay."
)
@click.option("--dismiss", "dismissed", multiple=True, type=click.IntRange(1), metavar="N", help="Hide finding N.")
@click.option("--all", "every", is_flag=True, help="Include dismissed findings.")
@json_option
@click.pass_context
def drift_command(
    ctx: click.Context,
    vendor_id: str | None,
    accepted: tuple[int, ...],
    dismissed: tuple[int, ...],
    every: bool,
    as_json: bool,
) -> int:
    """Show where responses differ from the catalog.

    The responses of the history are compared by fields, types, values and limits. N is the number of a finding in this
    list. Catalog updates do not change your overlay.
    """
    session = session_of(ctx)
    drift = asyncio.run(_find(session, vendor_id or "", every))
    for problem in drift.problems:
        say(problem)
    for number in (*accepted, *dismissed):
        if number > len(drift.findings):
            raise UsageError(f"no finding {number}", hint=f"There are {len(drift.findings)} findings.")
    if as_json:
        print_json([_finding_row(number, finding) for number, finding in enumerate(drift.findings, 1)])
    elif not accepted and not dismissed:
        for number, finding in enumerate(drift.findings, 1):
            print_lines(_finding_text(number, finding))
    _accept(session, [drift.findings[number - 1] for number in accepted])
    for number in dismissed:
        _dismiss(session, drift.findings[number - 1])
    hidden = f", {len(drift.hidden)} dismissed" if drift.hidden and not every else ""
    say(f"findings: {len(drift.findings)}{hidden}; responses: {drift.answers}; endpoints: {drift.calls}")
    return 0


async def _find(session: SessionContext, vendor: str, every: bool) -> DriftReport:
    from explorer.session.drift import find_drift

    try:
        return await find_drift(session, vendor, every=every)
    finally:
        await session.close()


def _finding_text(number: int, finding: DriftFinding) -> str:
    from explorer.session.drift import patch_words

    entries = " ".join(f"#{entry}" for entry in finding.entries)
    lines = [
        f"{number}. {finding.vendor}.{finding.endpoint}: {finding.title}",
        f"     documented: {finding.documented}",
        f"     seen: {finding.seen}, {finding.count} of {finding.of}" + (f", in {entries}" if entries else ""),
    ]
    if finding.example:
        lines.append(f"     example: {finding.example}")
    return "\n".join([*lines, *(f"     patch: {' '.join(text.split(chr(10)))}" for text in patch_words(finding))])


def _finding_row(number: int, finding: DriftFinding) -> dict[str, Any]:
    from explorer.session.drift import patch_words

    return {
        "number": number,
        "vendor": finding.vendor,
        "endpoint": finding.endpoint,
        "what": finding.what,
        "place": finding.place,
        "documented": finding.documented,
        "seen": finding.seen,
        "count": finding.count,
        "of": finding.of,
        "entries": list(finding.entries),
        "example": finding.example,
        "patch": list(patch_words(finding)),
    }


def _accept(session: SessionContext, findings: list[DriftFinding]) -> None:
    from explorer.session.drift import accept_finding
    from explorer.store.overlay import overlay_path

    for finding in findings:
        for note in accept_finding(session, finding):
            say(note)
        say(f"accepted into {overlay_path(session.folders, finding.vendor)}: {finding.endpoint}, {finding.title}")


def _dismiss(session: SessionContext, finding: DriftFinding) -> None:
    from explorer.session.drift import dismiss_finding

    dismiss_finding(session, finding)
    say(f"dismissed: {finding.endpoint}, {finding.title}")
