"""Find the values of secret fields in JSON, XML, URLs, forms and text that quotes them."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, quote_plus, unquote_plus

from explorer.core.secret_names import ending_pattern, name_pattern
from explorer.core.text.secret import MASK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


_BLANK: Final = r"(?:\s++|\\++[nrt])*+"
_STRING: Final = re.compile(r'(?:[^"\\]++|\\.)*+', re.DOTALL)
_OPENING: Final = re.compile(r'\\*+"')
_QUOTE: Final = re.compile(r'(?<!\\)(\\*+)"')
_BACKSLASHES: Final = re.compile(r"\\++")
_COLON: Final = re.compile(rf"{_BLANK}:")
_SCALAR: Final = re.compile(r'[-+]?[0-9.][^\s,\]}"\\<]*+|[A-Za-z]++')
_TOKEN: Final = re.compile(r'(?<!\\)(\\*+)"|[{}\[\]]|(?<![\w.+-])(?:-?[0-9][0-9.eE+-]*+|true|false)', re.IGNORECASE)
_ERROR_MESSAGE: Final = re.compile(r"(?:[^\W\d_][\w'’,-]*+ ){3,40}[^\W\d_][\w'’-]*+[.!]")
_MAX_ERROR_MESSAGE: Final = 300
_ESCAPED_LETTER: Final = re.compile(r"\\u00(?:2[dD]|3[0-9]|[46][1-9a-fA-F]|[57][0-9aA]|5[fF])")
_ESCAPED_KEY: Final = re.compile(rf'"((?:[^"\\]|\\++u00[2-7][0-9a-fA-F]){{1,64}}+)\\*+"{_BLANK}(?::{_BLANK})?')
_ESCAPE: Final = re.compile(r"\\++u00([2-7][0-9a-fA-F])")
_DEEPEST: Final = 4
_ELEMENT: Final = 1 << 16
"""Maximum length of a masked XML element in characters; an opening tag without an end masks nothing."""
_LONGEST_TAG: Final = 256
"""Maximum length of an unrecognized tag at the end of a text."""
_LONGEST_PREFIX: Final = 66
_PREFIX: Final = re.compile(r"</?[\w.-]++\Z")
_REST_OF_TAG: Final = re.compile(r"[^<>]*+>?")
_ATTRIBUTE_NAME: Final = re.compile(r"(?:[\s:]|\\[nrt])([\w.-]++)\s*+\Z")
_LONGEST_ATTRIBUTE: Final = 80
"""Maximum length of an attribute's name and the whitespace after it."""
_START_TAG: Final = re.compile(r"""<[A-Za-z_][\w:.-]*+(?=[\s/\\])(?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+""")
"""A tag with attributes, up to its ``>`` or to an unclosed quote."""
_AFTER_ATTRIBUTE: Final = re.compile(r"[\s/>?\\]|\Z")
"""What can follow a value in XML, but not the end of a JSON string."""
_OPEN_TAG: Final = re.compile(r"<[A-Za-z_][\w:.-]*+\Z")
_CDATA: Final = "<![CDATA["
_TAG: Final = re.compile(r"(<[^<>]*+>)")


class Edit(NamedTuple):
    """A secret value at ``text[start:end]``, and its replacement."""

    start: int
    end: int
    mask: str


class Fields(NamedTuple):
    """The secret fields of a text."""

    edits: tuple[Edit, ...]
    """In order, without overlaps."""
    spans: tuple[tuple[int, int], ...]
    """The extents of whole fields, names included, in order. A text cut within one is parsed differently."""
    undecided: int
    """Start of a field that may be incomplete; the length of the text if there is none."""

    def masked(self, text: str) -> str:
        """Return *text* with every secret value masked."""
        return self.masked_between(text, 0, len(text))

    def masked_between(self, text: str, start: int, end: int) -> str:
        """Return ``text[start:end]``, masked. Neither position may be inside an edit."""
        parts, at = [], start
        for edit in self.edits[bisect_left(self.edits, start, key=attrgetter("start")) :]:
            if edit.start >= end:
                break
            parts += [text[at : edit.start], edit.mask]
            at = edit.end
        return "".join([*parts, text[at:end]]) if parts else text[start:end]

    def before(self, cut: int) -> int:
        """Return *cut*, or the start of the field that contains it."""
        index = bisect_left(self.spans, (cut, 0)) - 1
        return self.spans[index][0] if index >= 0 and self.spans[index][1] > cut else cut


class FieldScanner:
    """A scanner for the fields of *names* (lowercase) and of names that are secret everywhere.

    *is_secret* decides for names with escapes.
    """

    def __init__(self, names: frozenset[str], is_secret: Callable[[str], bool]) -> None:
        words = name_pattern(names)
        self._is_secret = is_secret
        self._key = re.compile(rf'"(?:{words})\\*+"{_BLANK}(?::{_BLANK})?')
        self._opening_tag = re.compile(rf"<({words})(?=[\s/>]|\Z)")
        self._closing_tag = re.compile(rf"</({words})(?=[\s/>]|\Z)")
        ends = ending_pattern(names, "=")
        self._attribute = re.compile(rf"""=(?:{ends}|(?<=\s=))\s*+(\\*+)(["'])""", re.DOTALL)
        self._prefixed_tag = re.compile(rf":({words})(?=[\s/>]|\Z)")

    def scan(self, text: str) -> Fields:
        """Return the secret fields of *text*."""
        state = _ScanState(text)
        if '"' in text:
            self._read_json(state)
        if "<" in text:
            self._read_xml(state)
            self._read_attributes(state)
        return state.fields()

    def _read_json(self, state: _ScanState) -> None:
        text, at = state.text, 0
        for key in self._keys(text):
            start, value = _with_backslashes(text, key.start()), key.end()
            if start < at:
                continue
            if value == len(text):
                state.undecided = min(state.undecided, start)
            elif ":" in key[0].rpartition('"')[2]:
                at = state.value(start, value, "\\" * _escapes(key.start() - start))

    def _keys(self, text: str) -> Iterator[re.Match[str]]:
        if _ESCAPED_LETTER.search(text) is None:
            return self._key.finditer(text)
        escaped = (
            key for key in _ESCAPED_KEY.finditer(text) if "\\u" in key[1] and self._is_secret(_unescaped(key[1]))
        )
        return iter(sorted((*self._key.finditer(text), *escaped), key=lambda key: key.start()))

    def _read_xml(self, state: _ScanState) -> None:
        opened: dict[str, list[_Tag]] = {}
        edge = len(state.text)
        for tag in self._tags(state.text):
            if not tag.whole:
                edge = tag.start
            elif not tag.closes:
                opened.setdefault(tag.name, []).append(tag)
            elif opened.get(tag.name):
                opening = opened[tag.name].pop()
                if tag.start - opening.end <= _ELEMENT:
                    state.element(opening, tag)
        live = (tag.start for tags in opened.values() for tag in tags if edge - tag.end <= _ELEMENT + _LONGEST_TAG)
        state.undecided = min(state.undecided, edge, *live)

    def _read_attributes(self, state: _ScanState) -> None:
        """Mask ``password`` of ``<user password="x">`` if it ends within ``_ELEMENT`` characters of its tag."""
        text, start, end, at = state.text, -1, 0, 0
        for equals in self._attribute.finditer(text):
            name = _ATTRIBUTE_NAME.search(text, max(equals.start() - _LONGEST_ATTRIBUTE, 0), equals.start())
            if name is None or not self._is_secret(name[1]):
                continue
            before = text.rfind("<", at, name.start())
            at = name.start()
            if before >= 0:
                start, end = before, _end_of_tag(text, before)
            close = text.find(equals[2], equals.end(), end) if start >= 0 else -1
            if close >= 0 and _AFTER_ATTRIBUTE.match(text, close + 1):
                state.attribute(start, equals.end(), close, len(equals[1]))
        last = text.rfind("<")
        if len(text) - last <= _ELEMENT and _may_continue(text, last):
            state.undecided = min(state.undecided, last)

    def _tags(self, text: str) -> Iterator[_Tag]:
        """Yield the tags of secret names in order. The last may be incomplete; empty elements are skipped."""
        starts = [(match.start(), match[1]) for match in self._opening_tag.finditer(text)]
        if starts:
            starts += [(match.start(), match[1]) for match in self._closing_tag.finditer(text)]
        if ":" in text:
            prefixed = ((_tag_start(text, match.start()), match[1]) for match in self._prefixed_tag.finditer(text))
            starts += [tag for tag in prefixed if tag[0] >= 0]
        for start, name in sorted(starts):
            rest = _REST_OF_TAG.match(text, start + 1)
            if rest is None:
                continue
            whole = rest[0].endswith(">")
            if rest[0].endswith("/>") or not (whole or rest.end() == len(text)):
                continue
            yield _Tag(start, rest.end(), name.lower(), text[start + 1] == "/", whole)


class _Tag(NamedTuple):
    start: int
    end: int
    name: str
    closes: bool
    whole: bool


def _tag_start(text: str, colon: int) -> int:
    """Return the start of the tag whose prefix ends at *colon*, or -1."""
    first = max(colon - _LONGEST_PREFIX, 0)
    prefix = _PREFIX.search(text, first, colon)
    return prefix.start() if prefix else -1


def _end_of_tag(text: str, start: int) -> int:
    """Return the end of the tag with attributes at *start*; *start* if there is none."""
    tag = _START_TAG.match(text, start, start + _ELEMENT)
    return tag.end() if tag else start


def _may_continue(text: str, start: int) -> bool:
    """Return whether more text could continue the tag at *start*, the last of the text."""
    tag = _START_TAG.match(text, start)
    return not text.startswith(">", tag.end()) if tag else _OPEN_TAG.match(text, start) is not None


class _ScanState:
    """The edits and spans found so far."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.undecided = len(text)
        self._edits: list[Edit] = []
        self._spans: list[tuple[int, int]] = []

    def fields(self) -> Fields:
        edits: list[Edit] = []
        for edit in sorted(self._edits):
            if edits and edit.start < edits[-1].end:
                last = edits[-1]
                edits[-1] = last._replace(end=max(last.end, edit.end))
            else:
                edits.append(edit)
        return Fields(tuple(edits), _merge_spans(self._spans), self.undecided)

    # --- JSON --------------------------------------------------------------------------------------------------------

    def value(self, key: int, at: int, escapes: str) -> int:
        """Mask the value at *at* and return the position after it.

        Its field starts at *key*, and its quotes are preceded by *escapes*.
        """
        text = self.text
        if text[at] in "[{":
            end, whole = self._container(at, escapes)
        elif opening := _OPENING.match(text, at):
            content, end, whole = _string_from(text, opening)
            self._edits.append(Edit(opening.end(), content, MASK))
        elif text[at] == "\\":
            end, whole = at, _BACKSLASHES.match(text, at).end() < len(text)  # type: ignore[union-attr]  # always matches
        else:
            scalar = _SCALAR.match(text, at)
            end = scalar.end() if scalar else at
            whole = end < len(text)
            if scalar and _is_value(scalar[0]):
                self._edits.append(Edit(at, end, f'{escapes}"{MASK}{escapes}"'))
        self._spans.append((key, end))
        if not whole:
            self.undecided = min(self.undecided, key)
        return end

    def _container(self, at: int, escapes: str) -> tuple[int, bool]:
        """Mask every string, number and boolean of an object or array, except keys. Return its end and completeness."""
        text, level = self.text, 0
        while token := _TOKEN.search(text, at):
            at = token.end()
            if token[0] in "[{":
                level += 1
            elif token[0] in "]}":
                level -= 1
                if not level:
                    return at, True
            elif token[1] is None:
                self._edits.append(Edit(token.start(), at, f'{escapes}"{MASK}{escapes}"'))
            elif len(token[1]) < len(escapes):
                return token.start(), True
            else:
                content, at, whole = _string_from(text, token)
                if not _COLON.match(text, at) and not _is_error_message(text[token.end() : content]):
                    self._edits.append(Edit(token.end(), content, MASK))
                if not whole:
                    break
        return len(text), False

    # --- XML ---------------------------------------------------------------------------------------------------------

    def element(self, opening: _Tag, closing: _Tag) -> None:
        """Mask the text between two tags; nested tags remain."""
        start, end = opening.end, closing.start
        content = self.text[start:end]
        self._spans.append((opening.start, closing.end))
        if "<" not in content or _CDATA in content:
            if content:
                self._edits.append(Edit(start, end, MASK))
            return
        for part in _TAG.split(content):
            if part.strip() and not _TAG.fullmatch(part):
                self._edits.append(Edit(start, start + len(part), MASK))
            start += len(part)

    def attribute(self, tag: int, start: int, close: int, escapes: int) -> None:
        """Mask the value from *start* to the quote at *close*; *escapes* backslashes before it belong to the quote."""
        end = close
        while end > max(start, close - escapes) and self.text[end - 1] == "\\":
            end -= 1
        if end > start:
            self._edits.append(Edit(start, end, MASK))
        self._spans.append((tag, close + 1))


def _merge_spans(spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def _with_backslashes(text: str, quote: int) -> int:
    """Return the start of the backslashes before *quote*."""
    start = quote
    while start and text[start - 1] == "\\" and quote - start <= 2**_DEEPEST:
        start -= 1
    return start


def _escapes(count: int) -> int:
    """Return how many of *count* backslashes belong to a quote: one less than a power of two, at most 15."""
    return int(2 ** ((min(count, 2**_DEEPEST) + 1).bit_length() - 1)) - 1


def _string_from(text: str, opening: re.Match[str]) -> tuple[int, int, bool]:
    """Return the ends of the content and of the string that *opening* starts, and whether it is complete."""
    start = opening.end()
    before = _escapes(len(opening[0]) - 1)
    if not before:
        end = _STRING.match(text, start).end()  # type: ignore[union-attr]  # always matches
        whole = text[end : end + 1] == '"'
        return (end, end + 1, True) if whole else (len(text), len(text), False)
    for mark in _QUOTE.finditer(text, start):
        count = len(mark[1])
        if count < before:
            return mark.start(), mark.start(), True
        if count % (2 * before + 2) == before:
            return mark.end() - 1 - before, mark.end(), True
    return len(text), len(text), False


def _is_value(scalar: str) -> bool:
    return not scalar[0].isalpha() or scalar.lower() in ("true", "false")


def _is_error_message(text: str) -> bool:
    """Return whether *text* is an error message about a field (``The password field is required.``), not its value."""
    return len(text) <= _MAX_ERROR_MESSAGE and _ERROR_MESSAGE.fullmatch(text) is not None


def _unescaped(name: str) -> str:
    return _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), name)


def decoded(text: str) -> str:
    """Return *text* decoded as the content of a JSON string; *text* itself if it is invalid."""
    try:
        value = json.loads(f'"{text}"', strict=False)
    except ValueError:
        return text
    return value if isinstance(value, str) else text


_PAIR: Final = re.compile(r"(?<![^&=?#;\s])([^&=?#;\s]++)=")
_VALUE: Final = re.compile(r"[^&#\s]*+")
_QUOTED: Final = re.compile(r"""[^&#\s"'<>,]*+""")
_ENCODED_VALUE: Final = re.compile(r"(?<![^&=?#;\s])[^&=?#;\s%]*+%[^&=?#;\s]++")
_HINT: Final = re.compile(r"%(?:25)*+(?:3[dD]|22)")
_MAX_ESCAPE_DEPTH: Final = 3
_USER: Final = re.compile(r"(?<=://)[^/?#\s\"'<>]*@")


def secret_values(text: str, is_secret: Callable[[str], bool], *, quoted: bool = False) -> Iterator[tuple[int, int]]:
    """Yield the spans of the values of secret names. *quoted*: a quote or comma ends a value."""
    end = _QUOTED if quoted else _VALUE
    at = 0
    for pair in _PAIR.finditer(text):
        name = pair[1]
        if not is_secret(unquote_plus(name) if "%" in name else name) or pair.start() < at:
            continue
        value = end.match(text, pair.end())
        if value is not None and value[0]:
            at = value.end()
            yield value.span()


def mask_pairs(text: str, is_secret: Callable[[str], bool], *, quoted: bool = False) -> str:
    """Return *text* with the values of secret names masked."""
    parts, at = [], 0
    for start, end in secret_values(text, is_secret, quoted=quoted):
        parts += [text[at:start], MASK]
        at = end
    return "".join([*parts, text[at:]]) if parts else text


def mask_packed(text: str, mask: Callable[[str], str], depth: int = 0) -> str:
    """Return *text* with percent-encoded values (a URL in a parameter, JSON in a field) masked by *mask*.

    Nested encodings are masked up to three levels deep.
    """
    if depth == _MAX_ESCAPE_DEPTH or _HINT.search(text) is None:
        return text

    def masked(encoded: re.Match[str]) -> str:
        if _HINT.search(encoded[0]) is None:
            return encoded[0]
        plain = unquote_plus(encoded[0])
        changed = mask(mask_packed(plain, mask, depth + 1))
        if changed == plain:
            return encoded[0]
        escape = quote_plus if "+" in encoded[0] else _escape
        return MASK.join(escape(part) for part in changed.split(MASK))

    return _ENCODED_VALUE.sub(masked, text)


def mask_user(text: str, mask: str) -> str:
    """Return *text* with the user information of every URL replaced by *mask*."""
    return _USER.sub(f"{mask}@", text) if "@" in text else text


def _escape(text: str) -> str:
    return quote(text, safe="")
