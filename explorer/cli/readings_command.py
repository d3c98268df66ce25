"""``readings``: where the documents contradict themselves, what servers made of it, trying both, adopting one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from explorer.cli.catalog_commands import reading_row
from explorer.cli.narration import say
from explorer.cli.opening import session_of
from explorer.cli.output import print_json, print_lines, table
from explorer.cli.param_types import Seconds
from explorer.cli.request_commands import call_options, confirm, make_call
from explorer.cli.trust_options import trust_host_option
from explorer.core.text.units import format_local
from explorer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.session.context import SessionContext
    from explorer.session.doubts import AmbiguityStatus
    from explorer.session.experiments import Experiment, Trial
    from explorer.settings.evidence import Evidence


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
    from explorer.session.doubts import ambiguities

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
    from explorer.session.doubts import evidence_words

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
    from explorer.cli.exchange_text import exchange_table

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
    from explorer.session.doubts import adopt_choice, find_ambiguity
    from explorer.settings.overlay import overlay_path

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
    from explorer.session.doubts import find_ambiguity, reset_ambiguity

    session = session_of(ctx, keep_history=False)
    doubt = find_ambiguity(session, address, key)
    trials, was_own = reset_ambiguity(session, doubt)
    if not trials and not was_own:
        raise UsageError(f"nothing is known of {doubt.address} beyond the catalog", hint="There is nothing to forget.")
    back = f"; back to {find_ambiguity(session, address, key).reading.default}" if was_own else ""
    print_lines(f"{doubt.address}: {trials} trial{'' if trials == 1 else 's'} forgotten{back}")
    return 0
