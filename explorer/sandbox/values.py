"""One value against its parameter: is it what the document says it must be?

``check_value`` gives the typed value and the first thing that is wrong with it. Text (query, form, path) is read as the
document writes its types; a JSON value must have its JSON type.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from explorer.core.text.media_type import essence
from explorer.sandbox.arrival import UploadedFile
from explorer.sandbox.refusal import Violation, quote_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.core.catalog import Parameter
    from explorer.sandbox.decoding import SentValue

_COUNTRIES = frozenset(
    re.findall(
        "..",
        "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCR"
        "CUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHU"
        "IDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQ"
        "MRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSI"
        "SJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSYEYTZAZMZW",
    )
)
"""ISO 3166-1 alpha-2, two letters each."""
_NUMBER = r"-?(?:\d+(?:\.\d*)?|\.\d+)"
_EMAIL = re.compile(r"[^@\s,;<>()\[\]\\]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)+")
_HOST = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _is_uri(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme and parts.netloc) and not re.search(r"\s", text)


_FORMATS: dict[str, tuple[str, Callable[[str], object]]] = {
    "email": ("an e-mail address", _EMAIL.fullmatch),
    "uri": ("an absolute URL", _is_uri),
    "country": ("a two-letter ISO 3166 country", lambda text: text.upper() in _COUNTRIES and len(text) == 2),
    "digits": ("digits only", re.compile(r"[0-9]+").fullmatch),
    "host": ("a host name", _HOST.fullmatch),
    "numeric": ("a number", re.compile(rf"[+]?{_NUMBER}").fullmatch),
    "alphanumeric": ("letters and digits only", re.compile(r"[A-Za-z0-9]+").fullmatch),
    "uuid": ("a UUID", _UUID.fullmatch),
}


class _InvalidValueError(Exception):
    def __init__(self, check: str, expected: str, limit: Any = None) -> None:
        super().__init__(expected)
        self.check, self.expected, self.limit = check, expected, limit


def check_value(sent: SentValue) -> tuple[Any, Violation | None]:
    """The typed value of what was sent, and what is wrong with it (None: nothing)."""
    param, value = sent.param, sent.value
    try:
        if value is None:
            if param.nullable:
                return None, None
            raise _InvalidValueError("null", "a value other than null")
        if param.type == "file" or isinstance(value, UploadedFile):
            return _file(param, value), None
        if param.type == "object":
            return value, None
        if isinstance(value, dict | list):
            raise _InvalidValueError("single", "a single value")
        if value == "" and not param.required and param.empty:
            return value, None
        if param.comma and isinstance(value, str) and value not in param.also:
            return _list(param, value, text=sent.text), None
        return _typed_value(param, value, text=sent.text), None
    except _InvalidValueError as wrong:
        return value, Violation(
            wrong.check,
            "invalid",
            f"{sent.name} is not right",
            sent.name,
            wrong.expected,
            ""
            if param.secret
            else quote_value(value if isinstance(value, str | int | float | bool | None) else "a list or table"),
            wrong.limit,
        )


def _list(param: Parameter, value: str, *, text: bool) -> list[Any]:
    items = value.split(",")
    if any(item.strip() == "" for item in items):
        raise _InvalidValueError("comma", "a comma-separated list without empty places")
    return [_typed_value(param, item.strip(), text=text) for item in items]


def _typed_value(param: Parameter, value: Any, *, text: bool) -> Any:
    if str(value) in param.also and isinstance(value, str):
        return value
    typed = _TYPES[param.type](param, value, text)
    words = (str(value), str(typed)) if not isinstance(typed, bool) else (str(value).lower(),)
    if param.enum and not any(word in param.enum for word in words):
        raise _InvalidValueError("enum", "one of " + ", ".join((*param.enum, *param.also)))
    if isinstance(typed, int | float) and not isinstance(typed, bool):
        _bounds(param, typed)
    if isinstance(typed, str):
        _text(param, typed)
    return typed


def _bounds(param: Parameter, number: float) -> None:
    if param.min is not None and number < param.min:
        raise _InvalidValueError("min", f"at least {param.min:g}", f"{param.min:g}")
    if param.max is not None and number > param.max:
        raise _InvalidValueError("max", f"at most {param.max:g}", f"{param.max:g}")
    if param.pattern and not re.fullmatch(param.pattern, f"{number:g}"):
        raise _InvalidValueError("pattern", f"something like {param.example}" if param.example else "another form")


def _text(param: Parameter, value: str) -> None:
    if param.min_length is not None and len(value) < param.min_length:
        raise _InvalidValueError("min_length", f"at least {param.min_length} characters", param.min_length)
    if param.max_length is not None and len(value) > param.max_length:
        raise _InvalidValueError("max_length", f"at most {param.max_length} characters", param.max_length)
    if param.pattern and not re.fullmatch(param.pattern, value):
        raise _InvalidValueError("pattern", f"something like {param.example}" if param.example else "another form")
    if param.format:
        words, right = _FORMATS[param.format]
        if not right(value):
            raise _InvalidValueError(param.format, words)
    if "\x00" in value:
        raise _InvalidValueError("string", "a text without NUL")


def _string(param: Parameter, value: Any, text: bool) -> Any:  # noqa: ARG001 - all of them are called alike
    if isinstance(value, int | float) and not isinstance(value, bool) and param.format == "numeric":
        return value
    if not isinstance(value, str):
        raise _InvalidValueError("string", "a JSON text")
    return value


def _integer(param: Parameter, value: Any, text: bool) -> Any:  # noqa: ARG001 - all of them are called alike
    if text and re.fullmatch(r"-?(?:0|[1-9][0-9]*)", value) and len(value) <= 19:
        return int(value)
    if not text and isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _InvalidValueError("integer", "a whole number" if text else "a JSON whole number")


def _decimal(param: Parameter, value: Any, text: bool) -> Any:
    if text and isinstance(value, str) and re.fullmatch(_NUMBER, value, re.ASCII) and len(value) <= 40:
        return int(value) if re.fullmatch(r"-?\d+", value) else float(value)
    if not text and isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if not text and isinstance(value, str) and param.format == "numeric" and re.fullmatch(_NUMBER, value, re.ASCII):
        return float(value)
    raise _InvalidValueError("number", "a number" if text else "a JSON number")


def _boolean(param: Parameter, value: Any, text: bool) -> Any:
    words = param.boolean or ("true_false" if text else "json")
    if words == "json":
        if isinstance(value, bool):
            return value
        if text and value in ("true", "false"):
            return value == "true"
        raise _InvalidValueError("boolean", "true or false as JSON writes them")
    if words == "1_0":
        if (text and value in ("1", "0")) or (not text and value in (0, 1) and not isinstance(value, bool)):
            return str(value) == "1"
        raise _InvalidValueError("boolean", "1 or 0")
    if value in ("true", "false") and isinstance(value, str):
        return value == "true"
    raise _InvalidValueError("boolean", "the word true or false")


def _date(param: Parameter, value: Any, text: bool) -> Any:  # noqa: ARG001 - all of them are called alike
    pattern = param.date_format or "%Y-%m-%d"
    try:
        moment = datetime.strptime(value, pattern).replace(tzinfo=UTC)
    except (ValueError, TypeError):
        raise _InvalidValueError(
            "date", f"a date such as {datetime(2021, 4, 30, tzinfo=UTC).strftime(pattern)}", pattern
        ) from None
    if moment.strftime(pattern) != value:
        raise _InvalidValueError("date", f"a date such as {moment.strftime(pattern)}", pattern)
    return value


def _file(param: Parameter, value: Any) -> UploadedFile:
    if param.type != "file":
        raise _InvalidValueError("string", "a text field, not a file")
    if not isinstance(value, UploadedFile):
        raise _InvalidValueError("file", "a file part with a filename")
    if value.size == 0:
        raise _InvalidValueError("file", "a file that is not empty")
    allowed = [entry.strip().lower() for entry in param.accept.split(",") if entry.strip()]
    kind = essence(value.media_type)
    if allowed and kind not in allowed and not any(one.endswith("/*") and kind.startswith(one[:-1]) for one in allowed):
        raise _InvalidValueError("file_type", "one of " + ", ".join(allowed))
    return value


_TYPES: dict[str, Callable[[Parameter, Any, bool], Any]] = {
    "string": _string,
    "integer": _integer,
    "number": _decimal,
    "boolean": _boolean,
    "date": _date,
}
