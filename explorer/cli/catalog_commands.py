"""``list``, ``show``, ``check`` and ``docs``: the catalog and the vendors' documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from explorer.cli.messages import catalog_problem_table, say
from explorer.cli.output import print_json, print_lines, table
from explorer.cli.session_options import json_option, session_of
from explorer.core.text.sanitize import sanitize_line
from explorer.errors import CatalogError, CatalogProblem, ExplorerError, UnknownName, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.catalog.model import Endpoint, Parameter, Reading, Vendor
    from explorer.session.context import SessionContext
    from explorer.store.documents import VendorDocument


@click.command("list")
@click.argument("vendor_id", metavar="[VENDOR]", required=False)
@json_option
@click.pass_context
def list_command(ctx: click.Context, vendor_id: str | None, as_json: bool) -> int:
    """List the endpoints of all vendors, or of VENDOR."""
    session = session_of(ctx, keep_history=False)
    vendors = [session.vendor(vendor_id)] if vendor_id else list(session.catalog.vendors.values())
    if as_json:
        print_json([endpoint_row(vendor, endpoint) for vendor in vendors for endpoint in vendor.endpoints.values()])
        return 0
    for vendor in vendors:
        print_lines(
            f"{vendor.title} ({vendor.id}): {len(vendor.endpoints)} endpoints"
            + (", inferred" if vendor.inferred else "")
        )
        rows = [
            (
                f"{vendor.id}.{endpoint.id}",
                "/".join(endpoint.methods),
                endpoint.path,
                endpoint.title + (" (inferred)" if endpoint.inferred else ""),
            )
            for endpoint in vendor.endpoints.values()
        ]
        print_lines(table(rows, "  ") + "\n")
    return 0


def endpoint_row(vendor: Vendor, endpoint: Endpoint) -> dict[str, Any]:
    """Return one row of ``list --json``."""
    auth = vendor.auth[endpoint.auth].scheme if endpoint.auth in vendor.auth else "none"
    readings = {**endpoint.readings, **vendor.readings}
    return {
        "vendor": vendor.id,
        "id": endpoint.id,
        "group": endpoint.group,
        "title": endpoint.title,
        "method": endpoint.method,
        "methods": list(endpoint.methods),
        "path": endpoint.path,
        "auth": auth,
        "paginated": bool(endpoint.pagination),
        "params": [parameter_row(parameter) for parameter in endpoint.params.values()],
        "readings": [reading_row(vendor, key, reading) for key, reading in readings.items()],
    }


def parameter_row(parameter: Parameter) -> dict[str, Any]:
    """Return one parameter of ``list --json``."""
    return {
        "name": parameter.name,
        "in": parameter.location,
        "type": parameter.type,
        "required": parameter.required,
        "default": parameter.default if parameter.default is not None else parameter.prefill,
        "enum": list(parameter.enum) or None,
        "repeat": parameter.repeat,
        "secret": parameter.secret,
    }


def reading_row(vendor: Vendor, key: str, reading: Reading) -> dict[str, Any]:
    """Return one ambiguity (``readings[]``) of ``list --json``."""
    return {
        "key": key,
        "about": reading.about,
        "default": reading.default,
        "why": reading.why,
        "changes_request": reading.changes_request,
        "choices": [
            {
                "key": name,
                "title": choice.title,
                "lines": vendor.cite(choice.lines),
                "changes_request": bool(choice.set),
            }
            for name, choice in reading.choices.items()
        ],
    }


@click.command("show")
@click.argument("address", metavar="VENDOR[.ENDPOINT]")
@json_option
@click.pass_context
def show_command(ctx: click.Context, address: str, as_json: bool) -> int:
    """Show a vendor, or an endpoint with its parameters and rules."""
    import msgspec

    session = session_of(ctx, keep_history=False)
    if "." not in address:
        vendor = session.vendor(address)
        if as_json:
            print_json(msgspec.to_builtins(vendor))
        else:
            print_lines("\n".join(_vendor_lines(session, vendor)))
        return 0
    vendor, endpoint = session.endpoint(address)
    if as_json:
        print_json({**endpoint_row(vendor, endpoint), "endpoint": msgspec.to_builtins(endpoint)})
    else:
        print_lines("\n".join(_endpoint_lines(vendor, endpoint)))
    return 0


def _vendor_lines(session: SessionContext, vendor: Vendor) -> Iterator[str]:
    yield f"{vendor.title} ({vendor.id})" + (", inferred" if vendor.inferred else "")
    yield vendor.summary
    yield ""
    yield "Environments"
    rows = [("sandbox", session.base_url_of(vendor, "sandbox"), "embedded; the default")]
    for name, environment in vendor.environments.items():
        rows.append((name, environment.base_url, ("guarded; " if environment.guarded else "") + environment.note))
    yield table(rows, "  ")
    yield ""
    yield "Credentials"
    statuses = session.vault.status(vendor, "sandbox")
    yield table([(status.variable, status.title, f"sandbox: {status.source or 'none'}") for status in statuses], "  ")
    for title, rows in (
        ("Auth", [(key, auth.scheme, auth.title or auth.note) for key, auth in vendor.auth.items()]),
        ("Paging", [(key, paging.style, paging.title or paging.note) for key, paging in vendor.pagination.items()]),
    ):
        if rows:
            yield f"\n{title}"
            yield table(rows, "  ")
    yield from _note_lines(vendor, vendor.notes)
    yield from _ambiguity_lines(vendor, vendor.readings)
    yield "\nEndpoints"
    yield table(
        [(endpoint.id, "/".join(endpoint.methods), endpoint.path) for endpoint in vendor.endpoints.values()], "  "
    )


def _endpoint_lines(vendor: Vendor, endpoint: Endpoint) -> Iterator[str]:
    yield f"{vendor.id}.{endpoint.id}: {endpoint.title}" + (" (inferred)" if endpoint.inferred else "")
    yield f"{'/'.join(endpoint.methods)} {endpoint.path}  [{vendor.cite(endpoint.lines)}]"
    yield endpoint.summary
    auth = vendor.auth[endpoint.auth].scheme if endpoint.auth in vendor.auth else "none"
    paging = vendor.pagination[endpoint.pagination].style if endpoint.pagination else "none"
    yield f"auth {auth}; body {endpoint.body}; effect {endpoint.effect}; paging {paging}"
    if endpoint.params:
        yield "\nParameters"
        yield table([_parameter_cells(vendor, parameter) for parameter in endpoint.params.values()], "  ")
    if endpoint.rules:
        yield "\nRules"
        for rule in endpoint.rules:
            yield f"  {rule.kind}: {', '.join(rule.params or rule.when)}. {rule.text} [{vendor.cite(rule.lines)}]"
    yield from _note_lines(vendor, endpoint.notes)
    yield from _ambiguity_lines(vendor, endpoint.readings)


def _parameter_cells(vendor: Vendor, parameter: Parameter) -> tuple[str, ...]:
    facts = []
    if parameter.enum:
        facts.append("one of " + ", ".join((*parameter.enum, *parameter.also)))
    if parameter.min is not None or parameter.max is not None:
        lowest, highest = (f"{bound:g}" if bound is not None else "" for bound in (parameter.min, parameter.max))
        facts.append(f"{lowest}..{highest}")
    if parameter.default is not None:
        facts.append(f"default {parameter.default}")
    if parameter.repeat:
        facts.append(f"repeats by {parameter.repeat}")
    if parameter.note:
        facts.append(parameter.note)
    if parameter.lines:
        facts.append(f"[{vendor.cite(parameter.lines)}]")
    kind = "secret" if parameter.secret else parameter.type
    presence = "required" if parameter.required else "optional"
    return (parameter.name, parameter.location, kind, presence, "; ".join(facts))


def _note_lines(vendor: Vendor, notes: tuple[Any, ...]) -> Iterator[str]:
    if notes:
        yield "\nNotes"
        for note in notes:
            yield f"  - {note.text} [{vendor.cite(note.lines)}]"


def _ambiguity_lines(vendor: Vendor, readings: dict[str, Reading]) -> Iterator[str]:
    if readings:
        yield "\nAmbiguities (* is the default reading)"
        for key, reading in readings.items():
            yield f"  {key}: {reading.about}"
            for name, choice in reading.choices.items():
                mark = "*" if name == reading.default else " "
                effect = "  (changes the request)" if choice.set else ""
                yield f"    {mark} {name}: {choice.title} [{vendor.cite(choice.lines)}]{effect}"
            yield f"      {reading.why}"


@click.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@click.pass_context
def check_command(ctx: click.Context, file: Path, as_json: bool) -> int:
    """Check a catalog FILE: a vendor, or an overlay."""
    from explorer.store.catalogs import check_file
    from explorer.store.folders import Folders

    if not file.is_file():
        raise UnknownName("file", str(file), [])
    problems = check_file(file, Folders.from_environ(ctx.obj["environ"])) or _sandbox_problems(file)
    if as_json:
        print_json([catalog_problem_table(problem) for problem in problems])
    elif not problems:
        print_lines(f"{file}: no problems")
    else:
        print_lines("\n".join(str(problem) for problem in problems))
        say(f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in {file}")
    return CatalogError.exit_code if problems else 0


def _sandbox_problems(file: Path) -> tuple[CatalogProblem, ...]:
    """Return the problems of the sandbox tables in a file that is otherwise valid."""
    from explorer.core.catalog.load import decode_checked, merge, read_toml
    from explorer.sandbox.checks import find_problems
    from explorer.store.folders import shipped_path

    own = read_toml(file.read_text(encoding="utf-8"), str(file))
    base = read_toml(shipped_path("endpoint_catalog.toml").read_text(encoding="utf-8"), "endpoint_catalog.toml")
    catalog = decode_checked(merge(base, own, str(file), {}))
    return tuple(
        CatalogProblem(str(file), f"vendors.{key}.sandbox.{path}", message)
        for key in own.get("vendors", {})
        for path, message in find_problems(catalog.vendors[key])
    )


@click.command("docs")
@click.argument("address", metavar="VENDOR[.ENDPOINT]")
@click.option("--search", "words", default="", metavar="WORDS", help="Print lines that contain every word.")
@click.option("--around", type=click.IntRange(0, 200), default=2, metavar="N", help="Lines of context (default 2).")
@json_option
@click.pass_context
def docs_command(ctx: click.Context, address: str, words: str, around: int, as_json: bool) -> int:
    """Print the vendor's document, or the lines of one endpoint.

    The documents are read from $API_EXPLORER_DOCUMENTS. Without them, the catalog's notes are printed.
    """
    from explorer.session.documents import load_document

    session = session_of(ctx, keep_history=False)
    vendor_id, dot, _ = address.partition(".")
    vendor = session.vendor(vendor_id)
    endpoint = session.endpoint(address)[1] if dot else None
    try:
        document = load_document(session, vendor_id)
    except ExplorerError as error:
        if words or as_json:
            raise
        say(error.sentence)
        print_lines("\n".join(_cited_notes(vendor, endpoint)))
        return 0
    numbers = _selected_lines(document, vendor, endpoint, words, around)
    if words and not numbers:
        raise UsageError(
            f"no line of {document.path.name} contains {words!r}",
            hint="Search for fewer words; all must be on one line.",
        )
    if as_json:
        lines = [{"number": number, "text": document.lines[number - 1]} for number in numbers]
        print_json({"document": document.name, "file": document.path.name, "lines": lines})
        return 0
    digits = len(str(numbers[-1])) if numbers else 1
    previous = 0
    for number in numbers:
        if previous and number > previous + 1:
            print_lines("--")
        print_lines(f"{number:>{digits}}  {document.lines[number - 1]}")
        previous = number
    return 0


def _selected_lines(
    document: VendorDocument, vendor: Vendor, endpoint: Endpoint | None, words: str, around: int
) -> list[int]:
    """Return the numbers of the lines to print: matches or the endpoint's lines with context, or all."""
    from explorer.store.documents import parse_spans

    last = len(document.lines)
    if words:
        spans: list[tuple[int, int]] = [(number, number) for number in document.find(words)]
    elif endpoint is not None and endpoint.lines:
        spans = list(parse_spans(endpoint.lines))
        if spans and spans[-1][1] > last:
            say(f"note: the file has {last} lines; {vendor.cite(endpoint.lines)} may cite another edition")
    else:
        return list(range(1, last + 1))
    numbers: set[int] = set()
    for first, end in spans:
        numbers.update(range(max(1, first - around), min(last, end + around) + 1))
    return sorted(numbers)


def _cited_notes(vendor: Vendor, endpoint: Endpoint | None) -> list[str]:
    """Return the catalog's notes, each with the lines it cites."""
    notes: list[Any] = [*(endpoint.notes if endpoint is not None else ()), *vendor.notes]
    head = f"{vendor.title}" + (f", {endpoint.title}  {vendor.cite(endpoint.lines)}" if endpoint is not None else "")
    return [
        sanitize_line(head),
        *(f"- {sanitize_line(note.text)}  {vendor.cite(note.lines)}".rstrip() for note in notes),
    ]
