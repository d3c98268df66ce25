"""Parse a Content-Type or an Accept entry (RFC 9110, 8.3.1; structured suffixes of RFC 6839)."""

from __future__ import annotations

import re
from typing import Final

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
# Some servers send a space instead of the semicolon, which is invalid. A run of spaces is tried once, without
# backtracking, because the header is untrusted and matching must stay linear.
_PARAMETER: Final = re.compile(r'(?:;|(?<!\s)\s)\s*+([\w!#$%&\'*+.^`|~-]++)\s*+=\s*+("(?:[^"\\]|\\.)*+"|[^;\s]*+)')
_QUOTED_PAIR: Final = re.compile(r"\\(.)")


def essence(content_type: str) -> str:
    """Return type and subtype in lowercase, without parameters; empty if missing (WHATWG MIME, 3)."""
    return content_type.partition(";")[0].strip().lower()


def parameter(content_type: str, name: str) -> str:
    """Return the unquoted value of the parameter *name* (lowercase); empty if missing."""
    for key, value in _PARAMETER.findall(content_type):
        if key.lower() == name:
            if len(value) > 1 and value[0] == value[-1] == '"':
                value = _QUOTED_PAIR.sub(r"\1", value[1:-1])
            return str(value).strip('"').strip()
    return ""


def is_json(media_type: str) -> bool:
    """Return whether an ``essence`` is JSON: ``application/json``, ``text/json``, ``application/vnd.api+json``."""
    return media_type.endswith(("/json", "+json"))


def is_xml(media_type: str) -> bool:
    """Return whether an ``essence`` is XML: ``application/xml``, ``text/xml``, ``application/atom+xml``."""
    return media_type.endswith(("/xml", "+xml"))
