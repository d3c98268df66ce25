"""A Content-Type or an entry of Accept, taken apart (RFC 9110, 8.3.1; structured suffixes of RFC 6839)."""

from __future__ import annotations

import re
from typing import Final

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
# A blank in place of the semicolon is wrong, and servers send it. A run of blanks is tried once, from its start, and
# nothing is given back: the header is the server's, and time must not grow faster than it does.
_PARAMETER: Final = re.compile(r'(?:;|(?<!\s)\s)\s*+([\w!#$%&\'*+.^`|~-]++)\s*+=\s*+("(?:[^"\\]|\\.)*+"|[^;\s]*+)')
_QUOTED_PAIR: Final = re.compile(r"\\(.)")


def essence(content_type: str) -> str:
    """Return type and subtype in lower case, without parameters; empty where there is none (WHATWG MIME, 3)."""
    return content_type.partition(";")[0].strip().lower()


def parameter(content_type: str, name: str) -> str:
    """Return the value of the parameter *name* (lower case), out of its quotes; empty where there is none."""
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
