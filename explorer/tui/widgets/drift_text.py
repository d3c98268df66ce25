"""What is told of drift, as content: the line of a list, and the page about one finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.content import Content

from explorer.core.text.sanitize import sanitize_line
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from explorer.core.drift import DriftFinding

_MARKS: Final = {
    "retyped": ("≠", "$text-error"),
    "missing": ("−", "$text-error"),
    "new": ("+", "$text-success"),
    "value": ("∉", "$text-warning"),
    "limit": ("↕", "$text-warning"),
}


def render_finding_line(one: DriftFinding, *, hidden: bool) -> Content:
    """``+ shop.orders_list  data[].gift_wrap``."""
    sign, style = _MARKS[one.what]
    return Content.assemble(
        (f"{sign} ", f"bold {style}"),
        (sanitize_line(one.place or "(the body)"), MUTED if hidden else "bold"),
        (f"  {sanitize_line(one.vendor)}.{sanitize_line(one.endpoint)}", MUTED),
        ("  dismissed" if hidden else "", "italic"),
    )


def finding_page(one: DriftFinding, patches: Sequence[str], *, hidden: bool) -> Content:
    """All about one finding."""
    return Content("\n").join(_page(one, patches, hidden))


def _page(one: DriftFinding, patches: Sequence[str], hidden: bool) -> Iterator[Content]:
    sign, style = _MARKS[one.what]
    yield Content.assemble((f"{sign} {sanitize_line(one.title)}", f"bold {style}"))
    yield Content.styled(f"in {sanitize_line(one.vendor)}.{sanitize_line(one.endpoint)}", MUTED)
    yield Content("")
    yield Content.assemble(("The catalog says  ", MUTED), sanitize_line(one.documented))
    yield Content.assemble(("Seen              ", MUTED), (sanitize_line(one.seen), "bold"))
    share = f"{one.count} of {one.of}"
    entries = " ".join(f"#{number}" for number in one.entries)
    yield Content.assemble(("How often         ", MUTED), share, (f"  in {entries}" if entries else "", MUTED))
    if one.example:
        yield Content.assemble(("Such as           ", MUTED), sanitize_line(one.example))
    yield Content("")
    yield Content.styled("Accepting it writes into your overlay:", MUTED)
    for line in (line for text in patches for line in text.splitlines()):
        yield Content(f"  {sanitize_line(line)}")
    if hidden:
        yield Content.styled("Dismissed; x shows it again.", "italic")
