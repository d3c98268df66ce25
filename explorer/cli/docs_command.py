"""``docs``: the vendor's document at the passage of an endpoint, or searched; without the document, the notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from explorer.cli.narration import say
from explorer.cli.opening import session_of
from explorer.cli.output import print_json, print_lines
from explorer.core.text.sanitize import sanitize_line
from explorer.errors import ExplorerError, UsageError

if TYPE_CHECKING:
    from explorer.core.catalog.model import Endpoint, Vendor
    from explorer.settings.documents import VendorDocument


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
    from explorer.settings.documents import parse_spans

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
