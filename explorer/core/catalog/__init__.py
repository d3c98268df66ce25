"""The catalog: a mapping → ``Catalog → Vendor → Endpoint → Parameter``.

A start with a cached catalog needs these classes only; ``load`` and ``readings`` read and check.
"""

from __future__ import annotations

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
    "Pagination",
    "Parameter",
    "Reading",
    "Rule",
    "Sample",
    "Vendor",
    "Verdict",
    "Version",
]
