"""Ambiguities of a call: every reading with its lines in the document and its evidence."""

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
    """One reading: what it is about, its versions, why the default is the default."""

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
        """Another version was chosen."""

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
        """*evidence*: choice → what servers made of it, in words."""
        self._evidence = evidence or {}
        self._vendor = vendor
        self._key = key
        self._reading = reading
        self._chosen = chosen or reading.default
        super().__init__()

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the document that its versions cite."""
        return tuple(choice.lines for choice in self._reading.choices.values() if choice.lines)

    def compose(self) -> ComposeResult:
        """About, versions, why."""
        reading = self._reading
        mark = ("◆ ", "$accent bold") if reading.changes_request else ("◇ ", MUTED)
        about = Content.assemble(mark, (sanitize_line(self._key), "bold"), "  ", sanitize_line(reading.about))
        yield Static(about, markup=False)
        if reading.changes_request:
            yield OptionLines(self._key, list(self._choices()), self._chosen)
        else:
            yield Static(Content("\n").join(f"  · {words}" for _, words in self._choices()), markup=False)
        yield Static(Content(f"Why: {sanitize_line(reading.why)}"), classes="reading-why", markup=False)

    def _choices(self) -> Iterator[tuple[str, Content]]:
        for name, choice in self._reading.choices.items():
            cited = self._vendor.cite(choice.lines)
            default = " (default)" if name == self._reading.default else ""
            tried = "".join(f"\n    {sanitize_line(line)}" for line in self._evidence.get(name, ()))
            words = Content.assemble(
                sanitize_line(choice.title),
                (default, "italic"),
                (f"  {cited}" if cited else "", MUTED),
                (tried, "$accent"),
            )
            yield name, words

    @on(OptionLines.Changed)
    def _changed(self, event: OptionLines.Changed) -> None:
        event.stop()
        self.post_message(self.Chosen(event.lines.key, event.value))


def readings_summary(readings: Mapping[str, Reading], chosen: Mapping[str, str]) -> str:
    """``3 readings change this request, 1 is not the default``; empty where there are none."""
    keys = [key for key, reading in readings.items() if reading.changes_request]
    if not keys:
        return ""
    many = len(keys) > 1
    text = f"{len(keys)} readings of the document change this request" if many else "1 reading changes this request"
    other = [f"{key}={chosen[key]}" for key in keys if chosen.get(key, readings[key].default) != readings[key].default]
    return text + (f"; not the default: {', '.join(other)}" if other else "")


MARKS: Final = {"accepted": ("✓", "$text-success"), "refused": ("✗", "$text-error"), "unclear": ("?", "$text-warning")}
_MARGIN: Final = 16
"""Cells before a line of a document, and of a bar beside it."""


NARROW: Final = 80
"""Cells of the page below which the footer has no room for every key."""


@dataclass(frozen=True)
class AmbiguityPage:
    """What the page about a reading shows beside the reading itself."""

    cursor: str
    """The choice that the cursor is on."""
    chosen: str
    """The choice of the open call."""
    environment: str
    followed: str = ""
    """What the sandbox follows."""
    experiment: Experiment | None = None
    passages: Mapping[str, Sequence[DocumentLine]] = field(default_factory=dict)
    """Choice → lines of the vendor's document."""
    passage_problem: str = ""
    width: int = 80
    """Cells of the page, to which lines of the document are cut."""


def evidence_line(one: Evidence) -> str:
    """``production: accepted 2026-11-21 200 OK #14``."""
    from explorer.session.ambiguity_status import evidence_words

    return sanitize_line(evidence_words(one, format_local(one.at, "%Y-%m-%d")))


def ambiguity_line(doubt: AmbiguityStatus, environment: str, chosen: str) -> Content:
    """``◆ example_verb  ✓get ✗post``: what is known of it in that environment."""
    mark = ("◆ ", "$accent bold") if doubt.reading.changes_request else ("◇ ", MUTED)
    parts: list[Content | str | tuple[str, str]] = [mark, (sanitize_line(doubt.key), "bold")]
    if doubt.adopted:
        parts.append((" ★", "$accent"))
    if chosen != doubt.reading.default:
        parts.append((f" ={sanitize_line(chosen)}", "$text-warning"))
    for choice, trials in doubt.evidence.items():
        here = [one for one in trials if one.environment == environment] or list(trials)
        sign, style = MARKS[here[0].verdict] if here[0].verdict in MARKS else MARKS["unclear"]
        parts.append((f"  {sign}{sanitize_line(choice)}", style))
    return Content.assemble(*parts)


def ambiguity_page(doubt: AmbiguityStatus, told: AmbiguityPage) -> Content:
    """All about one reading."""
    return Content("\n").join(_page_lines(doubt, told))


def _page_lines(doubt: AmbiguityStatus, told: AmbiguityPage) -> Iterator[Content]:
    reading = doubt.reading
    scope = "every call of the vendor" if not doubt.endpoint else "this call"
    yield Content.assemble((sanitize_line(doubt.key), "bold $text-primary"), (f"  concerns {scope}", MUTED))
    yield Content(sanitize_line(reading.about))
    yield Content("")
    if told.experiment is not None:
        yield from _experiment(told.experiment)
        yield Content("")
    for name, choice in reading.choices.items():
        yield _choice(doubt, name, choice, told)
        for one in doubt.evidence.get(name, ()):
            sign, style = MARKS.get(one.verdict, MARKS["unclear"])
            yield Content.assemble("      ", (f"{sign} ", style), (evidence_line(one), style))
        yield from _passage(told.passages.get(name, ()), told.width)
    if told.passage_problem:
        yield Content.styled(f"    {sanitize_line(told.passage_problem)}", MUTED)
    yield Content("")
    yield Content.assemble(("Why the default: ", MUTED), (sanitize_line(reading.why), MUTED))
    if doubt.adopted:
        yield Content.styled("★ The default is your own choice; u takes it back.", "$accent")
    if not reading.changes_request:
        yield Content.styled("It changes nothing that is sent: it says how an answer is meant.", MUTED)
    if told.width < NARROW:
        yield Content.styled("f the sandbox follows it · c compares the answers · v all readings", MUTED)


def _choice(doubt: AmbiguityStatus, name: str, choice: Choice, told: AmbiguityPage) -> Content:
    here = "▸ " if name == told.cursor else "  "
    mark = "(●) " if name == told.chosen else "(○) "
    words = [
        *(["default"] if name == doubt.reading.default else []),
        *(["the sandbox follows it"] if name == told.followed else []),
    ]
    cited = doubt.vendor.cite(choice.lines)
    style = "reverse" if name == told.cursor else "bold" if name == told.chosen else ""
    return Content.assemble(
        here,
        mark,
        (sanitize_line(name), style),
        f"  {sanitize_line(choice.title)}",
        (f"  {cited}" if cited else "", MUTED),
        (f"  ({', '.join(words)})" if words else "", "italic"),
    )


def _passage(lines: Sequence[DocumentLine], width: int) -> Iterator[Content]:
    for line in lines:
        text = Content(sanitize_line(line.text.expandtabs(4))).truncate(max(10, width - _MARGIN), ellipsis=True)
        yield Content.assemble((f"      {line.number:>5} │ ", MUTED), text)


def _experiment(experiment: Experiment) -> Iterator[Content]:
    yield Content.styled(f"Tried in {sanitize_line(experiment.plan.call.environment)}", "bold $text-primary")
    yield Content.assemble(("→ ", "bold"), (sanitize_line(experiment.conclusion), "bold"))
    for one in experiment.trials:
        sign, style = MARKS[one.verdict]
        number = f"  #{one.exchange.id}" if one.exchange is not None and one.exchange.id else ""
        yield Content.assemble(
            "  ",
            (f"{sign} {sanitize_line(one.variant.choice)}", f"bold {style}"),
            f"  {sanitize_line(one.variant.line)}",
            (f"  {sanitize_line('; '.join(one.variant.notes))}" if one.variant.notes else "", MUTED),
            (number, MUTED),
        )
        yield Content.assemble("      ", (sanitize_line(one.why), style))
