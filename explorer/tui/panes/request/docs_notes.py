"""The catalog's notes on an endpoint: summary, notes, parameters, rules, ambiguities and samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from explorer.core.text.sanitize import sanitize, sanitize_line
from explorer.tui.actions import bindings
from explorer.tui.panes.request.field_state import rule_text
from explorer.tui.panes.request.readings import ReadingBox
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.widget import Widget

    from explorer.core.catalog.model import Endpoint, Note, Parameter, Reading, Rule, Vendor


class Cited(Static):
    """A line of the notes; a click goes to the lines of the document that it cites."""

    @dataclass
    class Pressed(Message):
        """It was clicked."""

        line: Cited

    def __init__(self, text: Content, lines: str = "", *, last: bool = False) -> None:
        self.lines = lines
        super().__init__(text, markup=False)
        self.set_class(last, "-last")

    def on_click(self) -> None:
        """Report the click."""
        self.post_message(self.Pressed(self))


class DocsNotes(VerticalScroll, can_focus=True):
    """The catalog's notes on one endpoint for the chosen readings; keys step through its citations."""

    DEFAULT_CSS = """
    DocsNotes {
        height: 1fr; scrollbar-size-vertical: 1; padding: 0 1;
        & > Static { height: auto; width: 1fr; margin: 0 0 1 0; }
        & > Cited { margin: 0; }
        & > Cited.-last { margin: 0 0 1 0; }
        & > .-here { background: $primary 30%; }
        & > .docs-sample { color: $text-muted; padding: 0 0 0 2; }
        &:focus { background: $foreground 2%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings("docs_notes")

    @dataclass
    class LineWanted(Message):
        """The user goes to lines of the document, in the notation of the catalog."""

        lines: str

    def __init__(
        self, vendor: Vendor, endpoint: Endpoint, readings: Mapping[str, Reading], chosen: Mapping[str, str]
    ) -> None:
        self._vendor = vendor
        self._endpoint = endpoint
        self._readings = readings
        self._chosen = chosen
        self._here = -1
        super().__init__()

    def compose(self) -> ComposeResult:
        """Yield the sections, and a box for each ambiguity."""
        vendor, endpoint = self._vendor, self._endpoint
        yield Cited(self._head(), endpoint.lines, last=True)
        yield from _section("Notes", [(self._note(note), note.lines) for note in endpoint.notes])
        yield from _section("Parameters", [(self._param(param), param.lines) for param in endpoint.params.values()])
        yield from _section("Rules across fields", [(self._rule(rule), rule.lines) for rule in endpoint.rules])
        yield from self._reading_boxes()
        yield from self._samples()
        general = [(self._note(note), note.lines) for note in vendor.notes]
        yield from _section(f"About {sanitize_line(vendor.title)}", general)
        statuses = {**vendor.verdict.statuses, **(endpoint.verdict.statuses if endpoint.verdict else {})}
        rows = [(Content.assemble((code, "bold"), f"  {sanitize_line(text)}"), "") for code, text in statuses.items()]
        yield from _section("Statuses", rows)

    # --- citations ---------------------------------------------------------------------------------------------------

    @property
    def _citations(self) -> list[tuple[Widget, str]]:
        """Each widget that cites the document with the lines; a reading has one per choice."""
        citations: list[tuple[Widget, str]] = []
        for child in self.children:
            if isinstance(child, Cited) and child.lines:
                citations.append((child, child.lines))
            elif isinstance(child, ReadingBox):
                citations += [(child, lines) for lines in child.lines]
        return citations

    def action_cited(self, step: int) -> None:
        """Go to the next or previous citation, and show it in the document."""
        citations = self._citations
        if citations:
            self._here = 0 if self._here < 0 and step > 0 else (self._here + step) % len(citations)
            self._go_to(*citations[self._here])

    @on(Cited.Pressed)
    def _pressed(self, event: Cited.Pressed) -> None:
        event.stop()
        citations = self._citations
        index = next((at for at, (widget, _) in enumerate(citations) if widget is event.line), None)
        if index is not None:
            self._here = index
            self._go_to(*citations[index])

    def _go_to(self, widget: Widget, lines: str) -> None:
        for child in self.children:
            child.set_class(child is widget, "-here")
        widget.scroll_visible(animate=False)
        self.post_message(self.LineWanted(lines))

    def _head(self) -> Content:
        vendor, endpoint = self._vendor, self._endpoint
        inferred = "  inferred: the path is not in the docs" if endpoint.inferred or vendor.inferred else ""
        parts = [
            Content.assemble((sanitize_line(endpoint.title), "bold underline"), (inferred, "$text-warning italic")),
            Content.assemble(
                (" ".join(endpoint.methods), "bold"),
                f" {sanitize_line(endpoint.path)}  ",
                (f"{vendor.id}.{endpoint.id}  {vendor.cite(endpoint.lines)}", MUTED),
            ),
            Content(f"Effect: {endpoint.effect}. Auth: {endpoint.auth}. Body: {endpoint.body}."),
        ]
        if endpoint.summary:
            parts.insert(1, Content(sanitize_line(endpoint.summary)))
        if endpoint.pagination:
            style = vendor.pagination.get(endpoint.pagination)
            parts.append(
                Content(f"Pagination: {sanitize_line(style.title or style.style) if style else endpoint.pagination}.")
            )
        return Content("\n").join(parts)

    def _note(self, note: Note) -> Content:
        return self._cited(f"· {sanitize_line(note.text)}", note.lines)

    def _cited(self, text: str, lines: str) -> Content:
        cited = self._vendor.cite(lines)
        return Content.assemble(text, (f"  {cited}" if cited else "", MUTED))

    def _param(self, param: Parameter) -> Content:
        star = "*" if param.required else ""
        head = Content.assemble((f"{sanitize_line(param.name)}{star}", "bold"), f"  {param.location} · ")
        text = sanitize_line(rule_text(param))
        if param.enum:
            text += f" · one of {', '.join(map(sanitize_line, param.enum))}"
        if param.note:
            text += f" · {sanitize_line(param.note)}"
        return Content.assemble(head, self._cited(text, param.lines))

    def _rule(self, rule: Rule) -> Content:
        return self._cited(f"· {rule_words(rule)}", rule.lines)

    def _reading_boxes(self) -> Iterator[Static | ReadingBox]:
        if not self._readings:
            return
        count = sum(reading.changes_request for reading in self._readings.values())
        title = f"Ambiguities  {len(self._readings)}, of which {count} change the request (◆)"
        yield Static(Content.styled(title, "bold $text-primary"), markup=False)
        for key, reading in sorted(self._readings.items(), key=lambda item: not item[1].changes_request):
            yield ReadingBox(self._vendor, key, reading, self._chosen.get(key, ""))

    def _samples(self) -> Iterator[Static]:
        for sample in self._endpoint.samples:
            title = (
                f"Sample response  {sample.status} {sanitize_line(sample.media_type)}  {sanitize_line(sample.title)}"
            )
            cited = (f"  {self._vendor.cite(sample.lines)}", MUTED)
            yield Cited(Content.assemble((title, "bold $text-primary"), cited), sample.lines)
            yield Static(Content(sanitize(sample.body)), classes="docs-sample", markup=False)


def rule_words(rule: Rule) -> str:
    """Return a rule across fields as a sentence."""
    if rule.text:
        return sanitize_line(rule.text)
    listing = ", ".join(map(sanitize_line, rule.params))
    when = ", ".join([*rule.when, *(f"{name}={value}" for name, value in rule.when_value.items())])
    sentences = {
        "requires": f"{when or 'this call'} needs {listing}",
        "at_least_one": f"at least one of {listing}",
        "at_most_one": f"at most one of {listing}",
        "exactly_one": f"exactly one of {listing}",
        "together": f"all of {listing}, or none",
        "equal": f"{listing} must be equal",
        "ordered": f"{listing} must be in this order",
        "not_listed": f"{listing} may not name a field that is set",
        "advice": f"with {when}: {listing}",
    }
    return sanitize_line(sentences[rule.kind])


def _section(title: str, lines: Sequence[tuple[Content, str]]) -> Iterator[Cited]:
    """Yield a title and its lines; nothing if there are none."""
    if lines:
        yield Cited(Content.styled(title, "bold $text-primary"))
    for number, (text, cited) in enumerate(lines, 1):
        yield Cited(text, cited, last=number == len(lines))
