"""Steps, answers and aligned texts as rows of a ``LinesView``."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from explorer.core.explain.signature.byte_diff import GAP, AlignedRow, align_rows, diff_bytes, make_visible
from explorer.core.explain.signature.pasted_text import KINDS
from explorer.core.text.cell_width import cells
from explorer.core.text.sanitize import sanitize_line
from explorer.tui.kit.lines_view import Row, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from explorer.core.auth.base import SigningStep
    from explorer.core.explain.signature.diagnosis import Cause, Diagnosis

LABEL = 12
"""Cells of the column of labels."""


def labelled_rows(label: str, text: str, width: int, kind: str = "text", label_kind: str = "dim") -> list[Row]:
    """Words beside their label, broken between words and never below the label."""
    lines = textwrap.wrap(sanitize_line(text), max(20, width - LABEL - 1)) or [""]
    first = Row(((label_kind, f" {label:<{LABEL - 1}}"), (kind, lines[0])))
    return [first, *(Row((("dim", " " * LABEL), (kind, line))) for line in lines[1:])]


def exact_row(label: str, text: str, kind: str = "url") -> Row:
    """A text of which every character counts, beside its label."""
    start: Span = ("strong", f" {label:<{LABEL - 1}}")
    return Row(((kind, text),), (start,), (("dim", " " * (LABEL - 2) + "↳ "),))


def step_rows(steps: Iterable[SigningStep], width: int) -> list[Row]:
    """Every step: its title, its text, and how it was done."""
    rows: list[Row] = []
    for step in steps:
        for number, line in enumerate(step.text.split("\n")):
            label = sanitize_line(step.title) if not number else ""
            if step.literal:
                rows.append(exact_row(label, make_visible(line)))
            else:
                rows += labelled_rows(label, line, width, label_kind="strong")
        if step.detail:
            rows += labelled_rows("", step.detail, width, "dim")
    return rows


def diagnosis_rows(found: Diagnosis, width: int) -> list[Row]:
    """The answer first, then its reasons, then both texts in columns."""
    kind = "good" if found.same else "bad" if found.causes else "warn"
    sign = "✓" if found.same else "✗" if found.causes else "?"
    rows = labelled_rows(f"{sign} answer", found.verdict, width, kind, kind)
    rows += labelled_rows("pasted", KINDS[found.kind], width, "dim")
    for cause in found.causes or ((found.nearest,) if found.nearest else ()):
        rows += _cause_rows(cause, width)
    rows += aligned_rows(found.our_base, found.their_base, width, first=found.kind != "token")
    for other in found.also:
        rows += labelled_rows("or", "; and ".join(cause.text for cause in other), width, "dim")
    for note in found.notes:
        rows += labelled_rows("note", note, width)
    if found.our_signature and found.their_signature and not found.same:
        rows += [
            exact_row("right", found.our_signature, "good"),
            exact_row("theirs", sanitize_line(found.their_signature), "bad"),
        ]
    return rows


def _cause_rows(cause: Cause, width: int) -> list[Row]:
    return labelled_rows("why", cause.mistake.why, width) + labelled_rows("mend", cause.mistake.fix, width, "good")


def aligned_rows(ours: str, theirs: str, width: int, *, first: bool = True) -> list[Row]:
    """Two texts one below the other, what differs marked; and (*first*) the first byte that does."""
    if not ours or not theirs or ours == theirs:
        return []
    diff = diff_bytes(ours, theirs)
    rows: list[Row] = []
    if first:
        there = f"{diff.left_hex or 'the end'} / {diff.right_hex or 'the end'}"
        rows += labelled_rows("first", f"{diff.summary}   bytes {there}", width, "warn")
    for row in align_rows(diff, max(16, width - LABEL - 1)):
        rows.append(Row((("dim", f" {'right':<{LABEL - 1}}"), *_spans(row, row.left, "good"))))
        rows.append(Row((("dim", f" {'theirs':<{LABEL - 1}}"), *_spans(row, row.right, "bad"))))
        if row.marks.strip():
            rows.append(Row((("dim", " " * LABEL), ("warn", row.marks.rstrip()))))
    return rows


def _spans(row: AlignedRow, text: str, changed: str) -> Sequence[Span]:
    """One side of a row: what is the same plain, what is not in colour, gaps dim. Marks go by cells, so wide signs
    keep their column."""
    spans: list[Span] = []
    at = 0
    for sign in text:
        mark = row.marks[at] if at < len(row.marks) else " "
        kind = "dim" if sign == GAP else changed if mark == "^" else "text"
        if spans and spans[-1][0] == kind:
            spans[-1] = (kind, spans[-1][1] + sign)
        else:
            spans.append((kind, sign))
        at += cells(sign)
    return spans
