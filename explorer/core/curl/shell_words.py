"""Split a pasted command line into words like a POSIX shell with ``$'…'``. Nothing is executed.

Variables come from the given ones and from assignments in the text. An allowed variable without a value, and the output
of a command, become a mask, to be entered again. Any other variable is not expanded, since a pasted command must not
read the user's environment.
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
"""The helper functions of an exported script."""
_SIMPLE: Final = {"n": 10, "t": 9, "r": 13, "a": 7, "b": 8, "e": 27, "E": 27, "f": 12, "v": 11}
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|(.))", re.DOTALL)


class ShellText:
    """A parsed shell text.

    ``commands`` are its simple commands. ``unset`` are the allowed variables (those with one of *prefixes*) without a
    value, ``unexpanded`` the others. Variables in *assigned* are always allowed.
    """

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
        commands: list[list[str]] = []
        words: list[str] = []
        while True:
            word = self._word()
            if word is not None:
                words.append(word)
                continue
            self._assign(words)
            if words:
                commands.append(words)
            words = []
            if self._at >= len(self._text):
                return commands
            self._at += 1

    def _assign(self, words: list[str]) -> None:
        """Remove the assignments at the start of a command and apply them."""
        while words and (match := _ASSIGNMENT.fullmatch(words[0])):
            self._variables[match[1]] = match[2]
            words.pop(0)

    def _word(self) -> str | None:
        """Return the next word, or None at the end of a command."""
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
        character = self._text[self._at]
        if character == "&":  # a URL pasted without quotes continues after it
            return not re.match(r"&[\w%]", self._text[self._at : self._at + 2])
        return character in "\n;|"

    def _piece(self) -> str:
        text, at = self._text, self._at
        character = text[at]
        if character == "\\":
            self._at += 2
            return "" if text[at + 1 : at + 2] == "\n" else text[at + 1 : at + 2]
        if character == "'":
            end = self._closing("'", at + 1)
            self._at = end + 1
            return text[at + 1 : end]
        if text.startswith("$'", at):
            return self._ansi()
        if character == '"':
            return self._double()
        if character in "$`":
            return self._dollar()
        self._at += 1
        return character

    def _closing(self, quote_mark: str, start: int) -> int:
        end = self._text.find(quote_mark, start)
        if end < 0:
            raise UsageError(f"the quote {quote_mark} is not closed", hint="Paste the whole line.")
        return end

    def _ansi(self) -> str:
        match = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL).match(self._text, self._at)
        if not match:
            raise UsageError("the quote $' is not closed", hint="Paste the whole line.")
        self._at = match.end()
        return _ESCAPE.sub(_unescaped, _bytes(match[1])).decode("utf-8", "surrogateescape")

    def _double(self) -> str:
        text = self._text
        self._at += 1
        pieces: list[str] = []
        while True:
            if self._at >= len(text):
                raise UsageError('the quote " is not closed', hint="Paste the whole line.")
            character = text[self._at]
            if character == '"':
                self._at += 1
                return "".join(pieces)
            if character == "\\" and text[self._at + 1 : self._at + 2] in tuple('"\\$`\n!'):
                escaped = text[self._at + 1]
                pieces.append("" if escaped == "\n" else escaped)
                self._at += 2
            elif character in "$`":
                pieces.append(self._dollar())
            else:
                pieces.append(character)
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
            match = _BRACED.fullmatch(text[at + 2 : end])
            return self._value(match[1], match[2], text[at : end + 1]) if match else MASK
        match = _NAME.match(text, at + 1)
        if not match:
            self._at += 1
            return "$"
        self._at = match.end()
        return self._value(match[0], None, f"${match[0]}")

    def _end_of_command(self, start: int) -> int:
        """Return the end of the command of ``$(``, skipping quotes and nested parentheses."""
        pattern = re.compile(r"\$'(?:[^'\\]|\\.)*'|'[^']*'|\"(?:[^\"\\]|\\.)*\"|\\.|[()]", re.DOTALL)
        depth = 1
        for match in pattern.finditer(self._text, start):
            depth += {"(": 1, ")": -1}.get(match[0], 0)
            if depth == 0:
                return match.start()
        raise UsageError("the parenthesis of $( is not closed", hint="Paste the whole line.")

    def _output(self, command: str) -> str:
        match = _ENCODED.fullmatch(command)
        if not match:
            return MASK
        value = self._value(match[2], None, f"${match[2]}")
        if match[1] == "urlencode":
            return quote(value, safe="", errors="surrogateescape")
        return json.dumps(value, ensure_ascii=False)[1:-1]

    def _value(self, name: str, fallback: str | None, written: str) -> str:
        """Return the value of a variable; *written* is its form in the text."""
        if self._variables.get(name):
            return self._variables[name]
        if fallback is not None:
            return self._fallback(fallback)
        allowed = name.startswith(self._prefixes)
        names = self.unset if allowed else self.unexpanded
        if name not in names:
            names.append(name)
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


def _unescaped(match: re.Match[bytes]) -> bytes:
    two, four, eight, octal, character = match.groups()
    if two:
        return bytes([int(two, 16)])
    if four or eight:
        return chr(int(four or eight, 16)).encode("utf-8", "surrogatepass")
    if octal:
        return bytes([int(octal, 8) & 255])
    simple = _SIMPLE.get(character.decode("latin-1"))
    if simple is not None:
        return bytes([simple])
    return character if character in b"\\'\"?" else b"\\" + character
