"""The catalog: a mapping → ``Catalog → Vendor → Endpoint → Parameter``.

A start with a kept catalog needs the classes only: what reads and checks is loaded when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.core.catalog.model import (
    AnswerField,
    Asked,
    Auth,
    Catalog,
    Choice,
    Credential,
    Effect,
    EffectWhen,
    Endpoint,
    Environment,
    Group,
    Location,
    Note,
    Pagination,
    Parameter,
    Reading,
    Rule,
    Sample,
    Vendor,
    Verdict,
    Version,
)

if TYPE_CHECKING:
    from explorer.core.catalog.load import OptionTypes, merge, read_toml
    from explorer.core.catalog.readings import apply_readings

__all__ = [
    "AnswerField",
    "Asked",
    "Auth",
    "Catalog",
    "Choice",
    "Credential",
    "Effect",
    "EffectWhen",
    "Endpoint",
    "Environment",
    "Group",
    "Location",
    "Note",
    "OptionTypes",
    "Pagination",
    "Parameter",
    "Reading",
    "Rule",
    "Sample",
    "Vendor",
    "Verdict",
    "Version",
    "apply_readings",
    "merge",
    "read_toml",
]


def __getattr__(name: str) -> object:
    if name == "apply_readings":
        from explorer.core.catalog import readings

        return readings.apply_readings
    if name in ("OptionTypes", "merge", "read_toml"):
        from explorer.core.catalog import load

        return getattr(load, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
