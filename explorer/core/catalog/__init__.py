"""The catalog: ``Catalog → Vendor → Endpoint → Parameter``.

A start with a cached catalog imports only these classes; ``load`` and ``readings`` read and check.
"""

from __future__ import annotations

from explorer.core.catalog.model import (
    Auth,
    Catalog,
    Choice,
    ConditionalEffect,
    Credential,
    Effect,
    Endpoint,
    Environment,
    Group,
    Location,
    Note,
    Pagination,
    Parameter,
    Reading,
    RequestedIds,
    ResponseField,
    Rule,
    Sample,
    Vendor,
    VerdictRules,
    Version,
)

__all__ = [
    "Auth",
    "Catalog",
    "Choice",
    "ConditionalEffect",
    "Credential",
    "Effect",
    "Endpoint",
    "Environment",
    "Group",
    "Location",
    "Note",
    "Pagination",
    "Parameter",
    "Reading",
    "RequestedIds",
    "ResponseField",
    "Rule",
    "Sample",
    "Vendor",
    "VerdictRules",
    "Version",
]
