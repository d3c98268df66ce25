"""A pasted command line as words, the way a POSIX shell with ``$'…'`` reads it. Nothing is run.

Variables are looked up in what is given and in what the text itself assigns. One that may be given and is not, and the
output of a command, stand as the mask of a value that has to be given again; any other stays as it is written, since a
pasted line must not read the environment of whoever pastes it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from explorer.core.text.secret import MASK
from explorer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BRACED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::?[-=](.*))?(?::?[?+].*)?", re.DOTALL)
_ENCODED = re.compile(r"\s*(urlencode|jsonencode)\s+\"?\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?\"?\s*")
"""The helpers of an exported command line."""
_SIMPLE: Final = {"n": 10, "t": 9, "r": 13, "a": 7, "b": 8, "e": 27, "E": 27, "f": 12, "v": 11}
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|(.))", re.DOTALL)


class ShellText:
    """*text*, read once. ``commands`` are its simple commands; ``unset`` are the variables that may be given (their
    names begin with one of *prefixes*) and were not, ``unexpanded`` those that may not. *assigned* may be used whatever
    their names."""

    def __init__(
        self,
        text: str,
        variables: Mapping[str, str],
        prefixes: tuple[str, ...] = (),
        assigned: Mapping[str, str] | None = None,
    ) -> None:
        self._text = re.sub(r"\^\r?\n", "\\\n", text.replace("\r\n", "\n"))
        self._at = 0
        self._variables = {name: value for name, value in variables.items() if name.startswith(prefixes)}
        self._variables.update(assigned or {})
        self._prefixes = prefixes
        self.unset: list[str] = []
        self.unexpanded: list[str] = []
        self.commands = self._commands()

    def _commands(self) -> list[list[str]]:
        found: list[list[str]] = []
        words: list[str] = []
        while True:
            word = self._word()
            if word is not None:
                words.append(word)
                continue
            self._assign(words)
            if words:
                found.append(words)
            words = []
            if self._at >= len(self._text):
                return found
            self._at += 1

    def _assign(self, words: list[str]) -> None:
        """Take the assignments from the head of a command."""
        while words and (found := _ASSIGNMENT.fullmatch(words[0])):
            self._variables[found[1]] = found[2]
            words.pop(0)

    def _word(self) -> str | None:
        """The next word, or None at the end of a command."""
        text = self._text
        while text.startswith(("\\\n", " ", "\t"), self._at):
            self._at += 2 if text[self._at] == "\\" else 1
        if text.startswith("#", self._at):
            self._at = _or_end(text, text.find("\n", self._at))
        if self._at >= len(text) or self._ends_command():
            return None
        pieces: list[str] = []
        while self._at < len(text) and text[self._at] not in " \t" and not self._ends_command():
            pieces.append(self._piece())
        return "".join(pieces)

    def _ends_command(self) -> bool:
        sign = self._text[self._at]
        if sign == "&":  # an address that was pasted without quotes goes on behind it
            return not re.match(r"&[\w%]", self._text[self._at : self._at + 2])
        return sign in "\n;|"

    def _piece(self) -> str:
        text, at = self._text, self._at
        sign = text[at]
        if sign == "\\":
            self._at += 2
            return "" if text[at + 1 : at + 2] == "\n" else text[at + 1 : at + 2]
        if sign == "'":
            end = self._closing("'", at + 1)
            self._at = end + 1
            return text[at + 1 : end]
        if text.startswith("$'", at):
            return self._ansi()
        if sign == '"':
            return self._double()
        if sign in "$`":
            return self._dollar()
        self._at += 1
        return sign

    def _closing(self, sign: str, start: int) -> int:
        end = self._text.find(sign, start)
        if end < 0:
            raise UsageError(f"the quote {sign} is not closed", hint="Paste the whole line.")
        return end

    def _ansi(self) -> str:
        found = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL).match(self._text, self._at)
        if not found:
            raise UsageError("the quote $' is not closed", hint="Paste the whole line.")
        self._at = found.end()
        return _ESCAPE.sub(_unescaped, _bytes(found[1])).decode("utf-8", "surrogateescape")

    def _double(self) -> str:
        text = self._text
        self._at += 1
        pieces: list[str] = []
        while True:
            if self._at >= len(text):
                raise UsageError('the quote " is not closed', hint="Paste the whole line.")
            sign = text[self._at]
            if sign == '"':
                self._at += 1
                return "".join(pieces)
            if sign == "\\" and text[self._at + 1 : self._at + 2] in tuple('"\\$`\n!'):
                following = text[self._at + 1]
                pieces.append("" if following == "\n" else following)
                self._at += 2
            elif sign in "$`":
                pieces.append(self._dollar())
            else:
                pieces.append(sign)
                self._at += 1

    def _dollar(self) -> str:
        text, at = self._text, self._at
        if text[at] == "`":
            self._at = self._closing("`", at + 1) + 1
            return MASK
        if text.startswith("$(", at):
            end = self._end_of_command(at + 2)
            self._at = end + 1
            return self._output(text[at + 2 : end])
        if text.startswith("${", at):
            end = self._closing("}", at)
            self._at = end + 1
            found = _BRACED.fullmatch(text[at + 2 : end])
            return self._value(found[1], found[2], text[at : end + 1]) if found else MASK
        found = _NAME.match(text, at + 1)
        if not found:
            self._at += 1
            return "$"
        self._at = found.end()
        return self._value(found[0], None, f"${found[0]}")

    def _end_of_command(self, start: int) -> int:
        """Where the command of ``$(`` ends, quotes and further parentheses in it considered."""
        pattern = re.compile(r"\$'(?:[^'\\]|\\.)*'|'[^']*'|\"(?:[^\"\\]|\\.)*\"|\\.|[()]", re.DOTALL)
        depth = 1
        for found in pattern.finditer(self._text, start):
            depth += {"(": 1, ")": -1}.get(found[0], 0)
            if depth == 0:
                return found.start()
        raise UsageError("the parenthesis of $( is not closed", hint="Paste the whole line.")

    def _output(self, command: str) -> str:
        found = _ENCODED.fullmatch(command)
        if not found:
            return MASK
        value = self._value(found[2], None, f"${found[2]}")
        if found[1] == "urlencode":
            return quote(value, safe="", errors="surrogateescape")
        return json.dumps(value, ensure_ascii=False)[1:-1]

    def _value(self, name: str, fallback: str | None, written: str) -> str:
        """What the variable stands for; *written* is how the text names it."""
        if self._variables.get(name):
            return self._variables[name]
        if fallback is not None:
            return self._fallback(fallback)
        allowed = name.startswith(self._prefixes)
        missing = self.unset if allowed else self.unexpanded
        if name not in missing:
            missing.append(name)
        return MASK if allowed else written

    def _fallback(self, text: str) -> str:
        inner = ShellText(text, {}, self._prefixes, self._variables)
        self.unset += [name for name in inner.unset if name not in self.unset]
        self.unexpanded += [name for name in inner.unexpanded if name not in self.unexpanded]
        return inner.commands[0][0] if inner.commands and inner.commands[0] else ""


def _or_end(text: str, at: int) -> int:
    return len(text) if at < 0 else at


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _unescaped(found: re.Match[bytes]) -> bytes:
    two, four, eight, octal, sign = found.groups()
    if two:
        return bytes([int(two, 16)])
    if four or eight:
        return chr(int(four or eight, 16)).encode("utf-8", "surrogatepass")
    if octal:
        return bytes([int(octal, 8) & 255])
    simple = _SIMPLE.get(sign.decode("latin-1"))
    return bytes([simple]) if simple is not None else sign if sign in b"\\'\"?" else b"\\" + sign
