"""Body filters: JMESPath for JSON, a subset of XPath for XML, otherwise a search for lines.

Number tokens of JSON stay as sent (``1.0``, ``1e400``, 64-bit ids) unless the expression computes with them. Parsing
takes many times the memory and time of displaying, so large bodies are filtered in another process (``worker_main``).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple
from xml.etree import ElementTree

from explorer.core.body.markup import format_markup, xml_check
from explorer.core.text.sanitize import sanitize_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_SIZE = 64_000_000
"""Largest JSON or XML body to filter, in bytes."""
_PATHS = re.compile(r"[./*]|[\w:.-]+[/\[]")
_LAST_STEP = re.compile(r"(.*?)/+(?:@([\w.:-]+)|(text\(\)))$")


class Filtered(NamedTuple):
    """Filtered bytes and their media type, or the ``problem`` that prevents them."""

    body: bytes = b""
    content_type: str = ""
    problem: str = ""


class Filter:
    """Filter for *source* (UTF-8) of the kind ``json``, ``xml`` or any other. Never raises."""

    def __init__(self, kind: str, source: bytes) -> None:
        self._source = source
        self._run: Callable[[str], Filtered] = self._lines
        self._problem = ""
        self._laid_out = b""
        self._parsed: Any = None
        if kind in ("json", "xml"):
            self._prepare(kind)

    def run(self, expression: str) -> Filtered:
        """Apply *expression*."""
        if self._problem:
            return Filtered(problem=self._problem)
        try:
            return self._run(expression.strip())
        except RecursionError:
            return Filtered(problem="the body is nested too deeply to filter")
        except MemoryError:
            return Filtered(problem="not enough memory to filter this body")

    def _prepare(self, kind: str) -> None:
        if len(self._source) > MAX_SIZE:
            self._problem = f"the body is too large to filter (more than {MAX_SIZE // 1_000_000} MB)"
            return
        try:
            if kind == "json":
                self._parsed = _loads(self._source)
                self._run = self._jmespath
            else:
                for _ in (check := _ReturnValue(xml_check(self._source))):
                    pass
                if check.result:
                    self._problem = f"cannot filter this body: {check.result}"
                    return
                self._parsed = ElementTree.fromstring(self._source)  # noqa: S314 - entities are rejected above
                self._run = self._xpath
        except (ValueError, ElementTree.ParseError) as error:
            self._problem = f"cannot filter this body: {sanitize_line(str(error))}"
        except RecursionError:
            self._problem = "the body is nested too deeply to filter"
        except MemoryError:
            self._problem = "not enough memory to filter this body"

    def _jmespath(self, expression: str) -> Filtered:
        import jmespath
        from jmespath.exceptions import JMESPathError

        try:
            result = jmespath.search(expression, self._parsed)
        except (JMESPathError, ValueError, TypeError, ArithmeticError, AttributeError, KeyError) as error:
            text = str(error).split("\n", 1)[0] or type(error).__name__
            text = text.removeprefix("Invalid jmespath expression: ").rstrip(": ")
            return Filtered(problem=sanitize_line(text))
        out: list[str] = []
        _write_json(result, out.append)
        return Filtered("".join(out).encode("utf-8", "replace"), "application/json")

    def _xpath(self, expression: str) -> Filtered:
        if not _PATHS.match(expression):
            if not self._laid_out:
                self._laid_out = format_markup(self._source, html=False)
            return _matching_lines(self._laid_out, expression)
        root: ElementTree.Element = self._parsed
        last = _LAST_STEP.match(expression)
        path, name = (last[1], last[2]) if last else (expression, None)
        try:
            nodes = _find_all(root, path)
        except TypeError:
            return Filtered(problem="the path is incomplete")
        except (SyntaxError, KeyError, ValueError, StopIteration) as error:
            return Filtered(problem=f"the path is invalid or not supported ({sanitize_line(str(error))})")
        if last is not None:
            values = [node.get(name) if name else node.text for node in nodes]
            return Filtered(
                "\n".join(value for value in values if value is not None).encode(), "text/plain; charset=utf-8"
            )
        parts = [ElementTree.tostring(node, encoding="unicode").strip() for node in nodes]
        return Filtered(f"<results>{''.join(parts)}</results>".encode(), "application/xml")

    def _lines(self, words: str) -> Filtered:
        return _matching_lines(self._source, words)


def _matching_lines(data: bytes, words: str) -> Filtered:
    """Return the lines of *data* that contain *words*; the search ignores case if *words* is lowercase."""
    flags = re.IGNORECASE if words == words.lower() else 0
    pattern = re.compile(re.escape(words.encode("utf-8", "replace")), flags)
    lines: list[bytes] = []
    start = 0
    while start <= len(data) and (match := pattern.search(data, start)) is not None:
        begin = data.rfind(b"\n", start, match.start()) + 1 or start
        end = data.find(b"\n", match.end())
        end = len(data) if end < 0 else end
        lines.append(data[begin:end])
        start = end + 1
    return Filtered(b"\n".join(lines), "text/plain; charset=utf-8")


class _ReturnValue:
    """Iterator over a generator that stores its return value in ``result``."""

    def __init__(self, steps: Any) -> None:
        self._steps = steps
        self.result = ""

    def __iter__(self) -> Iterator[None]:
        self.result = yield from self._steps


def _find_all(root: ElementTree.Element, path: str) -> list[ElementTree.Element]:
    """Find the elements at *path*. ``ElementTree`` only supports relative paths, so absolute ones are translated."""
    if path.startswith("//"):
        own = [root] if root.tag == path[2:] else []
        return own + root.findall(f".{path}")
    if path.startswith("/"):
        first, slash, rest = path[1:].partition("/")
        if re.sub(r"\[1\]$", "", first) not in (root.tag, "*"):
            return []
        return root.findall(f"./{rest}") if slash else [root]
    return root.findall(path)


# jmespath checks the *name* of a value's type, so these have the names of the built-in types.
_Float = type("float", (float,), {"sent": ""})
_Int = type("int", (int,), {"sent": ""})


def _loads(source: bytes) -> Any:
    """Parse *source*; JSON Lines become a list."""
    try:
        return json.loads(source, parse_float=_float, parse_int=_int)
    except ValueError:
        lines = [line for line in source.split(b"\n") if line.strip()]
        if len(lines) < 2 or lines[0].lstrip()[:1] not in (b"{", b"["):
            raise
        try:
            return [json.loads(line, parse_float=_float, parse_int=_int) for line in lines]
        except ValueError:
            pass
        raise


def _float(text: str) -> Any:
    number = _Float(text)
    number.sent = text
    return number


def _int(text: str) -> Any:
    if len(text) > 4000:  # Python rejects integers of more digits
        return _float(text)
    if text != "-0":
        return int(text)
    number = _Int(text)
    number.sent = text
    return number


def _write_json(value: Any, out: Callable[[str], None]) -> None:
    """Write *value* as JSON with its original number tokens."""
    if isinstance(value, dict):
        separator = "{"
        for key, inner in value.items():
            out(separator + _string_token(key) + ":")
            _write_json(inner, out)
            separator = ","
        out("}" if value else "{}")
    elif isinstance(value, list):
        separator = "["
        for inner in value:
            out(separator)
            _write_json(inner, out)
            separator = ","
        out("]" if value else "[]")
    elif isinstance(value, str):
        out(_string_token(value))
    elif sent := getattr(value, "sent", ""):
        out(sent)
    else:
        out(json.dumps(value, default=str))


def _string_token(value: str) -> str:
    return json.dumps(value, ensure_ascii=not value.isprintable())


def worker_main(source: BinaryIO, answers: BinaryIO) -> None:
    """Read a kind, a size and a body, then answer expressions until the input ends. Runs in its own process."""
    head = json.loads(source.readline())
    answer_filters(head["kind"], source.read(head["size"]), source, answers)


def answer_filters(kind: str, body: bytes, source: BinaryIO, answers: BinaryIO) -> None:
    """Answer each expression, a line of JSON in *source*, with a line of JSON (``size``, ``type``, ``problem``) and the
    filtered bytes."""
    body_filter = Filter(kind, body)
    del body
    while line := source.readline():
        filtered = body_filter.run(json.loads(line))
        head = {"size": len(filtered.body), "type": filtered.content_type, "problem": filtered.problem}
        answers.write(json.dumps(head).encode() + b"\n" + filtered.body)
        answers.flush()
