"""``saved``: requests and sequences that are kept as files."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from explorer.cli.messages import say
from explorer.cli.output import print_json, print_lines, table
from explorer.cli.parameters import Seconds
from explorer.cli.request_commands import allow_file_option, call_options, parse_call, print_exchange
from explorer.cli.session_options import session_of, trust_host_option
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
    """Requests kept as files: list, show, check and run them, alone or a folder in order."""


@saved_command.command("list")
@click.argument("folder", required=False, default="")
@click.option("--json", "as_json", is_flag=True, help="An array of requests as data.")
@click.pass_context
def saved_list(ctx: click.Context, folder: str, as_json: bool) -> int:
    """List the saved requests, or those of FOLDER, in the order in which they run."""
    from explorer.session.saved import all_problems

    saved = _saved(ctx, keep_history=False)
    library = saved.library
    names = [*library.sequence(folder), *(name for name, one in library.files.items() if one.is_side and not folder)]
    files = [library.files[name] for name in names]
    if as_json:
        print_json([_row(saved, one) for one in files])
    elif files:
        print_lines(table([_cells(saved, one) for one in files]))
    else:
        say(f"nothing is saved in {saved.folder}")
    for problem in (one for name, one in all_problems(saved) if name not in library.files):
        say(f"{problem}")
    return 0


@saved_command.command("show")
@click.argument("name")
@click.option("--env-file", "env_file", default="", metavar="NAME", help="The file of variables (environments/NAME).")
@click.option("--json", "as_json", is_flag=True, help="The request as data.")
@click.pass_context
def saved_show(ctx: click.Context, name: str, env_file: str, as_json: bool) -> int:
    """Show the file of a saved request, and which of its variables have no value."""
    from explorer.core.saved.naming import check_chain
    from explorer.session.saved import VariableScope, file_problems

    saved = _saved(ctx, keep_history=False)
    file = saved.library.file(name)
    for problem in file_problems(saved, file):
        say(f"{problem}")
    missing = [] if file.request is None else list(saved.missing(file.request, VariableScope(file=env_file)))
    if as_json:
        waiting = [{"placeholder": str(one.placeholder), "where": one.place, "secret": one.secret} for one in missing]
        print_json({**_row(saved, file), "text": file.text, "missing": waiting})
        return 0
    for one in missing:
        say(f"{one.placeholder} ({one.place}) has no value: {one.hint}")
    if file.request is not None:
        chain = check_chain(file.name, saved.library.requests)
        if len(chain) > 1:
            say(f"runs after {', '.join(chain[:-1])}")
    print_lines(file.text.rstrip("\n"))
    return 0


@saved_command.command("check")
@allow_file_option
@click.option("--json", "as_json", is_flag=True, help="An array of problems as data.")
@click.pass_context
def saved_check(ctx: click.Context, allowed: tuple[str, ...], as_json: bool) -> int:
    """Check every file: TOML, names, values, expectations, chains, secrets, uploads. Exits with 2 on any problem."""
    from explorer.session.saved import all_problems

    saved = _saved(ctx, keep_history=False, allowed=allowed)
    found = [one for _, one in all_problems(saved)]
    if as_json:
        print_json(
            [
                {"file": one.file, "path": one.path, "message": one.message, "expected": one.expected, "near": one.near}
                for one in found
            ]
        )
    else:
        for problem in found:
            print_lines(_problem_line(problem, saved.folder))
        count = len(saved.library.files)
        wrong = f"{len(found) or 'no'} problem{'s' if len(found) != 1 else ''}"
        say(f"{count} saved request{'s' if count != 1 else ''} in {saved.folder}: {wrong}")
    return 2 if found else 0


@saved_command.command("add")
@click.argument("name")
@click.option("--from", "source", required=True, metavar="ID|VENDOR.ENDPOINT", help="A history entry, or a call.")
@click.argument("values", nargs=-1, metavar="[NAME=VALUE | NAME:=JSON | NAME=@FILE]...")
@click.option("--description", default="", help="What it is for.")
@click.option("--overwrite", is_flag=True, help="Put it in place of what is there; comments stay.")
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
    """Save a request under NAME (folder/name): an entry of the history, or a call with values as for ``send``.

    ${NAME} in a value is a variable, ${folder/request: path} a value out of another request's answer. What is secret
    is written as a variable.
    """
    import msgspec

    from explorer.cli.parameters import keep_values
    from explorer.core.saved.model import SavedRequest
    from explorer.core.saved.public_copy import draft_from_history, draft_request
    from explorer.store.saved_files.writing import ANY_DIGEST

    saved = _saved(ctx, keep_history=source.isdigit())
    if source.isdigit():
        if values or any(
            options[one] for one in ("method", "readings", "extra", "headers", "base_url", "force", "ask")
        ):
            raise UsageError("an entry of the history has its values", hint="Change them in the file afterwards.")
        past = asyncio.run(_history_call(saved, int(source)))
        call = msgspec.structs.replace(draft_from_history(past), environment=options["environment"] or "")
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
    file, made = saved.save(name, request, digest=ANY_DIGEST if overwrite else "")
    for note in made.notes:
        say(f"note: {note}")
    say(f"saved as {file.path}")
    return 0


@saved_command.command("run")
@click.argument("name", metavar="NAME|FOLDER")
@click.option("--env-file", "env_file", default="", metavar="NAME", help="The file of variables (environments/NAME).")
@click.option("--env", "environment", default="", help="Where all calls go, in place of what the files say.")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="A variable.")
@click.option(
    "--go-on/--stop", default=None, help="After a step that failed, run what does not need it (usual), or stop."
)
@allow_file_option
@click.option("--report", type=click.Choice(REPORT_FORMATS), help="How the report is written (text).")
@click.option("--json", "as_json", is_flag=True, help="The result as data: of one request as `send --json`.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the report to this file.")
@click.option("--timeout", type=Seconds(), help="Seconds for each exchange.")
@click.option("--yes", is_flag=True, help="Do not ask before calls that a guarded environment asks about.")
@trust_host_option
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
    """Run a saved request, or all of a FOLDER in order (. for everything), each after those whose answers it needs.

    Nothing is sent while a file is bad, a variable has no value, a request reads a file outside the folder, or a call
    asks for a yes that was not given. Exits with 0 where all expectations hold, else with 1; with 2 where nothing could
    be run.
    """
    from explorer.session.saved import VariableScope
    from explorer.session.sequence import SequenceRunner

    saved = _saved(ctx, keep_history=True, allowed=allowed)
    names = saved.library.sequence(name)
    if not names:
        raise UsageError(f"there is nothing to run in {name}")
    scope = VariableScope(given=_given_values(given), file=env_file, environment=environment)
    runner = SequenceRunner(saved, scope, go_on=go_on, agreed=yes, timeout=timeout, tell=_report_step)
    folder = saved.library.find_folder(name) or ""
    made = asyncio.run(_run(runner, name, names, folder))
    single = names[0] if len(names) == 1 and not folder and name.strip("/") not in ("", ".") else ""
    if single and report is None:
        return _print_single(runner, made, single, output, as_json=as_json)
    _print_report(made, "json" if as_json and report is None else report or "text", output)
    return made.exit_code


async def _run(runner: SequenceRunner, title: str, names: tuple[str, ...], folder: str) -> RunReport:
    try:
        return await runner.run(title, names, folder)
    finally:
        await runner.session.close()


def _report_step(step: RunStep | str) -> None:
    if isinstance(step, RunStep):
        needed = f" (needed by {step.needed_by})" if step.needed_by else ""
        say(f"{MARKS[step.outcome]} {step.name}{needed}  {step.detail}")


def _print_single(runner: SequenceRunner, made: RunReport, name: str, output: Path | None, *, as_json: bool) -> int:
    """What ``send`` would print of it, and the expectations."""
    step = next(one for one in made.steps if one.name == name)
    exchange = runner.exchanges.get(name)
    if as_json and output is not None:
        _write(output, (json.dumps(step_table(step), indent=2, default=str) + "\n").encode())
    elif as_json:
        print_json(step_table(step))
    elif exchange is not None:
        print_exchange(runner.session, exchange, output, as_json=False)
        for one in step.results:
            say(f"  {'✓' if one.held else '✗'} {one}")
    return made.exit_code


def _print_report(made: RunReport, form: str, output: Path | None) -> None:
    if form == "junit":
        data = report_junit(made)
    elif form == "json":
        data = (json.dumps(report_table(made), indent=2, default=str) + "\n").encode()
    else:
        data = (report_text(made) + "\n").encode("utf-8", "replace")
    if output is not None:
        _write(output, data)
        say(f"{made.summary}; the report is in {output}")
    else:
        print_lines(data.decode().rstrip("\n"))


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise UsageError(f"--output {path}: {error.strerror}", hint="Name a file that can be written.") from None


def _saved(ctx: click.Context, *, keep_history: bool, allowed: tuple[str, ...] = ()) -> SavedRequestStore:
    from explorer.session.saved import SavedRequestStore

    saved = SavedRequestStore(session_of(ctx, keep_history=keep_history))
    for path in allowed:
        saved.session.files.allow(path)
    saved.load()
    return saved


def _given_values(words: Sequence[str]) -> dict[str, str]:
    given = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"{word!r} cannot be read", hint="Write --set NAME=VALUE.")
        given[name] = value
    return given


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
        "problems": [str(one) for one in file_problems(saved, file)],
    }


def _cells(saved: SavedRequestStore, file: SavedFile) -> tuple[str, ...]:
    from explorer.session.saved import file_problems

    wrong = file_problems(saved, file)
    request = file.request
    said = (
        f"✗ {_problem_line(wrong[0], saved.folder)}" if wrong else request.description.split("\n")[0] if request else ""
    )
    return (file.name, _method(saved, request), request.call.address if request else "", said)


def _method(saved: SavedRequestStore, request: SavedRequest | None) -> str:
    if request is None:
        return ""
    try:
        return request.call.method or saved.session.endpoint(request.call.address)[1].method
    except ExplorerError:
        return request.call.method
