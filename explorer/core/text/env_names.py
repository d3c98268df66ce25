"""Environment variable names, spelled the same in client, vault, sandbox, export and saved requests."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

PREFIX: Final = "API_EXPLORER"
SAVED_PREFIX: Final = "API_EXPLORER_VAR_"
"""Prefix of a saved request's variables in the environment."""
_WORD: Final = re.compile(r"[A-Za-z0-9]+")
_HUMPS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


@lru_cache(maxsize=1024)
def variable_name(vendor: str, name: str, environment: str = "") -> str:
    """Return ``API_EXPLORER_<VENDOR>_<NAME>``, with the environment before the name if there is one.

    Every shell can export the result (POSIX.1, 8.1: capitals, digits and underscores) for any input. ``api-key``
    becomes ``API_KEY`` and ``paymentMethods[0].cvvCode`` becomes ``PAYMENTMETHODS_0_CVVCODE``.
    """
    words = (word for part in (vendor, environment, name) for word in _WORD.findall(part))
    return "_".join((PREFIX, *words)).upper()


def saved_variable_name(name: str) -> str:
    """Return the variable of a saved request for a secret parameter, field or header.

    ``paymentMethods[0].cvvCode`` becomes ``CVV_CODE``.
    """
    parts = [part for part in re.findall(r"[^.\[\]]+", name) if not part.isdigit()]
    words = _HUMPS.findall(parts[-1] if parts else name)
    variable = "_".join(words).upper() or "SECRET"
    return variable if not variable[0].isdigit() else f"SECRET_{variable}"
