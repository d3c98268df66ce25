"""``saved``: list, check, add and run saved requests."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from explorer.cli.color import color_option
from explorer.cli.messages import catalog_problem_table, say
from explorer.cli.output import is_stdout, print_json, print_lines, table
from explorer.cli.parameters import Seconds
from explorer.cli.request_commands import (
    allow_file_option,
    call_options,
    parse_call,
    print_exchange,
    values_argument,
    write_file,
)
from explorer.cli.session_options import json_flag, json_option, session_of, trust_host_option, yes_option
from explorer.core.saved.report import (
    MARKS,
    REPORT_FORMATS,
    RunReport,
    RunStep,
    report_junit,
    report_table,
    report_text,
    step_table,
)
from explorer.errors import CatalogProblem, ExplorerError, UsageError
from explorer.session.history import past_exchange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.core.model import Call
    from explorer.core.saved.model import SavedRequest
    from explorer.session.saved import SavedRequestStore
    from explorer.session.sequence import SequenceRunner
    from explorer.store.saved_files import SavedFile


@click.group("saved")
def saved_command() -> None:
    """List, show, check, add and run saved requests.

    \b
    Examples:
      api-explorer saved add shop/stock --from endlessaisles.stock sku=81001
      api-explorer saved check
      api-explorer saved run shop --report junit --output report.xml
    """


@saved_command.command("list")
@click.argument("folder", required=False, default="")
@json_option
@click.pass_context
def saved_list(ctx: click.Context, folder: str, as_json: bool) -> int:
    """List saved requests, all or of FOLDER, in run order."""
    from explorer.session.saved import all_problems

    saved = _saved(ctx, keep_history=False)
    library = saved.library
    side_names = [name for name, file in library.files.items() if file.is_side and not folder]
    files = [library.files[name] for name in (*library.sequence(folder), *side_names)]
    if as_json:
        print_json([_row(saved, file) for file in files])
    elif files:
        print_lines(table([_cells(saved, file) for file in files]))
    else:
        say(f"no saved requests in {saved.folder}")
    for name, problem in all_problems(saved):
        if name not in library.files:
            say(str(problem))
    return 0


@saved_command.command("show")
@click.argument("name")
@click.option("--env-file", "env_file", default="", metavar="NAME", help="Use the variables of environments/NAME.")
@json_option
@click.pass_context
def saved_show(ctx: click.Context, name: str, env_file: str, as_json: bool) -> int:
    """Show the file of a saved request and its unset variables."""
    from explorer.core.saved.naming import check_chain
    from explorer.session.saved import VariableScope, file_problems

    saved = _saved(ctx, keep_history=False)
    file = saved.library.file(name)
    for problem in file_problems(saved, file):
        say(str(problem))
    missing = [] if file.request is None else list(saved.missing(file.request, VariableScope(file=env_file)))
    if as_json:
        missing_rows = [
            {"placeholder": str(item.placeholder), "where": item.place, "secret": item.secret} for item in missing
        ]
        print_json({**_row(saved, file), "text": file.text, "missing": missing_rows})
        return 0
    for item in missing:
        say(f"{item.placeholder} ({item.place}) has no value: {item.hint}")
    if file.request is not None:
        chain = check_chain(file.name, saved.library.requests)
        if len(chain) > 1:
            say(f"runs after {', '.join(chain[:-1])}")
    print_lines(file.text.rstrip("\n"))
    return 0


@saved_command.command("check")
@allow_file_option
@json_option
@click.pass_context
def saved_check(ctx: click.Context, allowed: tuple[str, ...], as_json: bool) -> int:
    """Check every file of the saved requests.

    The checks cover TOML, names, values, expectations, chains, secrets and uploads. Exits with 2 if there is a problem.
    """
    from explorer.session.saved import all_problems

    saved = _saved(ctx, keep_history=False, allowed=allowed)
    problems = [problem for _, problem in all_problems(saved)]
    if as_json:
        print_json([catalog_problem_table(problem) for problem in problems])
    else:
        for problem in problems:
            print_lines(_problem_line(problem, saved.folder))
        count = len(saved.library.files)
        summary = f"{len(problems) or 'no'} problem{'s' if len(problems) != 1 else ''}"
        say(f"{count} saved request{'s' if count != 1 else ''} in {saved.folder}: {summary}")
    return 2 if problems else 0


@saved_command.command("add")
@click.argument("name")
@click.option("--from", "source", required=True, metavar="NUMBER|VENDOR.ENDPOINT", help="History entry or call.")
@values_argument
@click.option("--description", default="", help="Describe the request.")
@click.option("--overwrite", is_flag=True, help="Replace the request; keep comments.")
@call_options
@click.pass_context
def saved_add(
    ctx: click.Context,
    /,
    name: str,
    source: str,
    values: tuple[str, ...],
    description: str,
    overwrite: bool,
    **options: Any,
) -> int:
    """Save a history entry or a call as NAME (folder/name).

    A value can contain ${NAME}, a variable, or ${folder/request: path}, a value from another request's response.
    Secrets are written as variables.
    """
    import msgspec

    from explorer.cli.parameters import keep_values
    from explorer.core.saved.model import SavedRequest
    from explorer.core.saved.public_copy import draft_from_history, draft_request
    from explorer.store.saved_files.writing import ANY_DIGEST

    saved = _saved(ctx, keep_history=source.isdigit())
    if source.isdigit():
        if values or any(
            options[name] for name in ("method", "readings", "extra", "headers", "base_url", "force", "ask")
        ):
            raise UsageError(
                f"history entry {source} cannot be changed while saving", hint="Edit the file after saving it."
            )
        original = asyncio.run(_history_call(saved, int(source)))
        call = msgspec.structs.replace(draft_from_history(original), environment=options["environment"] or "")
        request = SavedRequest(call=call)
    else:
        call = keep_values(saved.session, parse_call(saved.session, source, values, options), options["ask"])
        request = draft_request(call, keep_environment=bool(options["environment"]))
    before = saved.library.files.get(name.strip("/"))
    if before is not None and overwrite and before.request is not None:
        request = msgspec.structs.replace(
            before.request, call=request.call, description=description or before.request.description
        )
    else:
        request = msgspec.structs.replace(request, description=description)
    file, public_copy = saved.save(name, request, digest=ANY_DIGEST if overwrite else "")
    for note in public_copy.notes:
        say(f"note: {note}")
    say(f"saved as {file.path}")
    return 0


@saved_command.command("run")
@click.argument("name", metavar="NAME|FOLDER")
@click.option("--env-file", "env_file", default="", metavar="NAME", help="Use the variables of environments/NAME.")
@click.option(
    "-e", "--env", "environment", default="", metavar="NAME", help="Override the environment of all requests."
)
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="Set a variable; repeatable.")
@click.option("--go-on/--stop", default=None, help="After a failure, run independent steps (default) or stop.")
@allow_file_option
@click.option("--report", type=click.Choice(REPORT_FORMATS), help="Report format (default text).")
@json_flag("Print JSON; for one request, as `send --json`.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the report to this file.",
)
@click.option("-t", "--timeout", type=Seconds(), help="Time limit of each exchange.")
@yes_option
@trust_host_option
@color_option
@click.pass_context
def saved_run(
    ctx: click.Context,
    /,
    name: str,
    env_file: str,
    environment: str,
    given: tuple[str, ...],
    go_on: bool | None,
    allowed: tuple[str, ...],
    report: str | None,
    as_json: bool,
    output: Path | None,
    timeout: float | None,
    yes: bool,
) -> int:
    """Run a saved request, or a FOLDER in order (. for all).

    A request runs after those whose responses it needs. Nothing is sent if a file has errors, a variable has no value,
    a request reads a file outside the folder, or a confirmation is missing.

    Exits with 0 if all expectations are met, else with 1; with 2 if nothing was run.
    """
    from explorer.session.saved import VariableScope
    from explorer.session.sequence import SequenceRunner

    saved = _saved(ctx, keep_history=True, allowed=allowed)
    names = saved.library.sequence(name)
    if not names:
        raise UsageError(f"no saved requests in {name}", hint="`api-explorer saved list` shows all of them.")
    scope = VariableScope(given=_parse_variables(given), file=env_file, environment=environment)
    runner = SequenceRunner(saved, scope, go_on=go_on, agreed=yes, timeout=timeout, tell=_report_step)
    folder = saved.library.find_folder(name) or ""
    run_report = asyncio.run(_run(runner, name, names, folder))
    single = names[0] if len(names) == 1 and not folder and name.strip("/") not in ("", ".") else ""
    if single and report is None:
        return _print_single(runner, run_report, single, output, as_json=as_json)
    _print_report(run_report, "json" if as_json and report is None else report or "text", output)
    return run_report.exit_code


async def _run(runner: SequenceRunner, title: str, names: tuple[str, ...], folder: str) -> RunReport:
    try:
        return await runner.run(title, names, folder)
    finally:
        await runner.session.close()


def _report_step(step: RunStep | str) -> None:
    if isinstance(step, RunStep):
        needed = f" (needed by {step.needed_by})" if step.needed_by else ""
        say(f"{MARKS[step.outcome]} {step.name}{needed}  {step.detail}")


def _print_single(runner: SequenceRunner, report: RunReport, name: str, output: Path | None, *, as_json: bool) -> int:
    """Print the response as ``send`` does, and the results of the expectations. Return the exit code."""
    step = next(step for step in report.steps if step.name == name)
    exchange = runner.exchanges.get(name)
    if as_json and output is not None:
        write_file(output, (json.dumps(step_table(step), indent=2, default=str) + "\n").encode())
    elif as_json:
        print_json(step_table(step))
    elif exchange is not None:
        print_exchange(runner.session, exchange, output, as_json=False)
        for result in step.results:
            say(f"  {'✓' if result.held else '✗'} {result}")
    return report.exit_code


def _print_report(report: RunReport, report_format: str, output: Path | None) -> None:
    if report_format == "junit":
        data = report_junit(report)
    elif report_format == "json":
        data = (json.dumps(report_table(report), indent=2, default=str) + "\n").encode()
    else:
        data = (report_text(report) + "\n").encode("utf-8", "replace")
    if output is not None:
        write_file(output, data)
        say(report.summary if is_stdout(output) else f"{report.summary}; report written to {output}")
    else:
        print_lines(data.decode().rstrip("\n"))


def _saved(ctx: click.Context, *, keep_history: bool, allowed: tuple[str, ...] = ()) -> SavedRequestStore:
    from explorer.session.saved import SavedRequestStore

    saved = SavedRequestStore(session_of(ctx, keep_history=keep_history))
    for path in allowed:
        saved.session.files.allow(path)
    saved.load()
    return saved


def _parse_variables(words: Sequence[str]) -> dict[str, str]:
    variables = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"--set {word}: not a name and a value", hint="Use --set NAME=VALUE.")
        variables[name] = value
    return variables


async def _history_call(saved: SavedRequestStore, number: int) -> Call:
    try:
        return (await past_exchange(saved.session, number)).call
    finally:
        await saved.session.close()


def _problem_line(problem: CatalogProblem, folder: Path) -> str:
    return str(problem).replace(f"{folder}/", "", 1)


def _row(saved: SavedRequestStore, file: SavedFile) -> dict[str, Any]:
    from explorer.session.saved import file_problems

    request = file.request
    return {
        "name": file.name,
        "file": str(file.path),
        "address": request.call.address if request else None,
        "method": _method(saved, request) or None,
        "environment": request.call.environment or None if request else None,
        "description": request.description if request else "",
        "problems": [str(problem) for problem in file_problems(saved, file)],
    }


def _cells(saved: SavedRequestStore, file: SavedFile) -> tuple[str, ...]:
    from explorer.session.saved import file_problems

    problems = file_problems(saved, file)
    request = file.request
    summary = request.description.split("\n")[0] if request else ""
    if problems:
        summary = f"✗ {_problem_line(problems[0], saved.folder)}"
    return (file.name, _method(saved, request), request.call.address if request else "", summary)


def _method(saved: SavedRequestStore, request: SavedRequest | None) -> str:
    if request is None:
        return ""
    try:
        return request.call.method or saved.session.endpoint(request.call.address)[1].method
    except ExplorerError:
        return request.call.method
