"""``readings`` and ``drift``: ambiguities of the documents, and responses that differ from the catalog."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from explorer.cli.catalog_commands import reading_row
from explorer.cli.messages import say
from explorer.cli.output import print_json, print_lines, table
from explorer.cli.parameters import Seconds
from explorer.cli.request_commands import call_options, confirm, make_call
from explorer.cli.session_options import session_of, trust_host_option
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
    """``readings try …`` is a command of the group; ``readings VENDOR`` lists."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of that name; any other word is what to list."""
        if args and args[0] in self.commands:
            return super().resolve_command(ctx, args)
        return "list", self.commands["list"], args


@click.group("readings", cls=_Group, invoke_without_command=True, context_settings={"ignore_unknown_options": True})
@click.pass_context
def readings_command(ctx: click.Context) -> int:
    """Where the documents contradict themselves.

    \b
    readings [VENDOR[.ENDPOINT]] [--json]           every reading, its lines, what servers made of it
    readings try VENDOR.ENDPOINT KEY name=value …   send the call under each choice and compare
    readings adopt VENDOR[.ENDPOINT] KEY CHOICE     make a choice the default (your overlay)
    readings forget VENDOR[.ENDPOINT] KEY           back to the catalog's default, evidence forgotten
    """
    if ctx.invoked_subcommand is None:
        result = ctx.invoke(list_command, address=None, every=False, as_json=False)
        return int(result or 0)
    return 0


@readings_command.command("list")
@click.argument("address", required=False, metavar="[VENDOR[.ENDPOINT]]")
@click.option("--all", "every", is_flag=True, help="Also those that change nothing that is sent.")
@click.option("--json", "as_json", is_flag=True, help="An array as data.")
@click.pass_context
def list_command(ctx: click.Context, address: str | None, every: bool, as_json: bool) -> int:
    """List readings with their evidence: all, of a VENDOR, or of a call (VENDOR.ENDPOINT)."""
    session = session_of(ctx, keep_history=False)
    found = list(_ambiguities(session, address))
    if as_json:
        print_json([_row(one) for one in found])
        return 0
    shown = [one for one in found if every or one.reading.changes_request or one.tried or one.adopted]
    for one in shown:
        print_lines("\n".join(_lines(one)))
    say(
        f"{len(shown)} readings shown, {sum(one.tried for one in found)} tried; {len(found)} in all"
        + _hidden_note(every)
    )
    return 0


def _hidden_note(every: bool) -> str:
    return "" if every else " (--all shows those too that change nothing that is sent)"


def _ambiguities(session: SessionContext, address: str | None) -> Iterator[AmbiguityStatus]:
    from explorer.session.ambiguity_status import ambiguities

    if address is None:
        for vendor_id in session.catalog.vendors:
            yield from ambiguities(session, vendor_id)
    else:
        vendor_id, _, endpoint_id = address.partition(".")
        yield from ambiguities(session, vendor_id, endpoint_id or None)


def _lines(doubt: AmbiguityStatus) -> Iterator[str]:
    own = "  (adopted by you)" if doubt.adopted else ""
    mark = "◆" if doubt.reading.changes_request else "◇"
    yield f"{mark} {doubt.address}{own}\n    {doubt.reading.about}"
    for name, choice in doubt.reading.choices.items():
        sign = "*" if name == doubt.reading.default else " "
        lines = f" [{doubt.vendor.cite(choice.lines)}]" if choice.lines else ""
        yield f"  {sign} {name}: {choice.title}{lines}"
        for one in doubt.evidence.get(name, ()):
            yield f"      {_words(one)}"
    yield f"    why: {doubt.reading.why}"


def _words(one: Evidence) -> str:
    from explorer.session.ambiguity_status import evidence_words

    return evidence_words(one, format_local(one.at, "%Y-%m-%d"))


def _row(doubt: AmbiguityStatus) -> dict[str, Any]:
    evidence = [_evidence_row(one) for found in doubt.evidence.values() for one in found]
    return {
        "vendor": doubt.vendor.id,
        "endpoint": doubt.endpoint or None,
        **reading_row(doubt.vendor, doubt.key, doubt.reading),
        "adopted": doubt.adopted,
        "evidence": evidence,
    }


def _evidence_row(one: Evidence) -> dict[str, Any]:
    return {
        "choice": one.choice,
        "environment": one.environment,
        "verdict": one.verdict,
        "at": one.at,
        "status": one.status,
        "outcome": one.outcome,
        "history": one.number or None,
        "endpoint": one.endpoint,
    }


@readings_command.command("try")
@click.argument("address", metavar="VENDOR.ENDPOINT")
@click.argument("key")
@click.argument("values", nargs=-1, metavar="[NAME=VALUE | NAME:=JSON | NAME=@FILE]...")
@call_options
@click.option("--only", "choices", multiple=True, metavar="CHOICE", help="Try only this choice (repeatable).")
@click.option("--timeout", type=Seconds(), help="Seconds for each exchange.")
@click.option("--yes", is_flag=True, help="Do not ask before a call that is no read.")
@click.option("--json", "as_json", is_flag=True, help="The result as data.")
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
    """Send a call under each choice of the reading KEY, tell what the server made of each, and keep that."""
    from explorer.core.form import validate_form
    from explorer.errors import FormError
    from explorer.session.variants import plan_experiment

    session = session_of(ctx)
    call = make_call(session, address, values, options)
    found = plan_experiment(session, call, key)
    errors = validate_form(session.operation(found.variant(found.reading.default).call).endpoint, call.entries).errors
    if errors and not call.force:
        raise FormError(errors)
    for choice in choices:
        found.variant(choice)
    if found.question and not yes:
        confirm(found.question)
    experiment = asyncio.run(_run(session, found, choices, timeout))
    if as_json:
        print_json(_experiment_row(experiment))
        return 0
    rows = [
        (one.variant.choice, one.verdict, one.variant.line, one.why, f"#{one.exchange.id}" if one.exchange else "")
        for one in experiment.trials
    ]
    print_lines(table([("choice", "verdict", "request", "answer", "history"), *rows]))
    print_lines(experiment.conclusion)
    return 0


async def _run(session: SessionContext, found: Any, choices: tuple[str, ...], timeout: float | None) -> Experiment:
    from explorer.session.experiments import run_experiment

    def tell(trial: Trial) -> None:
        notes = f" ({'; '.join(trial.variant.notes)})" if trial.variant.notes else ""
        say(f"{trial.variant.choice}{notes}: {trial.verdict}, {trial.why}")

    try:
        return await run_experiment(session, found, choices, agreed=True, timeout=timeout, tell=tell)
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
                "choice": one.variant.choice,
                "verdict": one.verdict,
                "why": one.why,
                "request": one.variant.line,
                "notes": list(one.variant.notes),
                "told_apart": one.variant.is_distinct,
                "history": one.exchange.id if one.exchange else None,
                "exchange": exchange_table(one.exchange) if one.exchange else None,
            }
            for one in experiment.trials
        ],
    }


@readings_command.command("adopt")
@click.argument("address", metavar="VENDOR[.ENDPOINT]")
@click.argument("key")
@click.argument("choice")
@click.pass_context
def adopt_command(ctx: click.Context, address: str, key: str, choice: str) -> int:
    """Make CHOICE the default of the reading KEY: written to your overlay, which no update of the catalog touches."""
    from explorer.session.ambiguity_status import adopt_choice, find_ambiguity
    from explorer.store.overlay import overlay_path

    session = session_of(ctx, keep_history=False)
    doubt = find_ambiguity(session, address, key)
    if not doubt.endpoint and "." in address:
        say(f"note: {key} concerns every call of {doubt.vendor.id}")
    was = doubt.reading.default
    for note in adopt_choice(session, doubt, choice):
        say(note)
    print_lines(f"{doubt.address}: {choice} is the default now, in place of {was}")
    say(f"kept in {overlay_path(session.folders, doubt.vendor.id)}")
    return 0


@readings_command.command("forget")
@click.argument("address", metavar="VENDOR[.ENDPOINT]")
@click.argument("key")
@click.pass_context
def forget_command(ctx: click.Context, address: str, key: str) -> int:
    """Back to the catalog's own default of the reading KEY, and forget what servers made of it."""
    from explorer.session.ambiguity_status import find_ambiguity, reset_ambiguity

    session = session_of(ctx, keep_history=False)
    doubt = find_ambiguity(session, address, key)
    trials, was_own = reset_ambiguity(session, doubt)
    if not trials and not was_own:
        raise UsageError(f"nothing is known of {doubt.address} beyond the catalog", hint="There is nothing to forget.")
    back = f"; back to {find_ambiguity(session, address, key).reading.default}" if was_own else ""
    print_lines(f"{doubt.address}: {trials} trial{'' if trials == 1 else 's'} forgotten{back}")
    return 0


@click.command("drift")
@click.argument("vendor", required=False)
@click.option("--accept", "accepted", multiple=True, type=click.IntRange(1), metavar="N", help="Take over finding N.")
@click.option("--dismiss", "dismissed", multiple=True, type=click.IntRange(1), metavar="N", help="Hide finding N.")
@click.option("--all", "every", is_flag=True, help="Also findings that were dismissed.")
@click.option("--json", "as_json", is_flag=True, help="The findings as data.")
@click.pass_context
def drift_command(
    ctx: click.Context,
    vendor: str | None,
    accepted: tuple[int, ...],
    dismissed: tuple[int, ...],
    every: bool,
    as_json: bool,
) -> int:
    """Where the answers in the history differ from the catalog: fields, types, values, limits.

    --accept N writes the patch of finding N to your overlay, which no update of the catalog touches; --dismiss N keeps
    it from being shown again. Numbers are those of this listing.
    """
    session = session_of(ctx)
    drift = asyncio.run(_find(session, vendor or "", every))
    for problem in drift.problems:
        say(problem)
    for number in (*accepted, *dismissed):
        if number > len(drift.findings):
            raise UsageError(f"there is no finding {number}", hint=f"There are {len(drift.findings)}.")
    if as_json:
        print_json([_drift_row(number, one) for number, one in enumerate(drift.findings, 1)])
    elif not accepted and not dismissed:
        for number, one in enumerate(drift.findings, 1):
            print_lines(_text(number, one))
    _accept(session, [drift.findings[number - 1] for number in accepted])
    for number in dismissed:
        _dismiss(session, drift.findings[number - 1])
    hidden = f", {len(drift.hidden)} dismissed" if drift.hidden and not every else ""
    say(f"findings: {len(drift.findings)}{hidden}; answers looked at: {drift.answers}, of calls: {drift.calls}")
    return 0


async def _find(session: SessionContext, vendor: str, every: bool) -> DriftReport:
    from explorer.session.drift import find_drift

    try:
        return await find_drift(session, vendor, every=every)
    finally:
        await session.close()


def _text(number: int, one: DriftFinding) -> str:
    from explorer.session.drift import patch_words

    entries = " ".join(f"#{entry}" for entry in one.entries)
    lines = [
        f"{number}. {one.vendor}.{one.endpoint}: {one.title}",
        f"     documented: {one.documented}",
        f"     seen: {one.seen}, {one.count} of {one.of}" + (f", in {entries}" if entries else ""),
    ]
    if one.example:
        lines.append(f"     such as: {one.example}")
    return "\n".join([*lines, *(f"     patch: {' '.join(text.split(chr(10)))}" for text in patch_words(one))])


def _drift_row(number: int, one: DriftFinding) -> dict[str, Any]:
    from explorer.session.drift import patch_words

    return {
        "number": number,
        "vendor": one.vendor,
        "endpoint": one.endpoint,
        "what": one.what,
        "place": one.place,
        "documented": one.documented,
        "seen": one.seen,
        "count": one.count,
        "of": one.of,
        "entries": list(one.entries),
        "example": one.example,
        "patch": list(patch_words(one)),
    }


def _accept(session: SessionContext, findings: list[DriftFinding]) -> None:
    from explorer.session.drift import accept_finding
    from explorer.store.overlay import overlay_path

    for one in findings:
        for note in accept_finding(session, one):
            say(note)
        say(f"taken over into {overlay_path(session.folders, one.vendor)}: {one.endpoint}, {one.title}")


def _dismiss(session: SessionContext, finding: DriftFinding) -> None:
    from explorer.session.drift import dismiss_finding

    dismiss_finding(session, finding)
    say(f"not shown again: {finding.endpoint}, {finding.title}")
