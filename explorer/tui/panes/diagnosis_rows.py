"""Signing steps, a diagnosis and aligned strings as rows of a ``LinesView``."""

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
"""Width in cells of the column of labels."""


def labelled_rows(label: str, text: str, width: int, kind: str = "text", label_kind: str = "dim") -> list[Row]:
    """Return text next to its label, wrapped between words and indented to the label's column."""
    lines = textwrap.wrap(sanitize_line(text), max(20, width - LABEL - 1)) or [""]
    first = Row(((label_kind, f" {label:<{LABEL - 1}}"), (kind, lines[0])))
    return [first, *(Row((("dim", " " * LABEL), (kind, line))) for line in lines[1:])]


def exact_row(label: str, text: str, kind: str = "url") -> Row:
    """Return a string shown character by character next to its label."""
    start: Span = ("strong", f" {label:<{LABEL - 1}}")
    return Row(((kind, text),), (start,), (("dim", " " * (LABEL - 2) + "↳ "),))


def step_rows(steps: Iterable[SigningStep], width: int) -> list[Row]:
    """Return every step: its title, its text, and how it was derived."""
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


def diagnosis_rows(diagnosis: Diagnosis, width: int) -> list[Row]:
    """Return the verdict, its causes, and both strings aligned."""
    kind = "good" if diagnosis.same else "bad" if diagnosis.causes else "warn"
    sign = "✓" if diagnosis.same else "✗" if diagnosis.causes else "?"
    rows = labelled_rows(f"{sign} result", diagnosis.verdict, width, kind, kind)
    rows += labelled_rows("input", KINDS[diagnosis.kind], width, "dim")
    for cause in diagnosis.causes or ((diagnosis.nearest,) if diagnosis.nearest else ()):
        rows += _cause_rows(cause, width)
    rows += aligned_rows(diagnosis.our_base, diagnosis.their_base, width, first=diagnosis.kind != "token")
    for causes in diagnosis.also:
        rows += labelled_rows("or", "; and ".join(cause.text for cause in causes), width, "dim")
    for note in diagnosis.notes:
        rows += labelled_rows("note", note, width)
    if diagnosis.our_signature and diagnosis.their_signature and not diagnosis.same:
        rows += [
            exact_row("expected", diagnosis.our_signature, "good"),
            exact_row("actual", sanitize_line(diagnosis.their_signature), "bad"),
        ]
    return rows


def _cause_rows(cause: Cause, width: int) -> list[Row]:
    return labelled_rows("why", cause.mistake.why, width) + labelled_rows("fix", cause.mistake.fix, width, "good")


def aligned_rows(expected: str, actual: str, width: int, *, first: bool = True) -> list[Row]:
    """Return two strings one below the other with differences marked, and (*first*) the first differing byte."""
    if not expected or not actual or expected == actual:
        return []
    diff = diff_bytes(expected, actual)
    rows: list[Row] = []
    if first:
        positions = f"{diff.left_hex or 'the end'} / {diff.right_hex or 'the end'}"
        rows += labelled_rows("first", f"{diff.summary}   bytes {positions}", width, "warn")
    for row in align_rows(diff, max(16, width - LABEL - 1)):
        rows.append(Row((("dim", f" {'expected':<{LABEL - 1}}"), *_spans(row, row.left, "good"))))
        rows.append(Row((("dim", f" {'actual':<{LABEL - 1}}"), *_spans(row, row.right, "bad"))))
        if row.marks.strip():
            rows.append(Row((("dim", " " * LABEL), ("warn", row.marks.rstrip()))))
    return rows


def _spans(row: AlignedRow, text: str, changed: str) -> Sequence[Span]:
    """Return one side of a row: equal text plain, differences in color, gaps dim.

    Marks are indexed by cell, because wide characters take two.
    """
    spans: list[Span] = []
    at = 0
    for character in text:
        mark = row.marks[at] if at < len(row.marks) else " "
        kind = "dim" if character == GAP else changed if mark == "^" else "text"
        if spans and spans[-1][0] == kind:
            spans[-1] = (kind, spans[-1][1] + character)
        else:
            spans.append((kind, character))
        at += cells(character)
    return spans
