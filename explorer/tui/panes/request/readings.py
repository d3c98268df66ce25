"""Ambiguities of a call: the choices above the form, and the page with passages, evidence and trials."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from explorer.core.text.sanitize import sanitize_line
from explorer.core.text.units import format_local
from explorer.tui.panes.request.field_state import OptionLines
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from textual.app import ComposeResult

    from explorer.core.catalog.model import Choice, Reading, Vendor
    from explorer.session.ambiguity_status import AmbiguityStatus
    from explorer.session.experiments import Experiment
    from explorer.store.documents import DocumentLine
    from explorer.store.journals import Evidence


class ReadingBox(Vertical):
    """One ambiguity: what it is about, its readings, and the reason for the default."""

    DEFAULT_CSS = """
    ReadingBox {
        height: auto; padding: 0 1; margin: 0 0 1 0;
        & > Static { height: auto; width: 1fr; }
        & > OptionLines { margin: 0 0 0 2; }
        & > .reading-why { color: $text-muted; margin: 0 0 0 2; }
    }
    """

    @dataclass
    class Chosen(Message):
        """Another reading was chosen."""

        key: str
        choice: str

    def __init__(
        self,
        vendor: Vendor,
        key: str,
        reading: Reading,
        chosen: str,
        evidence: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """*evidence*: choice → how servers responded to it, as sentences."""
        self._evidence = evidence or {}
        self._vendor = vendor
        self._key = key
        self._reading = reading
        self._chosen = chosen or reading.default
        super().__init__()

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the document that its choices cite."""
        return tuple(choice.lines for choice in self._reading.choices.values() if choice.lines)

    def compose(self) -> ComposeResult:
        """Yield topic, choices and reason."""
        reading = self._reading
        mark = ("◆ ", "$accent bold") if reading.changes_request else ("◇ ", MUTED)
        about = Content.assemble(mark, (sanitize_line(self._key), "bold"), "  ", sanitize_line(reading.about))
        yield Static(about, markup=False)
        if reading.changes_request:
            yield OptionLines(self._key, list(self._choices()), self._chosen)
        else:
            yield Static(Content("\n").join(f"  · {label}" for _, label in self._choices()), markup=False)
        yield Static(Content(f"Why: {sanitize_line(reading.why)}"), classes="reading-why", markup=False)

    def _choices(self) -> Iterator[tuple[str, Content]]:
        for name, choice in self._reading.choices.items():
            cited = self._vendor.cite(choice.lines)
            default = " (default)" if name == self._reading.default else ""
            evidence = "".join(f"\n    {sanitize_line(line)}" for line in self._evidence.get(name, ()))
            label = Content.assemble(
                sanitize_line(choice.title),
                (default, "italic"),
                (f"  {cited}" if cited else "", MUTED),
                (evidence, "$accent"),
            )
            yield name, label

    @on(OptionLines.Changed)
    def _changed(self, event: OptionLines.Changed) -> None:
        event.stop()
        self.post_message(self.Chosen(event.lines.key, event.value))


def readings_summary(readings: Mapping[str, Reading], chosen: Mapping[str, str]) -> str:
    """Return ``3 ambiguities in the docs change this request; not the default: key=choice``, or empty for none."""
    keys = [key for key, reading in readings.items() if reading.changes_request]
    if not keys:
        return ""
    several = len(keys) > 1
    text = f"{len(keys)} ambiguities in the docs change" if several else "1 ambiguity in the docs changes"
    others = [f"{key}={chosen[key]}" for key in keys if chosen.get(key, readings[key].default) != readings[key].default]
    return f"{text} this request" + (f"; not the default: {', '.join(others)}" if others else "")


MARKS: Final = {"accepted": ("✓", "$text-success"), "refused": ("✗", "$text-error"), "unclear": ("?", "$text-warning")}
_MARGIN: Final = 16
"""Cells taken by the line number, the bar and the indent of a quoted line."""


NARROW: Final = 80
"""Width of the page in cells below which the footer cannot show every key."""


@dataclass(frozen=True)
class AmbiguityPage:
    """What the page about an ambiguity shows besides the ambiguity itself."""

    cursor: str
    """The choice under the cursor."""
    chosen: str
    """The choice of the open call."""
    environment: str
    followed: str = ""
    """The choice that the sandbox uses."""
    experiment: Experiment | None = None
    passages: Mapping[str, Sequence[DocumentLine]] = field(default_factory=dict)
    """Choice → lines of the vendor's document."""
    passage_problem: str = ""
    width: int = 80
    """Width of the page in cells; quoted lines are truncated to it."""


def evidence_line(evidence: Evidence) -> str:
    """Return ``production: accepted 2026-11-21 200 OK #14``."""
    from explorer.session.ambiguity_status import evidence_words

    return sanitize_line(evidence_words(evidence, format_local(evidence.at, "%Y-%m-%d")))


def ambiguity_line(ambiguity: AmbiguityStatus, environment: str, chosen: str) -> Content:
    """Return ``◆ example_verb  ✓get ✗post``: the results in *environment*, or elsewhere if there are none."""
    mark = ("◆ ", "$accent bold") if ambiguity.reading.changes_request else ("◇ ", MUTED)
    parts: list[Content | str | tuple[str, str]] = [mark, (sanitize_line(ambiguity.key), "bold")]
    if ambiguity.adopted:
        parts.append((" ★", "$accent"))
    if chosen != ambiguity.reading.default:
        parts.append((f" ={sanitize_line(chosen)}", "$text-warning"))
    for choice, trials in ambiguity.evidence.items():
        relevant = [trial for trial in trials if trial.environment == environment] or list(trials)
        sign, style = MARKS.get(relevant[0].verdict, MARKS["unclear"])
        parts.append((f"  {sign}{sanitize_line(choice)}", style))
    return Content.assemble(*parts)


def ambiguity_page(ambiguity: AmbiguityStatus, page: AmbiguityPage) -> Content:
    """Return the page about one ambiguity."""
    return Content("\n").join(_page_lines(ambiguity, page))


def _page_lines(ambiguity: AmbiguityStatus, page: AmbiguityPage) -> Iterator[Content]:
    reading = ambiguity.reading
    scope = "this call" if ambiguity.endpoint else "every call of the vendor"
    yield Content.assemble((sanitize_line(ambiguity.key), "bold $text-primary"), (f"  affects {scope}", MUTED))
    yield Content(sanitize_line(reading.about))
    yield Content("")
    if page.experiment is not None:
        yield from _experiment(page.experiment)
        yield Content("")
    for name, choice in reading.choices.items():
        yield _choice(ambiguity, name, choice, page)
        for evidence in ambiguity.evidence.get(name, ()):
            sign, style = MARKS.get(evidence.verdict, MARKS["unclear"])
            yield Content.assemble("      ", (f"{sign} ", style), (evidence_line(evidence), style))
        yield from _passage(page.passages.get(name, ()), page.width)
    if page.passage_problem:
        yield Content.styled(f"    {sanitize_line(page.passage_problem)}", MUTED)
    yield Content("")
    yield Content.assemble(("Why the default: ", MUTED), (sanitize_line(reading.why), MUTED))
    if ambiguity.adopted:
        yield Content.styled("★ You changed the default; u restores it.", "$accent")
    if not reading.changes_request:
        yield Content.styled("Changes only how the response is interpreted, not the request.", MUTED)
    if page.width < NARROW:
        yield Content.styled("f use in sandbox · c compare responses · v all ambiguities", MUTED)


def _choice(ambiguity: AmbiguityStatus, name: str, choice: Choice, page: AmbiguityPage) -> Content:
    pointer = "▸ " if name == page.cursor else "  "
    mark = "(●) " if name == page.chosen else "(○) "
    labels = [
        *(["default"] if name == ambiguity.reading.default else []),
        *(["used by the sandbox"] if name == page.followed else []),
    ]
    cited = ambiguity.vendor.cite(choice.lines)
    style = "reverse" if name == page.cursor else "bold" if name == page.chosen else ""
    return Content.assemble(
        pointer,
        mark,
        (sanitize_line(name), style),
        f"  {sanitize_line(choice.title)}",
        (f"  {cited}" if cited else "", MUTED),
        (f"  ({', '.join(labels)})" if labels else "", "italic"),
    )


def _passage(lines: Sequence[DocumentLine], width: int) -> Iterator[Content]:
    for line in lines:
        text = Content(sanitize_line(line.text.expandtabs(4))).truncate(max(10, width - _MARGIN), ellipsis=True)
        yield Content.assemble((f"      {line.number:>5} │ ", MUTED), text)


def _experiment(experiment: Experiment) -> Iterator[Content]:
    yield Content.styled(f"Tried in {sanitize_line(experiment.plan.call.environment)}", "bold $text-primary")
    yield Content.assemble(("→ ", "bold"), (sanitize_line(experiment.conclusion), "bold"))
    for trial in experiment.trials:
        sign, style = MARKS[trial.verdict]
        number = f"  #{trial.exchange.id}" if trial.exchange is not None and trial.exchange.id else ""
        yield Content.assemble(
            "  ",
            (f"{sign} {sanitize_line(trial.variant.choice)}", f"bold {style}"),
            f"  {sanitize_line(trial.variant.line)}",
            (f"  {sanitize_line('; '.join(trial.variant.notes))}" if trial.variant.notes else "", MUTED),
            (number, MUTED),
        )
        yield Content.assemble("      ", (sanitize_line(trial.why), style))
