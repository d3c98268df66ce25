"""``list``, ``show``, ``check`` and ``docs``: the catalog and the vendors' documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from explorer.cli.messages import say
from explorer.cli.output import print_json, print_lines, table
from explorer.cli.session_options import session_of
from explorer.core.text.sanitize import sanitize_line
from explorer.errors import CatalogError, CatalogProblem, ExplorerError, UnknownName, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.catalog.model import Endpoint, Parameter, Reading, Vendor
    from explorer.session.context import SessionContext
    from explorer.store.documents import VendorDocument


@click.command("list")
@click.argument("vendor", required=False)
@click.option("--json", "as_json", is_flag=True, help="An array of endpoints as data.")
@click.pass_context
def list_command(ctx: click.Context, vendor: str | None, as_json: bool) -> int:
    """List every endpoint, or those of one VENDOR."""
    session = session_of(ctx, keep_history=False)
    vendors = [session.vendor(vendor)] if vendor else list(session.catalog.vendors.values())
    if as_json:
        print_json([endpoint_row(one, endpoint) for one in vendors for endpoint in one.endpoints.values()])
        return 0
    for one in vendors:
        print_lines(f"{one.title} ({one.id}): {len(one.endpoints)} endpoints" + (", inferred" if one.inferred else ""))
        rows = [
            (
                f"{one.id}.{endpoint.id}",
                "/".join(endpoint.methods),
                endpoint.path,
                endpoint.title + (" (inferred)" if endpoint.inferred else ""),
            )
            for endpoint in one.endpoints.values()
        ]
        print_lines(table(rows, "  ") + "\n")
    return 0


def endpoint_row(vendor: Vendor, endpoint: Endpoint) -> dict[str, Any]:
    """One row of ``list --json``."""
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
        "params": [parameter_row(param) for param in endpoint.params.values()],
        "readings": [reading_row(vendor, key, reading) for key, reading in readings.items()],
    }


def parameter_row(param: Parameter) -> dict[str, Any]:
    """One parameter of ``list --json``."""
    return {
        "name": param.name,
        "in": param.location,
        "type": param.type,
        "required": param.required,
        "default": param.default if param.default is not None else param.prefill,
        "enum": list(param.enum) or None,
        "repeat": param.repeat,
        "secret": param.secret,
    }


def reading_row(vendor: Vendor, key: str, reading: Reading) -> dict[str, Any]:
    """One reading of ``list --json``."""
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
@click.argument("address")
@click.option("--json", "as_json", is_flag=True, help="Everything the catalog knows of it as data.")
@click.pass_context
def show_command(ctx: click.Context, address: str, as_json: bool) -> int:
    """Show all that is known of VENDOR or of VENDOR.ENDPOINT: parameters, rules, notes, readings."""
    import msgspec

    session = session_of(ctx, keep_history=False)
    if "." not in address:
        vendor = session.vendor(address)
        if as_json:
            print_json(msgspec.to_builtins(vendor))
        else:
            print_lines("\n".join(_format_vendor(session, vendor)))
        return 0
    vendor, endpoint = session.endpoint(address)
    if as_json:
        print_json({**endpoint_row(vendor, endpoint), "endpoint": msgspec.to_builtins(endpoint)})
    else:
        print_lines("\n".join(_endpoint_lines(vendor, endpoint)))
    return 0


def _format_vendor(session: SessionContext, vendor: Vendor) -> Iterator[str]:
    yield f"{vendor.title} ({vendor.id})" + (", inferred" if vendor.inferred else "")
    yield vendor.summary
    yield ""
    yield "Environments"
    rows = [("sandbox", session.base_url_of(vendor, "sandbox"), "embedded, strict, the default")]
    for name, one in vendor.environments.items():
        rows.append((name, one.base_url, ("guarded; " if one.guarded else "") + one.note))
    yield table(rows, "  ")
    yield ""
    yield "Credentials"
    statuses = session.vault.status(vendor, "sandbox")
    yield table([(one.variable, one.title, f"sandbox: {one.source or 'none'}") for one in statuses], "  ")
    for title, rows in (
        ("Auth", [(key, one.scheme, one.title or one.note) for key, one in vendor.auth.items()]),
        ("Paging", [(key, one.style, one.title or one.note) for key, one in vendor.pagination.items()]),
    ):
        if rows:
            yield f"\n{title}"
            yield table(rows, "  ")
    yield from _notes_and_readings(vendor, vendor.notes, vendor.readings)
    yield "\nEndpoints"
    yield table([(one.id, "/".join(one.methods), one.path) for one in vendor.endpoints.values()], "  ")


def _endpoint_lines(vendor: Vendor, endpoint: Endpoint) -> Iterator[str]:
    yield f"{vendor.id}.{endpoint.id}: {endpoint.title}" + (" (inferred)" if endpoint.inferred else "")
    yield f"{'/'.join(endpoint.methods)} {endpoint.path}  [{vendor.cite(endpoint.lines)}]"
    yield endpoint.summary
    auth = vendor.auth[endpoint.auth].scheme if endpoint.auth in vendor.auth else "none"
    paging = vendor.pagination[endpoint.pagination].style if endpoint.pagination else "none"
    yield f"auth {auth}; body {endpoint.body}; effect {endpoint.effect}; paging {paging}"
    if endpoint.params:
        yield "\nParameters"
        yield table([_parameter_cells(vendor, param) for param in endpoint.params.values()], "  ")
    if endpoint.rules:
        yield "\nRules"
        for rule in endpoint.rules:
            yield f"  {rule.kind}: {', '.join(rule.params or rule.when)}. {rule.text} [{vendor.cite(rule.lines)}]"
    yield from _notes_and_readings(vendor, endpoint.notes, endpoint.readings)


def _parameter_cells(vendor: Vendor, param: Parameter) -> tuple[str, ...]:
    facts = []
    if param.enum:
        facts.append("one of " + ", ".join((*param.enum, *param.also)))
    if param.min is not None or param.max is not None:
        facts.append(
            f"{'' if param.min is None else f'{param.min:g}'}..{'' if param.max is None else f'{param.max:g}'}"
        )
    if param.default is not None:
        facts.append(f"default {param.default}")
    if param.repeat:
        facts.append(f"repeats by {param.repeat}")
    if param.note:
        facts.append(param.note)
    if param.lines:
        facts.append(f"[{vendor.cite(param.lines)}]")
    kind = "secret" if param.secret else param.type
    return (param.name, param.location, kind, "required" if param.required else "optional", "; ".join(facts))


def _notes_and_readings(vendor: Vendor, notes: tuple[Any, ...], readings: dict[str, Reading]) -> Iterator[str]:
    if notes:
        yield "\nNotes"
        for note in notes:
            yield f"  - {note.text} [{vendor.cite(note.lines)}]"
    if readings:
        yield "\nReadings (where the document contradicts itself)"
        for key, reading in readings.items():
            yield f"  {key}: {reading.about}"
            for name, choice in reading.choices.items():
                sign = "*" if name == reading.default else " "
                effect = "" if not choice.set else "  (changes the request)"
                yield f"    {sign} {name}: {choice.title} [{vendor.cite(choice.lines)}]{effect}"
            yield f"      {reading.why}"


@click.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="The problems as data.")
@click.pass_context
def check_command(ctx: click.Context, file: Path, as_json: bool) -> int:
    """Check a catalog FILE: a whole vendor, or an overlay over the shipped ones."""
    from explorer.store.catalogs import check_file
    from explorer.store.folders import Folders

    if not file.is_file():
        raise UnknownName("file", str(file), [])
    problems = check_file(file, Folders.from_environ(ctx.obj["environ"])) or _sandbox_problems(file)
    if as_json:
        print_json(
            [
                {"file": one.file, "path": one.path, "message": one.message, "expected": one.expected, "near": one.near}
                for one in problems
            ]
        )
    elif not problems:
        print_lines(f"{file}: no problems")
    else:
        print_lines("\n".join(str(one) for one in problems))
        say(f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in {file}")
    return CatalogError.exit_code if problems else 0


def _sandbox_problems(file: Path) -> tuple[CatalogProblem, ...]:
    """What is wrong with the sandbox's part of the vendors in a file that is otherwise well."""
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
@click.option("--search", "words", default="", metavar="WORDS", help="The lines that have every word.")
@click.option("--around", type=click.IntRange(0, 200), default=2, help="Lines before and after (2).")
@click.option("--json", "as_json", is_flag=True, help="Numbered lines as data.")
@click.pass_context
def docs_command(ctx: click.Context, address: str, words: str, around: int, as_json: bool) -> int:
    """Read the vendor's own document, from the folder that you pointed to, at the passage of an endpoint."""
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
        print_lines("\n".join(_notes(vendor, endpoint)))
        return 0
    wanted = _selected_lines(document, vendor, endpoint, words, around)
    if words and not wanted:
        raise UsageError(f"no line of {document.path.name} has {words!r}", hint="Every word must stand on one line.")
    if as_json:
        lines = [{"number": number, "text": document.lines[number - 1]} for number in wanted]
        print_json({"document": document.name, "file": document.path.name, "lines": lines})
        return 0
    digits = len(str(wanted[-1])) if wanted else 1
    before = 0
    for number in wanted:
        if before and number > before + 1:
            print_lines("--")
        print_lines(f"{number:>{digits}}  {document.lines[number - 1]}")
        before = number
    return 0


def _selected_lines(
    document: VendorDocument, vendor: Vendor, endpoint: Endpoint | None, words: str, around: int
) -> list[int]:
    """The numbers of the lines to print: hits, the endpoint's passage, or everything; each with its surroundings."""
    from explorer.store.documents import parse_spans

    last = len(document.lines)
    if words:
        found: list[tuple[int, int]] = [(hit, hit) for hit in document.find(words)]
    elif endpoint is not None and endpoint.lines:
        found = list(parse_spans(endpoint.lines))
        if found and found[-1][1] > last:
            say(f"note: the file has {last} lines; {vendor.cite(endpoint.lines)} may be of another edition")
    else:
        return list(range(1, last + 1))
    numbers: set[int] = set()
    for first, end in found:
        numbers.update(range(max(1, first - around), min(last, end + around) + 1))
    return sorted(numbers)


def _notes(vendor: Vendor, endpoint: Endpoint | None) -> list[str]:
    """What the catalog says itself, each with the lines that it goes by."""
    notes: list[Any] = [*(endpoint.notes if endpoint is not None else ()), *vendor.notes]
    head = f"{vendor.title}" + (f", {endpoint.title}  {vendor.cite(endpoint.lines)}" if endpoint is not None else "")
    return [sanitize_line(head), *(f"- {sanitize_line(one.text)}  {vendor.cite(one.lines)}".rstrip() for one in notes)]
