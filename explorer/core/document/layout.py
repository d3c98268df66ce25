"""What a body is shown as, and its bytes laid out for that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.document import binary
from explorer.core.document.charset import decode
from explorer.core.document.form_text import format_form
from explorer.core.document.json_text import Broken, Formatted, format_json
from explorer.core.document.markup import format_markup, xml_problem
from explorer.core.document.media import looks_like
from explorer.core.sanitise import sanitise_line

if TYPE_CHECKING:
    from explorer.core.document.media import Kind, MediaType


class LaidOut:
    """A body made ready: its ``kind``, ``charset``, ``notes`` and ``data`` (see ``Document``)."""

    def __init__(self, body: bytes, media: MediaType) -> None:
        self.media = media
        self.kind: Kind = "empty"
        self.charset = ""
        self.data = body
        self.notes: list[str] = []
        self._json: Formatted | Broken | None = None
        """What the formatter said, once it was asked."""

    def decode(self) -> None:
        """Bytes to UTF-8, and the kind."""
        body, declared = self.data, self.media.kind
        decoded = decode(body, self.media.charset, json=declared == "json")
        wide = decoded.charset.startswith(("utf-16", "utf-32"))
        noise = not wide and binary.looks_binary(body, declared_text=declared is not None)
        if declared == "hex" or binary.signature(body) or noise:
            self.kind = "hex"
            if declared not in {None, "hex"}:
                self.notes.append(f"declared {self._declared()}, is {binary.describe(body, '')}")
            return
        self.charset, self.data = decoded.charset, decoded.data
        if decoded.note:
            self.notes.append(decoded.note)
        self.kind = self._decide(declared)
        if self.kind == "json" and body.startswith(b"\xef\xbb\xbf"):
            self.notes.append("begins with a byte order mark, which RFC 8259 forbids")

    def check_and_format(self, *, pretty: bool) -> None:
        """Problems of the text to notes, and where *pretty* the text over lines."""
        if self.kind == "json" and not self.media.json_lines:
            self._check_json(pretty=pretty)
        elif self.kind == "xml" and (problem := xml_problem(self.data)):
            self.notes.append(problem)
        if pretty and self.kind in {"xml", "html"}:
            self.data = format_markup(self.data, html=self.kind == "html")
        elif pretty and self.kind == "form":
            # Percent escapes may decode to any bytes.
            self.data = format_form(self.data).decode("utf-8", "replace").encode()

    def _decide(self, declared: Kind | None) -> Kind:
        """What to show the text as: what it is declared to be, unless it plainly is something else."""
        looks = looks_like(self.data)
        if declared == "json" and looks in {"html", "xml"}:
            self.notes.append(f"declared {self._declared()}, is {looks.upper()}")
            return looks
        if declared == "xml" and looks == "html":
            self.notes.append(f"declared {self._declared()}, is HTML")
            return "html"
        if looks == "json" and declared not in {"json", "csv"}:
            self._json = format_json(self.data)
            if isinstance(self._json, Formatted):
                if self.media.name:
                    self.notes.append(f"declared {self._declared()}, is JSON")
                return "json"
        if declared is None:
            return looks if looks in {"html", "xml"} else "text"
        return declared

    def _check_json(self, *, pretty: bool) -> None:
        result = self._json or format_json(self.data)
        if isinstance(result, Broken):
            before = self.data[: result.position]
            line = before.count(b"\n") + 1
            column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
            self.notes.append(f"invalid JSON: {result.message} at line {line}, column {column}")
        elif pretty:
            self.data = result.data
            if result.note:
                self.notes.append(result.note)
        self._json = None

    def _declared(self) -> str:
        return sanitise_line(self.media.name[:80])


def lay_out(body: bytes, media: MediaType, *, pretty: bool) -> LaidOut:
    """Decode, decide and lay out. Never raises."""
    made = LaidOut(body, media)
    if body:
        made.decode()
        made.check_and_format(pretty=pretty)
    return made
