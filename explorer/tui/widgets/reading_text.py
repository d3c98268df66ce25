"""What is told of a reading, as content: the line of a list, and the page about one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from textual.content import Content

from explorer.core.text.sanitize import sanitize_line
from explorer.core.text.units import format_local
from explorer.tui.styles import MUTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from explorer.core.catalog.model import Choice
    from explorer.session.doubts import AmbiguityStatus
    from explorer.session.experiments import Experiment
    from explorer.settings.documents import DocumentLine
    from explorer.settings.evidence import Evidence

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
    from explorer.session.doubts import evidence_words

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
