"""What the catalog knows of an endpoint: summary, notes, parameters, rules, readings, samples, the vendor's notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from explorer.core.sanitise import sanitise, sanitise_line
from explorer.tui.styles import MUTED
from explorer.tui.widgets.fields.state import rule_text
from explorer.tui.widgets.readings import ReadingBox

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from textual.app import ComposeResult

    from explorer.core.catalog.model import Endpoint, Note, Parameter, Reading, Rule, Vendor


class DocsView(VerticalScroll, can_focus=True):
    """The documentation of one endpoint under the chosen readings."""

    DEFAULT_CSS = """
    DocsView {
        height: 1fr; scrollbar-size-vertical: 1; padding: 0 1;
        & > Static { height: auto; width: 1fr; margin: 0 0 1 0; }
        & > .docs-sample { color: $text-muted; padding: 0 0 0 2; }
        &:focus { background: $foreground 2%; }
    }
    """

    def __init__(
        self, vendor: Vendor, endpoint: Endpoint, readings: Mapping[str, Reading], chosen: Mapping[str, str]
    ) -> None:
        self._vendor = vendor
        self._endpoint = endpoint
        self._readings = readings
        self._chosen = chosen
        super().__init__()

    def compose(self) -> ComposeResult:
        """One text for each chapter, one box for each reading."""
        yield Static(self._head(), markup=False)
        if self._endpoint.notes:
            yield Static(_chapter("Notes", map(self._note, self._endpoint.notes)), markup=False)
        if self._endpoint.params:
            yield Static(_chapter("Parameters", map(self._param, self._endpoint.params.values())), markup=False)
        if self._endpoint.rules:
            yield Static(_chapter("Rules across fields", map(self._rule, self._endpoint.rules)), markup=False)
        yield from self._reading_boxes()
        yield from self._samples()
        if self._vendor.notes:
            title = f"{sanitise_line(self._vendor.title)} in general"
            yield Static(_chapter(title, map(self._note, self._vendor.notes)), markup=False)
        statuses = {
            **self._vendor.verdict.statuses,
            **(self._endpoint.verdict.statuses if self._endpoint.verdict else {}),
        }
        if statuses:
            lines = (Content.assemble((code, "bold"), f"  {sanitise_line(words)}") for code, words in statuses.items())
            yield Static(_chapter("Statuses", lines), markup=False)

    def _head(self) -> Content:
        vendor, endpoint = self._vendor, self._endpoint
        inferred = "  inferred: the document names no such path" if endpoint.inferred or vendor.inferred else ""
        parts = [
            Content.assemble((sanitise_line(endpoint.title), "bold underline"), (inferred, "$text-warning italic")),
            Content.assemble(
                (" ".join(endpoint.methods), "bold"),
                f" {sanitise_line(endpoint.path)}  ",
                (f"{vendor.id}.{endpoint.id}  {vendor.cite(endpoint.lines)}", MUTED),
            ),
            Content(f"Effect: {endpoint.effect}. Auth: {endpoint.auth}. Body: {endpoint.body}."),
        ]
        if endpoint.summary:
            parts.insert(1, Content(sanitise_line(endpoint.summary)))
        if endpoint.pagination:
            style = vendor.pagination.get(endpoint.pagination)
            parts.append(
                Content(f"Paged: {sanitise_line(style.title or style.style) if style else endpoint.pagination}.")
            )
        return Content("\n").join(parts)

    def _note(self, note: Note) -> Content:
        return self._cited(f"· {sanitise_line(note.text)}", note.lines)

    def _cited(self, text: str, lines: str) -> Content:
        cited = self._vendor.cite(lines)
        return Content.assemble(text, (f"  {cited}" if cited else "", MUTED))

    def _param(self, param: Parameter) -> Content:
        star = "*" if param.required else ""
        head = Content.assemble((f"{sanitise_line(param.name)}{star}", "bold"), f"  {param.location} · ")
        text = sanitise_line(rule_text(param))
        if param.enum:
            text += f" · one of {', '.join(map(sanitise_line, param.enum))}"
        if param.note:
            text += f" · {sanitise_line(param.note)}"
        return Content.assemble(head, self._cited(text, param.lines))

    def _rule(self, rule: Rule) -> Content:
        return self._cited(f"· {rule_words(rule)}", rule.lines)

    def _reading_boxes(self) -> Iterator[Static | ReadingBox]:
        if not self._readings:
            return
        count = sum(reading.changes_request for reading in self._readings.values())
        title = f"Readings  {len(self._readings)} places, {count} of them change the request (◆, to choose from)"
        yield Static(Content.styled(title, "bold $text-primary"), markup=False)
        for key, reading in sorted(self._readings.items(), key=lambda one: not one[1].changes_request):
            yield ReadingBox(self._vendor, key, reading, self._chosen.get(key, ""))

    def _samples(self) -> Iterator[Static]:
        for sample in self._endpoint.samples:
            title = f"Sample answer  {sample.status} {sanitise_line(sample.media_type)}  {sanitise_line(sample.title)}"
            yield Static(
                Content.assemble((title, "bold $text-primary"), (f"  {self._vendor.cite(sample.lines)}", MUTED)),
                markup=False,
            )
            yield Static(Content(sanitise(sample.body)), classes="docs-sample", markup=False)


def rule_words(rule: Rule) -> str:
    """A rule across fields as a sentence."""
    if rule.text:
        return sanitise_line(rule.text)
    listing = ", ".join(map(sanitise_line, rule.params))
    when = ", ".join([*rule.when, *(f"{name}={value}" for name, value in rule.when_value.items())])
    words = {
        "requires": f"{when or 'this call'} needs {listing}",
        "at_least_one": f"at least one of {listing}",
        "at_most_one": f"at most one of {listing}",
        "exactly_one": f"exactly one of {listing}",
        "together": f"all of {listing}, or none",
        "equal": f"{listing}: the same value",
        "ordered": f"{listing}: in this order",
        "not_listed": f"{listing} may not name a field that is set",
        "advice": f"with {when}: {listing}",
    }
    return sanitise_line(words[rule.kind])


def _chapter(title: str, lines: Iterable[Content]) -> Content:
    return Content("\n").join([Content.styled(title, "bold $text-primary"), *lines])
